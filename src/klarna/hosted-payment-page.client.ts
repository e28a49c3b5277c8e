import { Injectable } from '@nestjs/common';
import type { KeylessExtras, ReadExtras } from './call-extras.js';
import type { KlarnaAccount, KlarnaCall, KlarnaExchange, KlarnaVerdict } from './exchange.js';
import { segment } from './path.js';
import { anySuccess, jsonWith, type SuccessCheck } from './success.js';
import { KlarnaTransport } from './transport.js';
import { judge } from './verdict.js';

const SESSIONS = '/hpp/v1/sessions';

/**
 * Klarna's Hosted Payment Page API v1. None of its calls takes an idempotency key. Nothing here throws for what Klarna or the network do,
 * and nothing is repeated here.
 */
@Injectable()
export class HostedPaymentPageClient {
  constructor(private readonly transport: KlarnaTransport) {}

  /**
   * Makes a page for the purchase that `payment_session_url` names. After an unknown outcome it can't be found: nothing lists pages.
   * @returns `providerId` is the page's id; a 2xx without `session_id` is garbled
   * @see Hosted Payment Page API v1, `POST /hpp/v1/sessions`
   */
  createSession(account: KlarnaAccount, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, 'POST', SESSIONS, extras, jsonWith('session_id'));
  }

  /**
   * Reads a page: its `status`, and once it is COMPLETED the `authorization_token` or the `order_id`.
   * @see Hosted Payment Page API v1, `GET /hpp/v1/sessions/{session_id}`
   */
  readSession(account: KlarnaAccount, pageId: string, extras: ReadExtras = {}): Promise<KlarnaExchange> {
    return this.transport.exchange(account, { by: 'service', ...extras, method: 'GET', path: pathOf(pageId) });
  }

  /**
   * Disables a page that was not completed. Final; repeatable.
   * @see Hosted Payment Page API v1, `DELETE /hpp/v1/sessions/{session_id}`
   */
  disableSession(account: KlarnaAccount, pageId: string, extras: Omit<KeylessExtras, 'body'>): Promise<KlarnaVerdict> {
    return this.#write(account, 'DELETE', pathOf(pageId), extras, anySuccess);
  }

  /**
   * Sends the shopper the link to a page. Each call is a message of its own: never to be repeated while one may have been sent.
   * @see Hosted Payment Page API v1, `POST /hpp/v1/sessions/{session_id}/distribution`
   */
  distribute(account: KlarnaAccount, pageId: string, extras: KeylessExtras): Promise<KlarnaVerdict> {
    return this.#write(account, 'POST', `${pathOf(pageId)}/distribution`, extras, anySuccess);
  }

  async #write(
    account: KlarnaAccount,
    method: KlarnaCall['method'],
    path: string,
    extras: KeylessExtras,
    success: SuccessCheck,
  ): Promise<KlarnaVerdict> {
    return judge(await this.transport.exchange(account, { ...extras, method, path }), { api: 'hosted-payment-page', success });
  }
}

function pathOf(pageId: string): string {
  return `${SESSIONS}/${segment(pageId)}`;
}
