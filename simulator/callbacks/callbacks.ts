import { randomUUID } from 'node:crypto';
import type { VirtualClock } from '../clock.js';
import type { JsonObject } from '../json.js';
import { filledUrl } from '../klarna/hosted-page-state.js';
import type { HostedPage, Order, Session } from '../klarna/model.js';
import type { Put, Store } from '../state/store.js';
import type { Switches } from '../switches.js';
import type { Callback, CallbackKind } from './callback.js';
import { checkoutSource } from './checkout-source.js';
import type { PostOptions } from './post.js';
import { CallbackSender, type Outcome } from './send.js';

const MINUTE_MS = 60_000;
/** Push and notification: every 10 minutes for 24 hours. */
const REPEAT_EVERY_MS = 10 * MINUTE_MS;
const REPEAT_FOR_MS = 24 * 60 * MINUTE_MS;
/** Pauses between the attempts of callbacks that are given up soon; any 2xx ends them. */
const PAUSES_MS: Partial<Record<CallbackKind, readonly number[]>> = {
  authorization: [1_000, 2_000],
  // "A few seconds apart": nobody outside Klarna knows how few.
  status_update: [3_000, 3_000, 3_000],
};
/** Checkout's push: 2 minutes after the purchase, then 5, 15, 30 and 60 minutes later, then every 4 hours for 48 hours. */
const CHECKOUT_PUSH_AFTER_MS = 2 * MINUTE_MS;
const CHECKOUT_PUSH_AT_MS = [5, 15, 30, 60].map((minutes) => minutes * MINUTE_MS);
const CHECKOUT_PUSH_EVERY_MS = 240 * MINUTE_MS;
const CHECKOUT_PUSH_FOR_MS = 48 * 60 * MINUTE_MS;

type Patience = Pick<PostOptions, 'connectMs' | 'readMs'>;

const PATIENCE: Record<Exclude<CallbackKind, 'notification'>, Patience> = {
  authorization: { connectMs: 2_000, readMs: 2_000 },
  push: { connectMs: 5_000, readMs: 5_000 },
  checkout_push: { connectMs: 5_000, readMs: 5_000 },
  status_update: { connectMs: 3_000, readMs: 3_000 },
};

/**
 * Klarna's calls to the merchant, with their schedules on the virtual clock. None is signed, any may come twice or late, and
 * what the merchant answers never changes an order.
 */
