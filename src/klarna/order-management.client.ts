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
   * Cancels an order that has no captures. Final.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/cancel`
   */
  cancel(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'cancel'), extras, anySuccess);
  }

  /**
   * Lets go of what was authorized and not captured. Final.
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/release-remaining-authorization`
   */
  release(account: KlarnaAccount, orderId: string, extras: BodilessExtras & OrderAge): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId, 'release-remaining-authorization'), extras, anySuccess);
  }

  #read(account: KlarnaAccount, path: string, extras: ReadExtras): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path });
  }

  async #write(account: KlarnaAccount, path: string, extras: CallExtras & OrderAge, success: SuccessCheck): Promise<KlarnaVerdict> {
    const { youngOrder = false, ...call } = extras;
    return judge(await this.transport.exchange(account, { ...call, method: 'POST', path }), {
      api: 'order-management',
      success,
      youngOrder,
    });
  }
}

function pathOf(orderId: string, ...rest: string[]): string {
  return ['/ordermanagement/v1/orders', ...[orderId, ...rest].map(segment)].join('/');
}
