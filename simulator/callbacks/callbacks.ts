import { randomUUID } from 'node:crypto';
import type { VirtualClock } from '../clock.js';
import type { JsonObject } from '../json.js';
import { filledUrl } from '../klarna/hosted-page-state.js';
import type { HostedPage, Order, Session } from '../klarna/model.js';
import type { Put, Store } from '../state/store.js';
import type { Switches } from '../switches.js';
import type { Callback, CallbackAttempt, CallbackKind } from './callback.js';
import { checkoutSource } from './checkout-source.js';
import { Disorder, withheld } from './disorder.js';
import { filledIn } from './placeholders.js';
import { CallbackSender, type Outcome } from './send.js';
import { CHECKOUT_PUSH_AFTER_MS, nextAttemptAt, patienceFor } from './timing.js';

/** The events of `notification`: how a pending order was decided, or that an order is stopped. */
export const FRAUD_EVENTS = ['ACCEPTED', 'REJECTED', 'STOPPED'] as const;
export type FraudEvent = (typeof FRAUD_EVENTS)[number];

/** A callback before it is one. */
interface Plan {
  kind: CallbackKind;
  /** As the merchant wrote it. */
  url: string | undefined;
  session_id: string | null;
  order_id: string | null;
  body: JsonObject | null;
  at: number;
}

/** What is sent in place of a callback, on command. */
export interface Instead {
  url: string;
  body: string;
}

/**
 * Klarna's calls to the merchant, with their schedules on the virtual clock. None is signed, any may come twice, late or never (the
 * switches say how many do), and what the merchant answers never changes an order.
 */
export class Callbacks {
  constructor(
    private readonly store: Store,
    private readonly clock: VirtualClock,
    private readonly switches: Switches,
    private readonly sender = new CallbackSender(),
    private readonly disorder = new Disorder(switches),
    private readonly isLosing = false,
  ) {}

  /** The same, but that whatever is planned here gets lost: it is listed, and not sent. */
  losing(): Callbacks {
    return new Callbacks(this.store, this.clock, this.switches, this.sender, this.disorder, true);
  }

  /** Plans the `authorization` callback of a session. Call the returned function once `puts` is committed. */
  planAuthorization(puts: Put[], session: Session, at: number): () => void {
    const { session_id, authorization_token, purchase } = session;
    const references = this.switches.get('authorization_references') === 'told';
    const { merchant_reference1, merchant_reference2 } = purchase;
    const body = { authorization_token, session_id, ...(references && { merchant_reference1, merchant_reference2 }) };
    return this.plan(puts, { kind: 'authorization', url: purchase.merchant_urls?.authorization, session_id, order_id: null, body, at });
  }

  /** Plans the Payments push of a placed order: a POST without a body, told apart only by its URL. */
  planPush(puts: Put[], { session_id, order_id, purchase }: Order, at: number): () => void {
    return this.plan(puts, { kind: 'push', url: purchase.merchant_urls?.push, session_id, order_id, body: null, at });
  }

  /** Plans Checkout's push of a completed order: not sent at all when the order is acknowledged before. */
  planCheckoutPush(puts: Put[], { order_id, purchase }: Order, now: number): () => void {
    const at = now + CHECKOUT_PUSH_AFTER_MS;
    return this.plan(puts, { kind: 'checkout_push', url: purchase.merchant_urls?.push, session_id: null, order_id, body: null, at });
  }

  /** Plans the notification about the fraud assessment of an order. */
  planNotification(puts: Put[], { session_id, order_id, purchase }: Order, event: FraudEvent, at: number): () => void {
    const body = { order_id, event_type: `FRAUD_RISK_${event}` };
    return this.plan(puts, { kind: 'notification', url: purchase.merchant_urls?.notification, session_id, order_id, body, at });
  }

  /** Plans the callback about a new status of a hosted page. @param view the page as its read would show it */
  planStatusUpdate(puts: Put[], page: HostedPage, view: JsonObject, at: number): () => void {
    const body = { event_id: randomUUID(), session: view };
    const { session_id, order_id = null } = page;
    return this.plan(puts, { kind: 'status_update', url: filledUrl(page, 'status_update'), session_id, order_id, body, at });
  }

  /** Takes up the schedules that a restart interrupted. */
  resume(): void {
    for (const callback of this.store.rows.callbacks.values()) this.schedule(callback);
  }

  /** Begins anew, after everything was wiped. */
  reset(): void {
    this.disorder.reset();
  }

