import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { JsonObject } from '../json.js';
import { errorCodeIn } from '../klarna/answer-of-record.js';
import { codeOf, type KlarnaExchange } from '../klarna/exchange.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { Hook } from '../persistence/repositories/hooks.repository.js';
import { SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import type { CallbackHandler, CallbackOutcome, StoredCallback } from '../webhooks/inbox/callback-handler.js';
import { bodyOf } from '../webhooks/inbox/callback-words.js';
import { OperationEnds } from '../webhooks/inbox/operation-ends.js';
import { ShopLine } from '../webhooks/inbox/shop-line.js';
import { LOOK_WITHIN_MS } from '../webhooks/looks/sweeper.js';
import { agrees, authorizationBody, AuthorizationNews, type News } from './authorization-news.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import { READ_LAG_MS } from './session-plan.js';
import { type SessionLook, SessionReader } from './session-reader.js';

/** Pauses while something that is under way elsewhere must come first: our own answer to the create session, a read that lags. */
const SOON_MS = 500;

/**
 * `authorization`: the shopper has authorized. A hint to read the session: only what Klarna shows there is kept, announced, and passed on to
 * the caller's own address. What says something else than the session shows, beyond the time that a read may lag, is not passed on.
 * @see Payments API v1, `merchant_urls.authorization`
 */
@Injectable()
export class AuthorizationCallbackHandler implements CallbackHandler {
  readonly entry = 'authorization';

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly reader: SessionReader,
    private readonly news: AuthorizationNews,
    private readonly operations: OperationEnds,
    private readonly shopLine: ShopLine,
    private readonly accounts: ProviderAccounts,
    private readonly clock: Clock,
  ) {}

  async handle(callback: StoredCallback, hook: Hook): Promise<CallbackOutcome> {
    const said = bodyOf(callback.body);
    const sessionId = textOf(said['session_id']) ?? callback.providerSessionId;
    if (sessionId === null) return done('unreadable');
    const session = await this.#session(hook, sessionId);
    if (session === undefined) return this.#unknown(hook);
    // Two ids on one address: only what it was put into the callbacks of.
    if (session.dataSubject !== hook.dataSubject) return done('foreign');
    const at = this.clock.now();
    const account = await this.accounts.byId(session.providerAccountId);
    const look = await this.reader.look(account, session.providerSessionId, { timeoutMs: LOOK_WITHIN_MS });
    if (look.shown === undefined) return isGone(look.exchange) ? this.#late(callback, 'gone') : again(codeOf(look.exchange));
    return this.#learned(callback, hook, session, said, look, at);
  }

  async #learned(
    callback: StoredCallback,
    hook: Hook,
    session: StoredSession,
    said: JsonObject,
    { exchange, shown }: SessionLook,
    at: Date,
  ): Promise<CallbackOutcome> {
    if (shown === undefined || exchange.kind !== 'answer') return again('unreadable');
    const saidToken = textOf(said['authorization_token']);
    const isShown = saidToken !== null && saidToken === shown.authorizationToken;
    const { providerSessionId: sessionId } = session;
    const news = await this.news.learn(session, shown, at, {
      source: isShown ? 'callback' : 'sweep',
      madeAt: isShown ? callback.receivedAt : null,
      pass: async (tx, locked, token, tokenHash) => {
        if (!isShown || !(await this.authorizations.passes(tx, locked.id, tokenHash, { callbackId: callback.id }))) return;
        const body = agrees(said, sessionId, exchange.body) ? callback.body : authorizationBody(token, sessionId);
        await this.shopLine.pass(tx, callback, hook, { sessionId, body });
      },
    });
    return this.#outcome(callback, session, saidToken, isShown, news);
  }

  async #outcome(
    callback: StoredCallback,
    session: StoredSession,
    saidToken: string | null,
    isShown: boolean,
    news: News,
  ): Promise<CallbackOutcome> {
    if (news === 'overtaken') return again('overtaken', SOON_MS);
    if (news === 'order-placed' || isShown) return done(news);
    if (saidToken === null) return done('unreadable');
    if (await this.authorizations.isOver(session.id, this.reader.tokenHash(saidToken))) return done('superseded');
    return this.#late(callback, 'not-shown');
  }

  /** What is not shown may be shown a moment later; after that it is not so. */
  #late(callback: StoredCallback, result: string): CallbackOutcome {
    const age = this.clock.nowMs() - callback.receivedAt.getTime();
    return age < READ_LAG_MS ? again(result) : done(result);
  }

  async #session({ merchantId, providerAccountId }: Hook, sessionId: string): Promise<StoredSession | undefined> {
    const found = await this.sessions.byProviderId(sessionId);
    return found.find((each) => each.merchantId === merchantId && each.providerAccountId === providerAccountId);
  }

  /** The session is known once its operation is settled: a callback may overtake our own answer. */
  async #unknown(hook: Hook): Promise<CallbackOutcome> {
    return (await this.operations.isOpen(hook.operationId)) ? again('operation-open', SOON_MS) : done('unknown-session');
  }
}

function isGone(exchange: KlarnaExchange): boolean {
  return exchange.kind === 'answer' && exchange.status === 404 && errorCodeIn(exchange.body) !== undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const done = (result: string): CallbackOutcome => ({ then: 'done', result });
const again = (result: string, afterMs?: number): CallbackOutcome => ({
  then: 'again',
  result,
  ...(afterMs === undefined ? {} : { afterMs }),
});
