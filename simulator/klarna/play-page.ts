import type { JsonObject } from '../json.js';
import type { Put } from '../state/store.js';
import { jsonAnswer, KlarnaRefusal } from './answers.js';
import { agreeTo, CannotAuthorize } from './authorizations.js';
import { consume, orderAuthorized, refuseTokenOnly } from './authorized-order.js';
import { completeCheckout } from './complete-checkout.js';
import { isOpenPage, pageView, urlAfter } from './hosted-page-state.js';
import type { HostedPage, PageStatus } from './model.js';
import { NotApproved } from './open-checkout.js';
import type { Change, World } from './work.js';

/** What a shopper does on a page, or what happens to them there. */
export const PAGE_ACTIONS = ['open', 'pay', 'decline', 'back', 'cancel', 'error'] as const;
export type PageAction = (typeof PAGE_ACTIONS)[number];

/** The status that each leaves; what paying leaves depends. */
const STATUS_AFTER: Readonly<Record<Exclude<PageAction, 'pay'>, PageStatus>> = {
  open: 'IN_PROGRESS',
  decline: 'FAILED',
  back: 'BACK',
  cancel: 'CANCELLED',
  error: 'ERROR',
};

export interface Played {
  page: HostedPage;
  /** Where the shopper goes next; undefined: nowhere, Klarna shows a page of its own. */
  next: string | undefined;
}

/**
 * Plays the shopper on a hosted page: one commit, and a status_update callback when the status has changed.
 * @param given for `pay`: what `authorizeSession` takes, or `completeCheckout`, by what is paid
 * @param baseUrl where the snippet's frame of a checkout is
 * @throws CannotAuthorize 404 unknown or expired, 409 over, 400 a member breaks its documented form; CannotComplete as `completeCheckout`: the
 * page stays as it was, and its shopper there
 */
export async function playPage(world: World, pageId: string, action: PageAction, given: JsonObject, baseUrl: string): Promise<Played> {
  const page = openPage(world, pageId);
  const changed =
    action !== 'pay'
      ? leave(world, page, STATUS_AFTER[action])
      : page.paid.api === 'payments'
        ? payForSession(world, page, given)
        : await payForCheckout(world, page, given, baseUrl);
  if (changed.status !== page.status) {
    const told: Put[] = [];
    // The view tells of the order, which is not in the store before the commit.
    const start = world.callbacks.planStatusUpdate(told, changed, pageView(world, changed, changed.updated_at), changed.updated_at);
    world.store.commit(told, changed.updated_at);
    start();
  }
  return { page: changed, next: urlAfter(changed) };
}

/** @throws CannotAuthorize 404 unknown, 409 over */
function openPage(world: World, pageId: string): HostedPage {
  const now = world.clock.now();
  const page = world.store.rows.hosted_pages.get(pageId);
  if (page === undefined) throw new CannotAuthorize(404, 'Invalid page id');
  if (isOpenPage(page, now)) return page;
  throw new CannotAuthorize(409, `The page is ${page.expires_at <= now ? 'expired' : page.status.toLowerCase()}`);
}

function leave(world: World, page: HostedPage, status: PageStatus): HostedPage {
  const updated_at = world.clock.now();
  const left: HostedPage = { ...page, status, updated_at };
  world.store.commit([['hosted_pages', page.session_id, left]], updated_at);
  return left;
}

/** The shopper agrees; where the page is to, Klarna places the order, too. What is refused leaves everything as it was. */
function payForSession(world: World, page: HostedPage, given: JsonObject): HostedPage {
  const change: Change = { world, now: world.clock.now(), puts: [], afterCommit: [] };
  const { authorization, session, puts, start } = agreeTo(world, page.paid.id, given);
  const paid = (how: Partial<HostedPage>): HostedPage => {
    const changed: HostedPage = { ...page, status: 'COMPLETED', ...how, updated_at: change.now };
    world.store.commit([...puts, ...change.puts, ['hosted_pages', page.session_id, changed]], change.now);
    for (const next of [...change.afterCommit, start]) next();
    return changed;
  };
  if (page.place_order_mode === 'NONE') return paid({ authorization_token: authorization.authorization_token });
  try {
    refuseTokenOnly(world, authorization);
    const purchase = { ...authorization.purchase, auto_capture: page.place_order_mode === 'CAPTURE_ORDER' };
    const order = orderAuthorized(change, authorization, session, purchase);
    // No merchant has sent these bytes: whoever uses the token is told that it was used.
    consume(change, authorization, order, { body_sha256: '', answer: jsonAnswer(200, {}) });
    return paid({ order_id: order.order_id });
  } catch (refusal) {
    if (!(refusal instanceof KlarnaRefusal)) throw refusal;
    return leave(world, page, 'FAILED');
  }
}

/** A checkout becomes an order whatever the page's place_order_mode: it says itself whether it is captured at once. */
async function payForCheckout(world: World, page: HostedPage, given: JsonObject, baseUrl: string): Promise<HostedPage> {
  try {
    let paid = page;
    await completeCheckout(world, page.paid.id, given, baseUrl, ({ puts, now }, { order_id }) => {
      // While the shop was asked, it may have disabled the page.
      paid = { ...openPage(world, page.session_id), status: 'COMPLETED', order_id, updated_at: now };
      puts.push(['hosted_pages', page.session_id, paid]);
    });
    return paid;
  } catch (refusal) {
    if (!(refusal instanceof NotApproved)) throw refusal;
    return leave(world, openPage(world, page.session_id), 'FAILED');
  }
}
