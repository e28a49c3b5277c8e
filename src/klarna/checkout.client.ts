import { Injectable } from '@nestjs/common';
import type { BodilessExtras, KeylessExtras, ReadExtras } from './call-extras.js';
import type { KlarnaAccount, KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { segment } from './path.js';
import { anySuccess, jsonWith, type SuccessCheck } from './success.js';
import { KlarnaTransport } from './transport.js';
import { judge } from './verdict.js';

const ORDERS = '/checkout/v3/orders';

/**
 * Klarna's Checkout API v3, at Kustom's hosts today. None of its calls takes an idempotency key. Nothing here throws for what Klarna or
 * the network do, and nothing is repeated here.
 */
@Injectable()
export class CheckoutClient {
  constructor(private readonly transport: KlarnaTransport) {}

  /**
   * Opens a checkout for a cart; amounts in minor units. After an unknown outcome open another: an unfinished one lapses after 48 hours.
   * @returns `providerId` is the checkout's id, which the order keeps; a 2xx without `order_id` is garbled
   * @see Checkout API v3, `POST /checkout/v3/orders`
   */
  create(account: KlarnaAccount, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, ORDERS, extras, jsonWith('order_id'));
  }

  /**
   * Reads a checkout: its cart, `status`, the snippet. An expired one is a 404 without a body, and a completed one may be.
   * @see Checkout API v3, `GET /checkout/v3/orders/{order_id}`
   */
  read(account: KlarnaAccount, orderId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path: pathOf(orderId) });
  }

  /**
   * Sets fields of an incomplete checkout; what is left out stays. Repeatable while no newer update came after it.
   * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}`
   */
  update(account: KlarnaAccount, orderId: string, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, pathOf(orderId), extras, anySuccess);
  }

  /**
   * Ends an incomplete checkout. What a repeat is answered with is not documented.
   * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}/abort`
   */
  abort(account: KlarnaAccount, orderId: string, extras: BodilessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, `${pathOf(orderId)}/abort`, extras, anySuccess);
  }

  async #write(account: KlarnaAccount, path: string, extras: KeylessExtras, success: SuccessCheck): Promise<KlarnaVerdict> {
    return judge(await this.transport.exchange(account, { ...extras, method: 'POST', path }), { api: 'checkout', success });
  }
}

function pathOf(orderId: string): string {
  return `${ORDERS}/${segment(orderId)}`;
}