  /**
   * Sends once, at once, whatever the schedule says; never throws.
   * @param callback what is repeated; gets an attempt of its own that doesn't count in the schedule
   */
  async sendNow(callback: Callback, { url, body }: Instead): Promise<Outcome> {
    const outcome = await this.call(callback, url, body);
    this.note(callback.callback_id, { at: this.clock.now(), ...outcome, on_command: true });
    return outcome;
  }

  /** Sends what is no callback of anybody's, once; never throws. */
  sendMadeUp({ url, body }: Instead, contentType: string | undefined): Promise<Outcome> {
    return this.sender.send(
      url,
      body,
      { ...patienceFor('push', this.switches), contentType },
      this.switches.get('callbacks_http_loopback'),
    );
  }

  /** A withheld callback comes now, and goes on with the schedule of its kind from now. Resolves when its first attempt was answered. */
  async release(id: string): Promise<Outcome> {
    const callback = this.store.rows.callbacks.get(id);
    if (callback?.withheld === undefined) return { status: null, error: 'not sent: it is not withheld any more' };
    const now = this.clock.now();
    this.store.commit([['callbacks', id, { ...callback, withheld: undefined, first_at: now, next_at: now }]], now);
    return (await this.attempt(id)) ?? { status: null, error: 'not sent: the order is acknowledged' };
  }

  close(): void {
    this.sender.close();
  }

  private plan(puts: Put[], { kind, url, session_id, order_id, body, at }: Plan): () => void {
    if (url === undefined) return () => {};
    const fromCheckout = this.isFromCheckout(order_id);
    const planned: Callback = {
      callback_id: randomUUID(),
      kind,
      url: filledIn(url, { kind, session_id, order_id, fromCheckout }, this.switches),
      body: body === null ? '' : JSON.stringify(body),
      session_id,
      order_id,
      first_at: at,
      next_at: at,
      attempts: [],
    };
    const coming = this.isLosing ? [withheld(planned, 'lost')] : this.disorder.of(planned);
    for (const callback of coming) puts.push(['callbacks', callback.callback_id, callback]);
    return () => coming.forEach((callback) => this.schedule(callback));
  }

  private schedule(callback: Callback): void {
    if (callback.next_at !== null) this.clock.schedule(callback.next_at, () => void this.attempt(callback.callback_id));
  }

  /** @returns undefined when there is nothing to be sent any more */
  private async attempt(id: string): Promise<Outcome | undefined> {
    const callback = this.store.rows.callbacks.get(id);
    if (callback === undefined || callback.next_at === null || this.sender.isClosed) return undefined;
    if (this.stoppedByAcknowledge(callback)) {
      this.store.commit([['callbacks', id, { ...callback, next_at: null }]], this.clock.now());
      return undefined;
    }
    const outcome = await this.call(callback, callback.url, callback.body);
    const scheduled = callback.attempts.filter((attempt) => attempt.on_command !== true).length + 1;
    const done = this.note(id, { at: this.clock.now(), ...outcome }, nextAttemptAt(callback, scheduled, outcome, this.switches));
    if (done !== undefined) this.schedule(done);
    return outcome;
  }

  private call(callback: Callback, url: string, body: string): Promise<Outcome> {
    const from = this.isFromCheckout(callback.order_id) ? checkoutSource(this.switches, url) : undefined;
    return this.sender.send(
      url,
      body,
      { ...patienceFor(callback.kind, this.switches), from },
      this.switches.get('callbacks_http_loopback'),
    );
  }

  /** Writes an attempt down, unless the state was wiped or the simulator closed while the merchant took its time. */
  private note(id: string, attempt: CallbackAttempt, next_at?: number | null): Callback | undefined {
    const callback = this.store.rows.callbacks.get(id);
    if (callback === undefined || this.sender.isClosed) return undefined;
    const noted = { ...callback, attempts: [...callback.attempts, attempt], ...(next_at !== undefined && { next_at }) };
    this.store.commit([['callbacks', id, noted]], this.clock.now());
    return noted;
  }

  private isFromCheckout(orderId: string | null): boolean {
    return orderId !== null && this.store.rows.checkouts.has(orderId);
  }

  private stoppedByAcknowledge(callback: Callback): boolean {
    const stops =
      callback.kind === 'checkout_push' || (callback.kind === 'push' && this.switches.get('push_repeats') === 'until_acknowledged');
    return stops && callback.order_id !== null && this.store.rows.orders.get(callback.order_id)?.acknowledged === true;
  }
}
