import type { JsonObject } from '../json.js';
import type { Put } from '../state/store.js';
import { jsonAnswer, KlarnaRefusal } from './answers.js';
import { agreeTo, CannotAuthorize } from './authorizations.js';
import { consume, orderAuthorized, refuseTokenOnly } from './authorized-order.js';
import { isOpenPage, pageView, urlAfter } from './hosted-page-state.js';
import type { HostedPage, PageStatus } from './model.js';
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
 * @param given for `pay`: members of a session, and `payment_method_category`
 * @throws CannotAuthorize 404 unknown or expired, 409 over, 400 a member breaks its documented form
 */
export function playPage(world: World, pageId: string, action: PageAction, given: JsonObject = {}): Played {
  const now = world.clock.now();
  const page = world.store.rows.hosted_pages.get(pageId);
  if (page === undefined) throw new CannotAuthorize(404, 'Invalid page id');
  if (!isOpenPage(page, now))
    throw new CannotAuthorize(409, `The page is ${page.expires_at <= now ? 'expired' : page.status.toLowerCase()}`);
  const change: Change = { world, now, puts: [], afterCommit: [] };
  const changed: HostedPage = {
    ...page,
    ...(action === 'pay' ? pay(change, page, given) : { status: STATUS_AFTER[action] }),
    updated_at: now,
  };
  const puts: Put[] = [...change.puts, ['hosted_pages', pageId, changed]];
  // The view tells of the order, which is not in the store before the commit.
  world.store.commit(puts, now);
  if (changed.status !== page.status) {
    const told: Put[] = [];
    change.afterCommit.push(world.callbacks.planStatusUpdate(told, changed, pageView(world, changed, now), now));
    world.store.commit(told, now);
  }
  for (const next of change.afterCommit) next();
  return { page: changed, next: urlAfter(changed) };
}

/** The shopper agrees; where the page is to, Klarna places the order, too. What is refused leaves everything as it was. */
function pay(change: Change, page: HostedPage, given: JsonObject): Partial<HostedPage> {
  const { world } = change;
  const { authorization, session, puts, start } = agreeTo(world, page.payment_session_id, given);
  const agreed = () => {
    change.puts.unshift(...puts);
    change.afterCommit.push(start);
  };
  if (page.place_order_mode === 'NONE') {
    agreed();
    return { status: 'COMPLETED', authorization_token: authorization.authorization_token };
  }
  try {
    refuseTokenOnly(authorization);
    const purchase = { ...authorization.purchase, auto_capture: page.place_order_mode === 'CAPTURE_ORDER' };
    const order = orderAuthorized(change, authorization, session, purchase);
    // No merchant has sent these bytes: whoever uses the token is told that it was used.
    consume(change, authorization, order, { body_sha256: '', answer: jsonAnswer(200, {}) });
    agreed();
    return { status: 'COMPLETED', order_id: order.order_id };
  } catch (refusal) {
    if (!(refusal instanceof KlarnaRefusal)) throw refusal;
    change.puts.length = 0;
    return { status: 'FAILED' };
  }
}
