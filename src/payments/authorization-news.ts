import { Injectable } from '@nestjs/common';
import { objectIn } from '../json.js';
import { canonicalId } from '../http/resource-id.js';
import { OrderLifecycle } from '../orders/order-lifecycle.js';
import { Database, type Transaction } from '../persistence/database.js';
import { EVENT_SECRET } from '../persistence/repositories/deliveries.repository.js';
import { EventsRepository } from '../persistence/repositories/events.repository.js';
import { type LockedSession, SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import type { SessionWords } from './session-facts.js';
import { AUTHORIZATION_LIFE_MS, READ_LAG_MS } from './session-plan.js';
import { SessionReader } from './session-reader.js';

export type ShownSession = SessionWords & { status: string };

/** Who looked, and why. */
export interface Occasion {
  source: 'callback' | 'sweep';
  /** The authorization was not made before; null: nobody knows, but not before the last look. */
  madeAt: Date | null;
  /** Tells the shop's own address of an authorization that stands, in the transaction that keeps it. */
  pass: (tx: Transaction, session: LockedSession, token: string, tokenHash: Buffer) => Promise<void>;
}

/**
 * What a look at a session came to. announced: an authorization that nobody knew. known: it was announced before. superseded: a newer one was
 * seen before this. order-placed: there is nothing left to do with any. none: nothing is authorized. overtaken: what was shown is older than
 * what is known; look again.
 */
export type News = 'announced' | 'known' | 'superseded' | 'order-placed' | 'none' | 'overtaken';

/** Takes over what sessions show, and tells merchants of what their shoppers have authorized. */
@Injectable()
export class AuthorizationNews {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly events: EventsRepository,
    private readonly reader: SessionReader,
    private readonly lifecycle: OrderLifecycle,
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * Keeps the authorization that a session shows and announces it, in one transaction, once per token: the newest wins, unless an order was
   * placed. May be repeated. Locks: an order that is adopted, the session, the counter of its events, deliveries.
   * @param at when Klarna was asked
   */
  learn(session: StoredSession, shown: ShownSession, at: Date, occasion: Occasion): Promise<News> {
    const isComplete = shown.status.toLowerCase() === 'complete';
    return this.database.transaction(async (tx) => {
      if (isComplete && shown.orderId !== null) {
        const { merchantId, providerAccountId, dataSubject } = session;
        await this.lifecycle.met(tx, { merchantId, providerAccountId, providerOrderId: canonicalId(shown.orderId), dataSubject, at });
      }
      const known = await this.sessions.lock(tx, session.id);
      if (known === undefined) throw new Error(`Session ${session.id} is gone`);
      if (known.status.toLowerCase() === 'complete') return 'order-placed';
      const facts = this.reader.factsOf(shown);
      const isNewest = known.updatedAt <= at;
      if (!isNewest && (facts.tokenHash === null || known.tokenHash?.equals(facts.tokenHash) !== true)) return 'overtaken';
      await this.sessions.update(tx, known.id, facts, at);
      if (isComplete) {
        await this.sessions.complete(tx, known.id, at);
        return 'order-placed';
      }
      const news = await this.#keep(tx, known, shown, facts.tokenHash, at, occasion);
      await this.sessions.looked(tx, known.id, at);
      return news;
    });
  }

  /** Klarna has the session no more: nothing can be placed with it. */
  gone(sessionId: string, at: Date): Promise<void> {
    return this.database.transaction((tx) => this.authorizations.end(tx, sessionId, at, at));
  }

  /** The hour of what is authorized may be over, whatever the session shows. */
  expire(sessionId: string, at: Date): Promise<void> {
    return this.authorizations.expire(this.database, sessionId, at);
  }

  async #keep(
    tx: Transaction,
    session: LockedSession,
    shown: ShownSession,
    tokenHash: Buffer | null,
    at: Date,
    { source, madeAt, pass }: Occasion,
  ): Promise<News> {
    const token = shown.authorizationToken;
    if (token === null || tokenHash === null) {
      await this.authorizations.end(tx, session.id, at, new Date(at.getTime() - READ_LAG_MS));
      return 'none';
    }
    if (await this.authorizations.placedAnOrder(session.providerAccountId, tokenHash, tx)) return 'order-placed';
    const since = madeAt ?? session.lookedAt ?? session.createdAt;
    const expiresAt = new Date(since.getTime() + AUTHORIZATION_LIFE_MS);
    const kept = await this.authorizations.keep(tx, { sessionId: session.id, token, tokenHash, source, at, expiresAt });
    if (kept === 'over') return 'superseded';
    if (kept === 'new') {
      await this.#announce(tx, session, shown, token, at, expiresAt);
      await this.authorizations.supersede(tx, session.id, tokenHash, at);
    }
    await pass(tx, session, token, tokenHash);
    return kept === 'new' ? 'announced' : 'known';
  }

  async #announce(
    tx: Transaction,
    { id: subject, merchantId, providerSessionId }: LockedSession,
    { facts }: ShownSession,
    token: string,
    at: Date,
    expiresAt: Date,
  ): Promise<void> {
    const data = {
      session_id: providerSessionId,
      order_amount: facts.orderAmount,
      currency: facts.purchaseCurrency?.toUpperCase() ?? null,
      purchase_country: facts.purchaseCountry,
      merchant_reference1: facts.merchantReference1,
      merchant_reference2: facts.merchantReference2,
      expires_at: expiresAt.toISOString(),
    };
    const secret = this.envelope.seal(Buffer.from(JSON.stringify({ authorization_token: token })), EVENT_SECRET);
    const nothing = { orderId: null, providerOrderId: null, operationId: null };
    await this.events.publish(tx, [{ merchantId, subject, type: 'authorization.received', at, ...nothing, data, secret }]);
  }
}

/** The callback's body as Klarna writes it. */
export function authorizationBody(token: string, sessionId: string): Buffer {
  return Buffer.from(JSON.stringify({ authorization_token: token, session_id: sessionId }));
}

/** Whether everything that a callback says of a session is what the session shows. */
export function agrees(said: Readonly<Record<string, unknown>>, sessionId: string, shown: Buffer): boolean {
  const members: Record<string, unknown> = { ...objectIn(shown), session_id: sessionId };
  return Object.entries(said).every(([name, value]) => JSON.stringify(members[name]) === JSON.stringify(value));
}
