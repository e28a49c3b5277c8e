import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../json.js';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import { object } from './fields.js';
import { saidAgain } from './merchant-urls.js';
import type { Purchase, Session } from './model.js';
import { cartProblems } from './order-line-arithmetic.js';
import { paymentsShapes, readableCustomer } from './payments-shapes.js';
import { stepUpProblems } from './step-up.js';
import type { Work, World } from './work.js';

/** A session stays open for 48 hours after it was made. */
export const SESSION_LIFETIME_MS = 48 * 3_600_000;

const CATEGORIES: Record<string, string> = { pay_later: 'Pay later', pay_now: 'Pay now', pay_over_time: 'Pay over time' };
const readable = object(readableCustomer);

/** The payment method categories that the simulator offers, by identifier. */
export const paymentMethodCategories = CATEGORIES;

const categories = (): JsonObject[] => Object.entries(CATEGORIES).map(([identifier, name]) => ({ identifier, name }));

/** @see Payments API v1, `POST /payments/v1/sessions`. Answers 200 (not 201). */
export function createSession(work: Work): Answer {
  const purchase = readBody(work, shapes(work.world).session, 'payments') as Purchase;
  refuseProblems(cartProblems(purchase, work.world.switches.get('order_tax_tolerance')), 'payments');
  refuseProblems(stepUpProblems(work, purchase), 'payments');
  const session: Session = {
    session_id: randomUUID(),
    merchant: work.merchant,
    client_token: clientToken(),
    created_at: work.now,
    expires_at: work.now + SESSION_LIFETIME_MS,
    status: 'incomplete',
    purchase,
  };
  work.put('sessions', session.session_id, session);
  return jsonAnswer(200, {
    session_id: session.session_id,
    client_token: session.client_token,
    payment_method_categories: categories(),
  });
}

/**
 * Customer details appear only once the shopper has authorized.
 * @see Payments API v1, `GET /payments/v1/sessions/{session_id}`
 */
export function readSession(work: Work, sessionId: string): Answer {
  const session = openSession(work, sessionId);
  const { billing_address, shipping_address, customer, ...open } = session.purchase;
  const authorization =
    session.authorization_token === undefined ? undefined : work.world.store.rows.authorizations.get(session.authorization_token);
  const authorized = authorization !== undefined && authorization.state !== 'cancelled';
  return jsonAnswer(200, {
    acquiring_channel: 'ECOMMERCE',
    locale: 'en-US',
    ...open,
    ...(authorized && { billing_address, shipping_address, customer: customer && readable.keep(customer) }),
    status: session.status,
    client_token: session.client_token,
    expires_at: work.world.clock.iso(session.expires_at),
    payment_method_categories: categories(),
    ...(authorized && { authorization_token: session.authorization_token }),
  });
}

/** Every member is optional; what is given replaces what was there. @see Payments API v1, `POST /payments/v1/sessions/{session_id}` (204) */
export function updateSession(work: Work, sessionId: string): Answer {
  const session = openSession(work, sessionId);
  if (session.status === 'complete') throw sessionCompleted();
  const changes = readBody(work, shapes(work.world).sessionUpdate, 'payments');
  const purchase = saidAgain(work.world, session.purchase, changes as Partial<Purchase>);
  refuseProblems(cartProblems(purchase, work.world.switches.get('order_tax_tolerance')), 'payments');
  work.put('sessions', session.session_id, { ...session, purchase });
  return bareAnswer(204);
}

export function sessionCompleted(): KlarnaRefusal {
  return new KlarnaRefusal(404, 'SESSION_COMPLETED', ['Session has already been completed']);
}

/** The refusal for something that belongs to another merchant, as the switch `foreign_orders` has it. */
export function refuseForeign(world: World, notFound: KlarnaRefusal): KlarnaRefusal {
  return isHidden(world) ? notFound : notAuthorized();
}

/** Whether what belongs to another merchant is the same as what does not exist. */
export function isHidden(world: World): boolean {
  return world.switches.get('foreign_orders') === 'not_found';
}

export function notAuthorized(): KlarnaRefusal {
  return new KlarnaRefusal(403, 'FORBIDDEN', ['You are not authorized for this resource']);
}

export function shapes(world: World): ReturnType<typeof paymentsShapes> {
  return paymentsShapes(world.switches.get('callbacks_http_loopback'));
}

function openSession(work: Work, sessionId: string): Session {
  const unknown = new KlarnaRefusal(404, 'NOT_FOUND', ['Invalid session id']);
  const session = work.world.store.rows.sessions.get(sessionId);
  if (session === undefined || session.expires_at <= work.now) throw unknown;
  if (session.merchant !== work.merchant) throw refuseForeign(work.world, unknown);
  return session;
}

/** Looks like the JWT that Klarna's browser SDK takes; nothing in it is secret or checked. */
function clientToken(): string {
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'RS256' }), part({ simulator: true, token: randomUUID() }), randomUUID().replaceAll('-', '')].join('.');
}
