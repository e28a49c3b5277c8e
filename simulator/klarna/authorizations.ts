import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import type { Put } from '../state/store.js';
import { bareAnswer, KlarnaRefusal, type Answer } from './answers.js';
import type { Problem } from './fields.js';
import type { Authorization, Purchase, Session } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { paymentMethodCategories, refuseForeign, shapes } from './sessions.js';
import type { Work, World } from './work.js';

/** An authorization token is good for 60 minutes and for one order. */
export const TOKEN_LIFETIME_MS = 60 * 60_000;

/** Why a shopper cannot authorize a session. */
export class CannotAuthorize extends Error {
  constructor(
    readonly status: 400 | 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

/** What a shopper's agreement makes, before it is committed. */
export interface Agreement {
  authorization: Authorization;
  session: Session;
  puts: Put[];
  /** To be called once it is committed. */
  start: () => void;
}

/** As `agreeTo`, and commits it. */
export function authorizeSession(world: World, sessionId: string, given: JsonObject): Authorization {
  const { authorization, puts, start } = agreeTo(world, sessionId, given);
  world.store.commit(puts, authorization.authorized_at);
  start();
  return authorization;
}

/**
 * The shopper agrees to a session. What the browser sends at that moment (addresses, customer, a changed cart) is laid over
 * the session. A newer authorization supersedes an older one. The merchant's `authorization` callback is planned.
 * @param given members of a session, and `payment_method_category`; `{}` authorizes the session as it stands
 * @throws CannotAuthorize 404 unknown or expired, 409 an order exists, 400 a member breaks its documented form
 */
export function agreeTo(world: World, sessionId: string, given: JsonObject): Agreement {
  const now = world.clock.now();
  const session = world.store.rows.sessions.get(sessionId);
  if (session === undefined || session.expires_at <= now) throw new CannotAuthorize(404, 'Invalid session id');
  if (session.status === 'complete') throw new CannotAuthorize(409, 'Session has already been completed');
  const category = given.payment_method_category ?? 'pay_later';
  if (typeof category !== 'string' || !Object.hasOwn(paymentMethodCategories, category)) {
    throw new CannotAuthorize(400, `Bad value: payment_method_category (${Object.keys(paymentMethodCategories).join(', ')})`);
  }
  const shape = shapes(world).sessionUpdate;
  const problems: Problem[] = [];
  shape.check(given, '', problems);
  const purchase = { ...session.purchase, ...(shape.keep(given) as Partial<Purchase>) };
  if (problems.length === 0) problems.push(...cartProblems(purchase, world.switches.get('order_tax_tolerance')));
  if (problems.length > 0) throw new CannotAuthorize(400, problems.map(({ path }) => `Bad value: ${path}`).join(', '));

  const authorization: Authorization = {
    authorization_token: randomUUID(),
    session_id: session.session_id,
    merchant: session.merchant,
    authorized_at: now,
    state: 'open',
    purchase,
    payment_method_category: category,
  };
  const authorized: Session = { ...session, purchase, authorization_token: authorization.authorization_token };
  const puts: Put[] = [
    ['authorizations', authorization.authorization_token, authorization],
    ['sessions', session.session_id, authorized],
  ];
  const start = world.callbacks.planAuthorization(puts, authorized, now);
  return { authorization, session: authorized, puts, start };
}

/** Releases an authorization for which no order will be placed. @see Payments API v1, `DELETE /payments/v1/authorizations/{token}` (204) */
export function deleteAuthorization(work: Work, token: string): Answer {
  const { authorization } = findAuthorization(work, token);
  if (authorization.state === 'consumed') throw new KlarnaRefusal(404, 'NOT_FOUND', ['Authorization cannot be deleted']);
  work.put('authorizations', token, { ...authorization, state: 'cancelled' });
  return bareAnswer(204);
}

/**
 * A token's authorization and session.
 * @throws KlarnaRefusal when it is unknown, cancelled, superseded or older than 60 minutes, even if it has placed an order
 */
export function findAuthorization(work: Work, token: string): { authorization: Authorization; session: Session } {
  const unknown = new KlarnaRefusal(404, 'NOT_FOUND', ['Invalid authorization token']);
  const authorization = work.world.store.rows.authorizations.get(token);
  const session = authorization && work.world.store.rows.sessions.get(authorization.session_id);
  if (authorization === undefined || session === undefined) throw unknown;
  if (authorization.merchant !== work.merchant) throw refuseForeign(work.world, unknown);
  work.orderId = authorization.order_id ?? null;
  const expired = work.now >= authorization.authorized_at + TOKEN_LIFETIME_MS;
  if (expired || authorization.state === 'cancelled' || session.authorization_token !== token) throw unknown;
  return { authorization, session };
}
