import { basicCredentials } from './klarna/accounts.js';
import type { Order, RequestRecord } from './klarna/model.js';
import { remainingAmount, statusOf } from './klarna/order-state.js';
import { capturesOf, refundsOf } from './klarna/order-view.js';
import { namedByPath } from './klarna/routes.js';
import type { KlarnaCall, World } from './klarna/work.js';
import type { JsonObject } from './json.js';

/** Bodies and headers of requests are kept in memory up to this many bytes, the newest first. */
const RAW_BYTES_KEPT = 64 * 1024 * 1024;

interface RawRequest {
  headers: JsonObject;
  body: Buffer;
}

/** What really happened: every request to a Klarna path, and the true state of every order. No switch and no fault changes it. */
export class Ledger {
  private sequence: number;
  private readonly byResource = new Map<string, Set<number>>();
  private readonly raw = new Map<number, RawRequest>();
  private rawBytes = 0;

  constructor(private readonly world: World) {
    const records = [...world.store.rows.requests.values()];
    this.sequence = records.reduce((highest, record) => Math.max(highest, record.sequence), 0);
    for (const record of records) this.index(record);
  }

  /** Notes that a request has arrived. It is written to the file when it is carried out or answered. */
  arrived(call: KlarnaCall, merchant: string | null, idempotencyKey: string | null): RequestRecord {
    const named = namedByPath(call.path);
    const record: RequestRecord = {
      sequence: ++this.sequence,
      at: this.world.clock.now(),
      merchant,
      method: call.method,
      path: call.path,
      idempotency_key: idempotencyKey,
      body_sha256: call.bodySha256,
      body_bytes: call.body.length,
      order_id: named.orderId !== null && this.world.store.rows.orders.has(named.orderId) ? named.orderId : null,
      authorization_token: named.token,
      executed: false,
      replayed: false,
      outcome: null,
      status: null,
      fault: null,
    };
    this.world.store.show('requests', String(record.sequence), record);
    this.index(record);
    this.keepRaw(record.sequence, call);
    return record;
  }

  /** Makes a request findable by the order and the authorization token it names. */
  index(record: RequestRecord): void {
    for (const resource of [
      record.order_id && `order ${record.order_id}`,
      record.authorization_token && `token ${record.authorization_token}`,
    ]) {
      if (!resource) continue;
      const found = this.byResource.get(resource) ?? new Set();
      this.byResource.set(resource, found.add(record.sequence));
    }
  }

  /** One order: its true amounts in minor units, its captures and refunds, and all requests that made or touched it. */
  order(orderId: string): JsonObject | undefined {
    const order = this.world.store.rows.orders.get(orderId.toLowerCase());
    if (order === undefined) return undefined;
    const { clock } = this.world;
    return {
      ...this.orderSummary(order),
      session_id: order.session_id,
      customer_token: order.customer_token ?? null,
      merchant_reference1: order.purchase.merchant_reference1 ?? null,
      merchant_reference2: order.purchase.merchant_reference2 ?? null,
      original_order_amount: order.original_order_amount,
      fraud_status: order.fraud_status,
      purchase_currency: order.purchase.purchase_currency,
      created_at: clock.iso(order.created_at),
      expires_at: clock.iso(order.expires_at),
      captures: capturesOf(this.world, order).map((capture) => ({
        capture_id: capture.capture_id,
        captured_amount: capture.captured_amount,
        reference: capture.reference ?? null,
        idempotency_key: capture.idempotency_key,
        captured_at: clock.iso(capture.captured_at),
        // What Klarna itself does not show.
        ...(capture.send_outs !== undefined && { send_outs: capture.send_outs }),
        ...(capture.due_date_extensions !== undefined && { due_date_extensions: capture.due_date_extensions }),
      })),
      refunds: refundsOf(this.world, order).map((refund) => ({
        refund_id: refund.refund_id,
        refunded_amount: refund.refunded_amount,
        reference: refund.reference ?? null,
        idempotency_key: refund.idempotency_key,
        refunded_at: clock.iso(refund.refunded_at),
      })),
      requests: this.requestsOf(order).map((record) => this.view(record)),
    };
  }

  /** One hosted page: what is paid on it, how it stands, and every message with its link. */
  hostedPage(pageId: string): JsonObject | undefined {
    const page = this.world.store.rows.hosted_pages.get(pageId);
    if (page === undefined) return undefined;
    const { session_id, paid, status, place_order_mode, authorization_token = null, order_id = null } = page;
    const payment_session_id = paid.api === 'payments' ? paid.id : null;
    const checkout_order_id = paid.api === 'checkout' ? paid.id : null;
    const { clock, store } = this.world;
    const distributions = [...store.rows.distributions.values()].filter((each) => each.session_id === pageId);
    return {
      ...{ session_id, payment_session_id, checkout_order_id, status, place_order_mode, authorization_token, order_id },
      distributions: distributions.map(({ method, contact, distributed_at }) => ({
        method,
        contact,
        distributed_at: clock.iso(distributed_at),
      })),
    };
  }

