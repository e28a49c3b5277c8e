import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { errorCodeIn } from '../klarna/answer-of-record.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { Transaction } from '../persistence/database.js';
import { type DueLook, LooksRepository } from '../persistence/repositories/looks.repository.js';
import { type LockedSession, SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { LOOK_WITHIN_MS, type Looked, Sweeper, unseen } from '../webhooks/looks/sweeper.js';
import { ShopAddresses } from '../webhooks/looks/shop-addresses.js';
import { authorizationBody, AuthorizationNews } from './authorization-news.js';
import { AuthorizationsRepository } from './authorizations.repository.js';
import { endOf, nextLook, READ_LAG_MS } from './session-plan.js';
import { SessionReader } from './session-reader.js';

/**
 * Reads open sessions whose authorization may have been told by a callback that got lost, and those with an authorization that nobody has
 * used, before its hour is over. Until an order is placed or the session has ended.
 */
@Injectable()
export class SessionSweeper extends Sweeper {
  constructor(
    looks: LooksRepository,
    private readonly sessions: SessionsRepository,
    private readonly authorizations: AuthorizationsRepository,
    private readonly reader: SessionReader,
    private readonly news: AuthorizationNews,
    private readonly addresses: ShopAddresses,
    private readonly accounts: ProviderAccounts,
    clock: Clock,
    settings: Settings,
  ) {
    super('Sessions', 'payment_sessions', looks, clock, settings);
  }

  protected async look({ id }: DueLook): Promise<Looked> {
    const session = await this.sessions.byId(id);
    if (session === undefined) return { answered: true, nextAt: null };
    const at = this.clock.now();
    const account = await this.accounts.byId(session.providerAccountId);
    const { exchange, shown } = await this.reader.look(account, session.providerSessionId, { timeoutMs: LOOK_WITHIN_MS });
    if (shown === undefined) return this.#unseen(session, exchange, at);
    const news = await this.news.learn(session, shown, at, {
      source: 'sweep',
      madeAt: null,
      pass: (tx, locked, token, tokenHash) => this.#pass(tx, locked, token, tokenHash, at),
    });
    if (news === 'order-placed') return { answered: true, nextAt: null };
    if (news === 'overtaken') return { answered: true, nextAt: this.clock.now() };
    return { answered: true, nextAt: await this.#next(session, shown.facts.expiresAt, at) };
  }

  /** No callback came, or none yet: the shop's own address hears it from us. */
  async #pass(tx: Transaction, session: LockedSession, token: string, tokenHash: Buffer, at: Date): Promise<void> {
    if (await this.authorizations.wasPassed(tx, session.id, tokenHash)) return;
    const { providerSessionId: sessionId } = session;
    const deliveryId = await this.addresses.tell(tx, session, 'authorization', { sessionId }, authorizationBody(token, sessionId), at);
    if (deliveryId !== null) await this.authorizations.passes(tx, session.id, tokenHash, { deliveryId });
  }

  /** Klarna's own word that there is no such session (any more) ends it; a young one need not be readable yet. */
  async #unseen(session: LockedSession, exchange: KlarnaExchange, at: Date): Promise<Looked> {
    const isGone = exchange.kind === 'answer' && exchange.status === 404 && errorCodeIn(exchange.body) !== undefined;
    if (!isGone) return unseen(exchange, at, { next: await this.#next(session, null, at), end: endOf(session) });
    if (at.getTime() - session.createdAt.getTime() < READ_LAG_MS) return { answered: true, nextAt: await this.#next(session, null, at) };
    await this.news.gone(session.id, at);
    return { answered: true, nextAt: null };
  }

  async #next(session: LockedSession, expiresAt: Date | null, at: Date): Promise<Date | null> {
    await this.news.expire(session.id, at);
    const authorizedUntil = await this.authorizations.openUntil(session.id);
    return nextLook({ ...session, expiresAt: expiresAt ?? session.expiresAt, authorizedUntil }, at);
  }
}
