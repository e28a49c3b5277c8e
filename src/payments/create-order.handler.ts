import { Injectable } from '@nestjs/common';
import { codeOf, notAsked, type KlarnaExchange } from '../klarna/exchange.js';
import { PaymentsClient } from '../klarna/payments.client.js';
import type { ProviderAccount } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { placedOrder } from '../orders/placed-order.js';
import type { Transaction } from '../persistence/database.js';
import { SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import { wordsIn } from './session-facts.js';
import { SessionReader, type SessionLook } from './session-reader.js';

/** How many sessions are read to find the one that a token belongs to. */
const MOST_CANDIDATES = 20;

/** Places the order that a shopper authorized. The authorization token is its only key. */
@Injectable()
export class CreateOrderHandler implements OperationHandler {
  readonly kind = 'payments.create-order';

  constructor(
    private readonly sending: Sending,
    private readonly client: PaymentsClient,
    private readonly accounts: ProviderAccounts,
    private readonly sessions: SessionsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly reader: SessionReader,
    private readonly lifecycle: OrderLifecycle,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.createOrder(account, targetOf(call, 'authorizationToken'), extras));
  }

  /**
   * Looks at the session that the token belongs to. Klarna never shows the order's id there, so the best finding is `placed`; only the
   * same bytes can tell the id then. `absent`: the session is open, with our token or a newer one in its place; or another request, with
   * another body, has placed the one order of this token.
   */
  async read(operation: OperationContext): Promise<ReadResult> {
    const token = targetOf(operation, 'authorizationToken');
    const hash = this.reader.tokenHash(token);
    if (await this.authorizations.placedAnOrder(operation.providerAccountId, hash)) {
      return { finding: 'absent', providerId: null, answer: null, data: { order: 'placed by another request' } };
    }
    const account = await this.accounts.byId(operation.providerAccountId);
    const session = await this.sessions.ofOperation(operation, hash);
    if (session !== undefined) return judged(await this.reader.refresh(account, session), token, session);
    return this.#search(operation, account, token);
  }

  answerFor(_operation: OperationContext, providerId: string | null): RecordedAnswer {
    return foundAnswer(200, 'order_id', providerId);
  }

  async succeeded(tx: Transaction, operation: OperationContext, success: Success): Promise<void> {
    await this.lifecycle.placed(tx, operation, placedOrder(operation, success));
    const session = await this.sessions.ofOperation(operation, this.reader.tokenHash(targetOf(operation, 'authorizationToken')), tx);
    if (session !== undefined) await this.sessions.complete(tx, session.id, success.at);
  }

  /** The session was never read since the shopper authorized it: candidates are read until one shows the token. */
  async #search(operation: OperationContext, account: ProviderAccount, token: string): Promise<ReadResult> {
    const request = wordsIn(operation.body);
    const { purchaseCurrency: currency = null, orderAmount: amount = null } = request?.facts ?? {};
    const candidates =
      currency === null || amount === null
        ? []
        : await this.sessions.candidates(operation.merchantId, operation.providerAccountId, { currency, amount, limit: MOST_CANDIDATES });
    for (const session of candidates) {
      const look = await this.reader.refresh(account, session);
      if (look.shown?.authorizationToken === token) return judged(look, token, session);
      // One that can't be read may be the one, and the next would fail alike.
      if (unreachable(look.exchange)) return judged(look, token, session);
    }
    return { finding: 'unreadable', providerId: null, answer: null, data: { session: 'unknown', candidates: candidates.length } };
  }
}

function judged({ exchange, shown }: SessionLook, token: string, session: StoredSession): ReadResult {
  const data: Record<string, unknown> = { session: session.providerSessionId };
  if (shown === undefined) {
    data['code'] = codeOf(exchange);
    return { finding: 'unreadable', providerId: null, answer: null, data, ...notAsked(exchange) };
  }
  const other = shown.authorizationToken !== null && shown.authorizationToken !== token;
  Object.assign(data, { status: shown.status, token: shown.authorizationToken === null ? 'none' : other ? 'other' : 'same' });
  // A session places one order: complete with another token means that it was not placed with ours.
  const finding = shown.status.toLowerCase() === 'complete' && !other ? 'placed' : 'absent';
  return { finding, providerId: null, answer: null, data };
}

function unreachable(exchange: KlarnaExchange): boolean {
  return exchange.kind !== 'answer' || exchange.status === 401 || exchange.status === 429 || exchange.status >= 500;
}
