import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { ReadExtras } from '../klarna/call-extras.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import { PaymentsClient } from '../klarna/payments.client.js';
import type { ProviderAccount } from '../merchants/caller.js';
import { Database } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { tokenFingerprint } from '../persistence/token-fingerprint.js';
import { SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import { sessionIn, type SessionWords } from './session-facts.js';

export interface SessionLook {
  exchange: KlarnaExchange;
  /** Undefined when the exchange is not a session: unreachable, refused, not found, garbled. */
  shown: (SessionWords & { status: string }) | undefined;
}

/** Reads sessions at Klarna and keeps what they show. */
@Injectable()
export class SessionReader {
  constructor(
    private readonly client: PaymentsClient,
    private readonly sessions: SessionsRepository,
    private readonly database: Database,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
  ) {}

  /** Reads a session without keeping anything. @param extras whose read it is, and the caller's headers, passed on */
  async look(account: ProviderAccount, sessionId: string, extras: ReadExtras = {}): Promise<SessionLook> {
    const exchange = await this.client.readSession(account, sessionId, extras);
    return { exchange, shown: exchange.kind === 'answer' ? sessionIn(exchange) : undefined };
  }

  /** Reads a stored session and takes over what it shows: its state, its cart's amount, the fingerprint of its token. */
  async refresh(account: ProviderAccount, session: StoredSession): Promise<SessionLook> {
    const at = this.clock.now();
    const look = await this.look(account, session.providerSessionId);
    if (look.shown !== undefined) await this.sessions.update(this.database, session.id, this.factsOf(look.shown), at);
    return look;
  }

  factsOf({ status, facts, authorizationToken }: SessionWords & { status: string }) {
    return { ...facts, status, tokenHash: authorizationToken === null ? null : this.tokenHash(authorizationToken) };
  }

  /** Under what an authorization token is stored and found; the operations use the same. */
  tokenHash(authorizationToken: string): Buffer {
    return tokenFingerprint(this.envelope, authorizationToken);
  }
}