  hostedPages(): JsonObject[] {
    return [...this.world.store.rows.hosted_pages.keys()].map((id) => this.hostedPage(id)).filter((page) => page !== undefined);
  }

  /** Every checkout as it really is, whatever Klarna would show of it. */
  checkouts(): JsonObject[] {
    return [...this.world.store.rows.checkouts.values()].map(({ order_id, purchase, aborted = false, completed_at }) => ({
      ...{ order_id, order_amount: purchase.order_amount, merchant_reference1: purchase.merchant_reference1 ?? null },
      ...{ aborted, completed: completed_at !== undefined },
    }));
  }

  orders(): JsonObject[] {
    return [...this.world.store.rows.orders.values()].map((order) => this.orderSummary(order));
  }

  /** Every customer token, with the orders that were charged to it. */
  customerTokens(): JsonObject[] {
    const { rows } = this.world.store;
    return [...rows.customer_tokens.values()].map(({ token_id, authorization_token, status, payment_method_category }) => ({
      ...{ token_id, authorization_token, status, payment_method_category },
      order_ids: [...rows.orders.values()].filter((order) => order.customer_token === token_id).map(({ order_id }) => order_id),
    }));
  }

  /** Requests after `since`, oldest first. @param full adds the exact bytes (base64) and headers, while they are still in memory */
  requests(since: number, full: boolean): JsonObject[] {
    const found: JsonObject[] = [];
    for (const record of this.world.store.rows.requests.values()) {
      if (record.sequence <= since) continue;
      const raw = full ? this.raw.get(record.sequence) : undefined;
      found.push({
        ...this.view(record),
        ...(full && { headers: raw?.headers ?? null, body_base64: raw?.body.toString('base64') ?? null }),
      });
    }
    return found;
  }

  /** Totals over everything; amounts in minor units per currency. */
  summary(): JsonObject {
    const { rows } = this.world.store;
    const amounts: Record<string, { order_amount: number; captured_amount: number; refunded_amount: number }> = {};
    for (const order of rows.orders.values()) {
      const currency = order.purchase.purchase_currency.toUpperCase();
      const sums = (amounts[currency] ??= { order_amount: 0, captured_amount: 0, refunded_amount: 0 });
      sums.order_amount += order.order_amount;
      sums.captured_amount += order.captured_amount;
      sums.refunded_amount += order.refunded_amount;
    }
    const requests = [...rows.requests.values()];
    return {
      sessions: rows.sessions.size,
      orders: rows.orders.size,
      customer_tokens: rows.customer_tokens.size,
      captures: rows.captures.size,
      refunds: rows.refunds.size,
      requests: requests.length,
      executed: requests.filter((request) => request.executed).length,
      amounts,
    };
  }

  clear(): void {
    this.byResource.clear();
    this.raw.clear();
    this.rawBytes = 0;
  }

  private orderSummary(order: Order): JsonObject {
    const now = this.world.clock.now();
    return {
      order_id: order.order_id,
      status: statusOf(order, now, this.world.switches.get('status_after_expiry')),
      order_amount: order.order_amount,
      captured_amount: order.captured_amount,
      refunded_amount: order.refunded_amount,
      remaining_authorized_amount: remainingAmount(order, now),
      acknowledged: order.acknowledged,
    };
  }

  /** Every request that named this order or the authorization token it was made with, oldest first. */
  requestsOf(order: Order): RequestRecord[] {
    const resources = [`order ${order.order_id}`, ...(order.authorization_token === null ? [] : [`token ${order.authorization_token}`])];
    const sequences = resources.flatMap((resource) => [...(this.byResource.get(resource) ?? [])]);
    return [...new Set(sequences)].sort((a, b) => a - b).flatMap((sequence) => this.world.store.rows.requests.get(String(sequence)) ?? []);
  }

  private view(record: RequestRecord): JsonObject {
    return { ...record, at: this.world.clock.iso(record.at) };
  }

  private keepRaw(sequence: number, call: KlarnaCall): void {
    const { authorization, ...headers } = call.headers;
    const user = basicCredentials(authorization)?.username;
    // The password is nobody's business, not even a test's: somebody may have pointed real credentials here.
    const shown = { ...headers, ...(authorization !== undefined && { authorization: `Basic ${user ?? ''}:***` }) } as JsonObject;
    this.raw.set(sequence, { headers: shown, body: call.body });
    this.rawBytes += call.body.length + 1024;
    for (const [oldest, { body }] of this.raw) {
      if (this.rawBytes <= RAW_BYTES_KEPT) break;
      this.raw.delete(oldest);
      this.rawBytes -= body.length + 1024;
    }
  }
}
