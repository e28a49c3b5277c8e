import { Injectable } from '@nestjs/common';
import type { BodilessExtras, CallExtras, OrderAge, ReadExtras } from './call-extras.js';
import type { KlarnaAccount, KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { segment } from './path.js';
import { anySuccess, createdWith, type SuccessCheck } from './success.js';
import { KlarnaTransport } from './transport.js';
import { judge } from './verdict.js';

/**
 * Klarna's Order Management API v1. Every write takes an idempotency key (Klarna compares the key alone, never the body, and
 * keeps it for 24 hours). Nothing here throws for what Klarna or the network do, and nothing is repeated here.
 */
@Injectable()
export class OrderManagementClient {
  constructor(private readonly transport: KlarnaTransport) {}

  /**
   * Reads an order with its captures and refunds; amounts in minor units.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}`
   */
  readOrder(account: KlarnaAccount, orderId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.#read(account, pathOf(orderId), extras);
  }

  /**
   * Lists the captures of an order.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures`
   */
  listCaptures(account: KlarnaAccount, orderId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.#read(account, pathOf(orderId, 'captures'), extras);
  }

  /**
   * Reads one capture.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures/{capture_id}`
   */
  readCapture(account: KlarnaAccount, orderId: string, captureId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.#read(account, pathOf(orderId, 'captures', captureId), extras);
  }

  /**
   * Reads one refund; there is no list of refunds, they are in the order.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/refunds/{refund_id}`
   */
  readRefund(account: KlarnaAccount, orderId: string, refundId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.#read(account, pathOf(orderId, 'refunds', refundId), extras);
  }

  /**
   * Captures part or all of an authorized order. The body names `captured_amount` in minor units of the order's currency.
   * @returns `providerId` is the capture's id, from `Capture-Id` or `Location` (the 201 has no body); without one the 2xx is garbled
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures`
   */
  capture(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'captures'), extras, createdWith('capture-id'));
  }

  /**
   * Gives back part or all of what was captured. The body names `refunded_amount` in minor units of the order's currency.
   * @returns `providerId` is the refund's id, from `Refund-Id` or `Location`; without one the 2xx is garbled
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/refunds`
   */
  refund(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'refunds'), extras, createdWith('refund-id'));
  }

  /**
   * Lists by how many days a capture's payment can be put off, and what each costs the merchant, in minor units.
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date-options`
   */
  extendDueDateOptions(account: KlarnaAccount, orderId: string, captureId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.#read(account, pathOf(orderId, 'captures', captureId, 'extend-due-date-options'), extras);
  }

  /**
   * Cancels an order that has no captures. Final.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/cancel`
   */
  cancel(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'cancel'), extras);
  }

  /**
   * Lets go of what was authorized and not captured. Final.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/release-remaining-authorization`
   */
  release(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'release-remaining-authorization'), extras);
  }

  /**
   * Says that the order has arrived, which ends Klarna's pushes. Twice is as good as once; a capture says it, too.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/acknowledge`
   */
  acknowledge(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'acknowledge'), extras);
  }

  /**
   * Replaces the amount (`order_amount`, minor units) and the lines of an authorization; lines that are left out are deleted. A higher
   * amount is assessed anew.
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/authorization`
   */
  updateAuthorization(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'authorization'), extras, anySuccess, 'PATCH');
  }

  /**
   * Moves the end of the authorization to today and the agreed number of days. Only a read tells what that is; a repeat on the same day
   * moves nothing.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/extend-authorization-time`
   */
  extendAuthorization(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'extend-authorization-time'), extras);
  }

  /**
   * Sets one or both of the merchant's references; an empty text clears one.
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/merchant-references`
   */
  updateMerchantReferences(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'merchant-references'), extras, anySuccess, 'PATCH');
  }

  /**
   * Changes where the goods go, which Klarna assesses anew. The billing address can't be changed.
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/customer-details`
   */
  updateCustomerDetails(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'customer-details'), extras, anySuccess, 'PATCH');
  }

  /**
   * Adds parcels to an order that need not be captured yet. A second call adds them again.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/shipping-info`
   */
  addShippingInfo(account: KlarnaAccount, orderId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'shipping-info'), extras);
  }

  /**
   * Adds parcels to a capture. A second call adds them again.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/shipping-info`
   */
  addCaptureShippingInfo(
    account: KlarnaAccount,
    orderId: string,
    captureId: string,
    extras: CallExtras & OrderAge,
  ): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'captures', captureId, 'shipping-info'), extras);
  }

  /**
   * Sends the shopper Klarna's message about a capture again. Nothing shows that it was sent.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/trigger-send-out`
   */
  triggerSendOut(account: KlarnaAccount, orderId: string, captureId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'captures', captureId, 'trigger-send-out'), extras);
  }

  /**
   * Puts the shopper's payment of a capture off by `number_of_days`, for a fee of the merchant's. Can't be undone, and nothing shows it.
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date`
   */
  extendDueDate(account: KlarnaAccount, orderId: string, captureId: string, extras: CallExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'captures', captureId, 'extend-due-date'), extras, anySuccess, 'PATCH');
  }

  #read(account: KlarnaAccount, path: string, extras: ReadExtras): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path });
  }

  async #write(
    account: KlarnaAccount,
    path: string,
    extras: CallExtras & OrderAge,
    success: SuccessCheck = anySuccess,
    method: 'POST' | 'PATCH' = 'POST',
  ): Promise<KlarnaVerdict> {
    const { youngOrder = false, ...call } = extras;
    return judge(await this.transport.exchange(account, { ...call, method, path }), {
      api: 'order-management',
      success,
      youngOrder,
    });
  }
}

function pathOf(orderId: string, ...rest: string[]): string {
  return ['/ordermanagement/v1/orders', ...[orderId, ...rest].map(segment)].join('/');
}
