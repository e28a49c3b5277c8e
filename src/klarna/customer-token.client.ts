import { Injectable } from '@nestjs/common';
import type { CallExtras, ReadExtras } from './call-extras.js';
import type { KlarnaAccount, KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { segment } from './path.js';
import { anySuccess, jsonWith } from './success.js';
import { KlarnaTransport } from './transport.js';
import { judge } from './verdict.js';

/**
 * Klarna's Customer Token API v1: charges without the shopper. Only the order takes an idempotency key. Nothing here throws for what
 * Klarna or the network do, and nothing is repeated here.
 */
@Injectable()
export class CustomerTokenClient {
  constructor(private readonly transport: KlarnaTransport) {}

  /**
   * Reads a token: its `status` and the method that it charges. It never shows the orders that were made with it.
   * @see Customer Token API v1, `GET /customer-token/v1/tokens/{customerToken}`
   */
  readToken(account: KlarnaAccount, customerToken: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path: pathOf(customerToken) });
  }

  /**
   * Charges a token: makes an order; amounts in minor units. Under one key Klarna makes one order at most.
   * @returns `providerId` is the order's id; a 2xx without `order_id` is garbled
   * @see Customer Token API v1, `POST /customer-token/v1/tokens/{customerToken}/order`
   */
  async createOrder(account: KlarnaAccount, customerToken: string, extras: CallExtras): Promise<KlarnaVerdict> {
    const exchange = await this.transport.exchange(account, { ...extras, method: 'POST', path: pathOf(customerToken, 'order') });
    return judge(exchange, { api: 'customer-token', success: jsonWith('order_id') });
  }

  /**
   * Changes a token's status: cancelling is the only change there is, and final. Klarna takes no key and works on it after its 202, so a
   * repeat is harmless while the token is still active.
   * @see Customer Token API v1, `PATCH /customer-token/v1/tokens/{customerToken}/status`
   */
  async updateStatus(account: KlarnaAccount, customerToken: string, extras: CallExtras): Promise<KlarnaVerdict> {
    const exchange = await this.transport.exchange(account, { ...extras, method: 'PATCH', path: pathOf(customerToken, 'status') });
    return judge(exchange, { api: 'customer-token', success: anySuccess });
  }
}

function pathOf(customerToken: string, ...rest: string[]): string {
  return ['/customer-token/v1/tokens', segment(customerToken), ...rest].join('/');
}