export class Callbacks {
  private readonly sender = new CallbackSender();
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly clock: VirtualClock,
    private readonly switches: Switches,
  ) {}

  /** Plans the `authorization` callback of a session. Call the returned function once `puts` is committed. */
  planAuthorization(puts: Put[], session: Session, at: number): () => void {
    const body = { authorization_token: session.authorization_token, session_id: session.session_id };
    return this.plan(
      puts,
      'authorization',
      session.purchase.merchant_urls?.authorization,
      session.session_id,
      null,
      JSON.stringify(body),
      at,
    );
  }

  /** Plans the Payments push of a placed order: a POST without a body, told apart only by its URL. */
  planPush(puts: Put[], order: Order, at: number): () => void {
    return this.plan(puts, 'push', order.purchase.merchant_urls?.push, order.session_id, order.order_id, '', at);
  }

  /** Plans Checkout's push of a completed order: not sent at all when the order is acknowledged before. */
  planCheckoutPush(puts: Put[], order: Order, at: number): () => void {
    const url = order.purchase.merchant_urls?.push;
    return this.plan(puts, 'checkout_push', url, null, order.order_id, '', at + CHECKOUT_PUSH_AFTER_MS);
  }

  /** Plans the notification about the decision of a pending order. */
  planNotification(puts: Put[], order: Order, at: number): () => void {
    const body = { order_id: order.order_id, event_type: `FRAUD_RISK_${order.fraud_status}` };
    const url = order.purchase.merchant_urls?.notification;
    return this.plan(puts, 'notification', url, order.session_id, order.order_id, JSON.stringify(body), at);
  }

  /** Plans the callback about a new status of a hosted page. @param view the page as its read would show it */
  planStatusUpdate(puts: Put[], page: HostedPage, view: JsonObject, at: number): () => void {
    const body = { event_id: randomUUID(), session: view };
    return this.plan(
      puts,
      'status_update',
      filledUrl(page, 'status_update'),
      page.session_id,
      page.order_id ?? null,
      JSON.stringify(body),
      at,
    );
  }

  /** Takes up the schedules that a restart interrupted. */
  resume(): void {
    for (const callback of this.store.rows.callbacks.values()) this.schedule(callback);
  }

  close(): void {
    this.closed = true;
    this.sender.close();
  }

  private plan(
    puts: Put[],
    kind: CallbackKind,
    url: string | undefined,
    sessionId: string | null,
    orderId: string | null,
    body: string,
    at: number,
  ): () => void {
    if (url === undefined) return () => {};
    const callback: Callback = {
      callback_id: randomUUID(),
      kind,
      url: filledIn(url, sessionId, orderId),
      body,
      session_id: sessionId,
      order_id: orderId,
      first_at: at,
      next_at: at,
      attempts: [],
    };
    puts.push(['callbacks', callback.callback_id, callback]);
    return () => this.schedule(callback);
  }

  private schedule(callback: Callback): void {
    if (callback.next_at !== null) this.clock.schedule(callback.next_at, () => void this.attempt(callback.callback_id));
  }

  private async attempt(id: string): Promise<void> {
    const callback = this.store.rows.callbacks.get(id);
    if (callback === undefined || callback.next_at === null || this.closed) return;
    if (this.stoppedByAcknowledge(callback)) {
      this.store.commit([['callbacks', id, { ...callback, next_at: null }]], this.clock.now());
      return;
    }
    const outcome = await this.sender.send(
      callback.url,
      callback.body,
      { ...this.patience(callback.kind), from: this.from(callback) },
      this.switches.get('callbacks_http_loopback'),
    );
    // While the merchant took its time the state may have been wiped or the simulator closed.
    if (this.closed || !this.store.rows.callbacks.has(id)) return;
    const attempts = [...callback.attempts, { at: this.clock.now(), ...outcome }];
    const done: Callback = { ...callback, attempts, next_at: this.nextAt(callback, attempts.length, outcome) };
    this.store.commit([['callbacks', id, done]], this.clock.now());
    this.schedule(done);
  }

  private patience(kind: CallbackKind): Patience {
    if (kind !== 'notification') return PATIENCE[kind];
    const ms = this.switches.get('notification_ms');
    return { connectMs: ms, readMs: ms };
  }

  private from({ order_id, url }: Callback): string | undefined {
    return order_id !== null && this.store.rows.checkouts.has(order_id) ? checkoutSource(this.switches, url) : undefined;
  }

  /** When to try again: counted from the planned time, not from a slow merchant's answer. Null: never. */
  private nextAt(callback: Callback, attempts: number, { status }: Outcome): number | null {
    const planned = callback.next_at ?? callback.first_at;
    const ok = status !== null && status >= 200 && status < 300;
    const pauses = PAUSES_MS[callback.kind];
    if (pauses !== undefined) {
      const pause = pauses[attempts - 1];
      return ok || pause === undefined ? null : planned + pause;
    }
    if (callback.kind === 'checkout_push') return checkoutPushAfter(callback.first_at, attempts);
    const repeats = this.switches.get('push_repeats');
    const stops =
      callback.kind === 'push'
        ? repeats === 'once' || (repeats === 'until_200' && status === 200)
        : status === 200 || (ok && this.switches.get('notification_stops_on') === 'any_2xx');
    const next = planned + REPEAT_EVERY_MS;
    return stops || next > callback.first_at + REPEAT_FOR_MS ? null : next;
  }

  private stoppedByAcknowledge(callback: Callback): boolean {
    const stops =
      callback.kind === 'checkout_push' || (callback.kind === 'push' && this.switches.get('push_repeats') === 'until_acknowledged');
    return stops && callback.order_id !== null && this.store.rows.orders.get(callback.order_id)?.acknowledged === true;
  }
}

/** Klarna fills in what it knows; each API has placeholders of its own. */
function filledIn(url: string, sessionId: string | null, orderId: string | null): string {
  const known = { '{session.id}': sessionId, '{order.id}': orderId, '{checkout.order.id}': orderId };
  return Object.entries(known).reduce((filled, [name, id]) => filled.replaceAll(name, id ?? name), url);
}

/** When Checkout's push is repeated; what the shop answers to it does not matter. Null: never. */
function checkoutPushAfter(firstAt: number, attempts: number): number | null {
  const quick = CHECKOUT_PUSH_AT_MS[attempts - 1];
  const later = (CHECKOUT_PUSH_AT_MS.at(-1) ?? 0) + (attempts - CHECKOUT_PUSH_AT_MS.length) * CHECKOUT_PUSH_EVERY_MS;
  const after = quick ?? later;
  return after > CHECKOUT_PUSH_FOR_MS ? null : firstAt + after;
}
