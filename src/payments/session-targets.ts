import { Injectable } from '@nestjs/common';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
import { Refusal } from '../operations/errors.js';
import { SessionsRepository, type StoredSession } from '../persistence/repositories/sessions.repository.js';
import { SessionReader } from './session-reader.js';

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
  ) {}

  /** @throws Refusal NOT_FOUND when the session is another merchant's, in the words that Klarna has for an unknown one */
  async ofSession(caller: Caller, sessionId: string): Promise<SessionTarget> {
    return target(caller, await this.sessions.byProviderId(sessionId), 'Invalid session id');
  }

  /** @throws Refusal NOT_FOUND when the token is known to be another merchant's */
  async ofAuthorization(caller: Caller, authorizationToken: string): Promise<SessionTarget> {
    return target(caller, await this.sessions.byToken(this.reader.tokenHash(authorizationToken)), 'Invalid authorization token');
  }
}

function target(caller: Caller, found: readonly StoredSession[], refusal: string): SessionTarget {
  const session = ownPlace(found, caller, 'payments');
  if (session === 'foreign') throw new Refusal('NOT_FOUND', [refusal]);
  return { providerAccountId: session?.providerAccountId ?? caller.accounts.payments, session };
}
