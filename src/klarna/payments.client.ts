import { Injectable } from '@nestjs/common';
import type { KeylessExtras, ReadExtras } from './call-extras.js';
import type { KlarnaAccount, KlarnaCall, KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { segment } from './path.js';
import { anySuccess, jsonWith, type SuccessCheck } from './success.js';
import { KlarnaTransport } from './transport.js';
import { judge } from './verdict.js';

const SESSIONS = '/payments/v1/sessions';
const AUTHORIZATIONS = '/payments/v1/authorizations';

/**
 * Klarna's Payments API v1. None of its calls takes an idempotency key. Nothing here throws for what Klarna or the network do,
 * and nothing is repeated here.
 */
@Injectable()
export class PaymentsClient {
  constructor(private readonly transport: KlarnaTransport) {}

  /**
   * Opens a session for a cart; amounts in minor units. After an unknown outcome open another: an unused session lapses by itself.
   * @returns `providerId` is the session's id; a 2xx without `session_id` is garbled
   * @see Payments API v1, `POST /payments/v1/sessions`
   */
  createSession(account: KlarnaAccount, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, 'POST', SESSIONS, extras, jsonWith('session_id'));
  }

  /**
   * Reads a session: its cart, `status`, and after the shopper's authorization the `authorization_token`. It never shows an order id.
   * @see Payments API v1, `GET /payments/v1/sessions/{session_id}`
   */
  readSession(account: KlarnaAccount, sessionId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path: `${SESSIONS}/${segment(sessionId)}` });
  }

  /**
   * Sets fields of an incomplete session. Repeatable while no newer update came after it.
   * @see Payments API v1, `POST /payments/v1/sessions/{session_id}`
   */
  updateSession(account: KlarnaAccount, sessionId: string, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, 'POST', `${SESSIONS}/${segment(sessionId)}`, extras, anySuccess);
  }

  /**
   * Places the order that the shopper authorized. The token, valid for 60 minutes and one order, is the only key: after an unknown
   * outcome only the identical bytes may be sent again.
   * @returns `providerId` is the order's id; a 2xx without `order_id` is garbled
   * @see Payments API v1, `POST /payments/v1/authorizations/{authorizationToken}/order`
   */
  createOrder(account: KlarnaAccount, authorizationToken: string, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, 'POST', `${AUTHORIZATIONS}/${segment(authorizationToken)}/order`, extras, jsonWith('order_id'));
  }

  /**
   * Makes a customer token from what the shopper authorized, for charges to come. The authorization token is the only key, as for an order.
   * @returns `providerId` is the customer token; a 2xx without `token_id` is garbled
   * @see Payments API v1, `POST /payments/v1/authorizations/{authorizationToken}/customer-token`
   */
  createCustomerToken(account: KlarnaAccount, authorizationToken: string, extras: KeylessExtras): Promise<KlarnaVerdict> {
    const path = `${AUTHORIZATIONS}/${segment(authorizationToken)}/customer-token`;
    return this.#write(account, 'POST', path, extras, jsonWith('token_id'));
  }

  /**
   * Releases an authorization that will not become an order. Repeatable: a 404 on a repeat means that it is gone.
   * @see Payments API v1, `DELETE /payments/v1/authorizations/{authorizationToken}`
   */
  cancelAuthorization(account: KlarnaAccount, authorizationToken: string, extras: Omit<KeylessExtras, 'body'>): Promise<KlarnaVerdict> {
    return this.#write(account, 'DELETE', `${AUTHORIZATIONS}/${segment(authorizationToken)}`, extras, anySuccess);
  }

  async #write(
    account: KlarnaAccount,
    method: KlarnaCall['method'],
    path: string,
    extras: KeylessExtras,
    success: SuccessCheck,
  ): Promise<KlarnaVerdict> {
    return judge(await this.transport.exchange(account, { ...extras, method, path }), { api: 'payments', success });
  }
}
