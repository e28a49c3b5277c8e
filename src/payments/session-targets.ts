import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { Refusal } from '../operations/errors.js';
import { SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import { SessionReader } from './session-reader.js';

/** For how long a session lives at Klarna. */
const SESSION_LIFE_MS = 48 * 3_600_000;
/** So many sessions are looked at for one token. */
const LOOKS = 20;

/** Where requests for a session or an authorization go. */
export interface SessionTarget {
  providerAccountId: string;
  /** Undefined: we don't know it; Klarna decides. */
  session: StoredSession | undefined;
}

/** Finds out whose a session or an authorization is before anything is sent. */
@Injectable()
export class SessionTargets {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly reader: SessionReader,
    private readonly accounts: ProviderAccounts,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal NOT_FOUND when the session is another merchant's, in the words that Klarna has for an unknown one */
  async ofSession(caller: Caller, sessionId: string): Promise<SessionTarget> {
    return target(caller, await this.sessions.byProviderId(sessionId), 'Invalid session id');
  }

  /** @throws Refusal NOT_FOUND when the token is known to be another merchant's */
  async ofAuthorization(caller: Caller, authorizationToken: string): Promise<SessionTarget> {
    return target(caller, await this.sessions.byToken(this.reader.tokenHash(authorizationToken)), 'Invalid authorization token');
  }

  /**
   * Where else a token may be from that Klarna does not know at today's account: a shopper who began before the credentials were rotated. Tokens
   * come through the browser, so it is looked for in the sessions that were left open there.
   * @returns undefined when none of them shows it
   */
  async leftBehind(caller: Caller, authorizationToken: string): Promise<SessionTarget | undefined> {
    const since = new Date(this.clock.nowMs() - SESSION_LIFE_MS);
    for (const session of await this.sessions.ofOtherAccounts(caller.merchantId, caller.accounts.payments, since, LOOKS)) {
      const { shown } = await this.reader.refresh(await this.accounts.byId(session.providerAccountId), session);
      if (shown?.authorizationToken === authorizationToken) return { providerAccountId: session.providerAccountId, session };
    }
    return undefined;
  }
}

function target(caller: Caller, found: readonly StoredSession[], refusal: string): SessionTarget {
  const session = ownPlace(found, caller, 'payments');
  if (session === 'foreign') throw new Refusal('NOT_FOUND', [refusal]);
  return { providerAccountId: session?.providerAccountId ?? caller.accounts.payments, session };
}
