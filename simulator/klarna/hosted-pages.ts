import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject } from '../json.js';
import { bareAnswer, jsonAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { readBody, refuseProblems } from './body.js';
import { CHECKOUT_LIFETIME_MS, isShown } from './checkout-view.js';
import { CONTACT_OF, distributionShape, pageShape } from './hosted-page-shapes.js';
import { isOpenPage, pageView } from './hosted-page-state.js';
import type { HostedPage, PageUrls, PaidOnPage, PlaceOrderMode } from './model.js';
import { watchPage } from './page-timeout.js';
import { refuseForeign, sessionCompleted } from './sessions.js';
import type { Work } from './work.js';

/** A page ends so long before what is paid on it. */
const ENDS_BEFORE_MS = 3_600_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

interface PageRequest {
  payment_session_url: string;
  merchant_urls?: PageUrls;
  options?: JsonObject & { place_order_mode?: PlaceOrderMode };
}

interface Purchase {
  paid: PaidOnPage;
  /** Virtual time: nothing can be paid from then on. */
  endsAt: number;
}

/** What can be paid on a page, by the path of its URL. @throws KlarnaRefusal when it is unknown, over, or another merchant's */
const PURCHASES: readonly [path: RegExp, find: (work: Work, id: string) => Purchase][] = [
  [/^\/payments\/v1\/sessions\/([^/]+)\/?$/, paymentSession],
  [/^\/checkout\/v3\/orders\/([^/]+)\/?$/, checkoutOrder],
];

const notFound = () => new KlarnaRefusal(404, 'NOT_FOUND', ['Payment session not found or expired']);

/** @see Hosted Payment Page API v1, `POST /hpp/v1/sessions` (201) */
export function createPage(work: Work): Answer {
  const request = readBody(work, pageShape, 'payments') as unknown as PageRequest;
  const { paid, endsAt } = purchaseAt(work, request.payment_session_url);
  const { merchant_urls = {}, options = {} } = request;
  const page: HostedPage = {
    session_id: randomUUID(),
    merchant: work.merchant,
    paid,
    created_at: work.now,
    updated_at: work.now,
    expires_at: endsAt - ENDS_BEFORE_MS,
    status: 'WAITING',
    place_order_mode: options.place_order_mode ?? 'NONE',
    merchant_urls,
    options,
  };
  work.put('hosted_pages', page.session_id, page);
  work.afterCommit.push(() => watchPage(work.world, page));
  const { baseUrl } = work.call;
  const session_url = `${baseUrl}/hpp/v1/sessions/${page.session_id}`;
  return jsonAnswer(201, {
    session_id: page.session_id,
    session_url,
    redirect_url: `${baseUrl}/shopper/${page.session_id}`,
    qr_code_url: `${baseUrl}/shopper/${page.session_id}/qr`,
    distribution_url: `${session_url}/distribution`,
    expires_at: work.world.clock.iso(page.expires_at),
  });
}

/** @see Hosted Payment Page API v1, `GET /hpp/v1/sessions/{session_id}` */
export function readPage(work: Work, pageId: string): Answer {
  return jsonAnswer(200, pageView(work.world, findPage(work, pageId), work.now));
}

/** @see Hosted Payment Page API v1, `DELETE /hpp/v1/sessions/{session_id}` (204) */
export function disablePage(work: Work, pageId: string): Answer {
  const page = findPage(work, pageId);
  if (page.status === 'COMPLETED') throw refusal('HPP session is already completed');
  if (page.status === 'DISABLED' && work.world.switches.get('disable_on_disabled') === 'bad_request') {
    throw refusal('HPP session is already disabled');
  }
  if (isOpenPage(page, work.now)) {
    const disabled: HostedPage = { ...page, status: 'DISABLED', updated_at: work.now };
    work.put('hosted_pages', page.session_id, disabled);
    work.afterCommit.push(work.world.callbacks.planStatusUpdate(work.puts, disabled, pageView(work.world, disabled, work.now), work.now));
  }
  return bareAnswer(204);
}

/** Sends the link: each call is one message. @see Hosted Payment Page API v1, `POST /hpp/v1/sessions/{session_id}/distribution` (204) */
export function distributePage(work: Work, pageId: string): Answer {
  const page = findPage(work, pageId);
  const { method, contact_information: contact } = readBody(work, distributionShape, 'payments') as { method: string } & JsonObject;
  const given = isObject(contact) ? contact : {};
  const missing = (CONTACT_OF[method] ?? []).filter((name) => !given[name]);
  refuseProblems(
    missing.map((name) => ({ path: `contact_information.${name}`, reason: 'value' })),
    'payments',
  );
  if (!isOpenPage(page, work.now)) throw refusal(`HPP session is ${page.status.toLowerCase()}`);
  const distribution = { distribution_id: randomUUID(), session_id: page.session_id, method, contact: given, distributed_at: work.now };
  work.put('distributions', distribution.distribution_id, distribution);
  return bareAnswer(work.world.switches.get('distribution_status'));
}

function findPage(work: Work, pageId: string): HostedPage {
  const unknown = new KlarnaRefusal(404, 'NOT_FOUND', ['HPP session not found or expired']);
  const page = work.world.store.rows.hosted_pages.get(pageId);
  if (page === undefined) throw unknown;
  if (page.merchant !== work.merchant) throw refuseForeign(work.world, unknown);
  const lapsed = page.expires_at <= work.now && !['COMPLETED', 'CANCELLED', 'DISABLED'].includes(page.status);
  // A read may show that it is over; there is nothing else to be done with it.
  if (lapsed && (work.call.method !== 'GET' || work.world.switches.get('expired_page') === 'not_found')) throw unknown;
  return page;
}

/** What a URL of this very host names. */
function purchaseAt(work: Work, url: string): Purchase {
  const at = URL.canParse(url) ? new URL(url) : undefined;
  if (at !== undefined && isHere(at, new URL(work.call.baseUrl))) {
    for (const [path, find] of PURCHASES) {
      const id = path.exec(at.pathname)?.[1];
      if (id !== undefined) return find(work, id);
    }
  }
  throw new KlarnaRefusal(400, 'BAD_VALUE', ['Bad value: payment_session_url']);
}

/** This machine has several names. */
function isHere(url: URL, here: URL): boolean {
  return (
    url.protocol === here.protocol &&
    (url.host === here.host || (url.port === here.port && LOOPBACK.has(url.hostname) && LOOPBACK.has(here.hostname)))
  );
}

function paymentSession(work: Work, id: string): Purchase {
  const session = work.world.store.rows.sessions.get(id);
  if (session === undefined || session.expires_at - ENDS_BEFORE_MS <= work.now) throw notFound();
  if (session.merchant !== work.merchant) throw refuseForeign(work.world, notFound());
  if (session.status === 'complete') throw sessionCompleted();
  return { paid: { api: 'payments', id }, endsAt: session.expires_at };
}

/** A checkout that was completed or aborted can't be paid any more than one that is gone. */
function checkoutOrder(work: Work, written: string): Purchase {
  const id = written.toLowerCase();
  const checkout = work.world.store.rows.checkouts.get(id);
  const moved = work.world.switches.get('moved_checkout') !== 'answered';
  if (checkout === undefined || moved || !isShown(work.world, checkout)) throw notFound();
  if (checkout.merchant !== work.merchant) throw refuseForeign(work.world, notFound());
  const endsAt = checkout.last_modified_at + CHECKOUT_LIFETIME_MS;
  const over = checkout.completed_at !== undefined || checkout.aborted === true || endsAt - ENDS_BEFORE_MS <= work.now;
  if (over) throw notFound();
  return { paid: { api: 'checkout', id }, endsAt };
}

function refusal(message: string): KlarnaRefusal {
  return new KlarnaRefusal(400, 'BAD_REQUEST', [message]);
}
