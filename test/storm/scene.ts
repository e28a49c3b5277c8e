import { hashOf } from './collect.js';
import { compare, type Evidence } from './compare.js';
import { bodyOf, kindOf, type KindName, placed, type Target } from './kinds.js';
import type { Ask, Finding, IntentRecord, Ledger, LedgerOrder, LedgerRequest, OperationRow, Rows, StoredOrder, Told } from './records.js';

export const ORDER = '11111111-1111-4111-8111-111111111111';
export const PATH = `/ordermanagement/v1/orders/${ORDER}`;

const SEEN = { merchant_reference1: 'storm 1.1', merchant_reference2: null, expires_at: '2027-01-01T00:00:00.000Z' };

/** One order with one keyed capture of 500: everybody agrees. A test changes what it is about. */
export class Scene {
  told: Told = answer(201, { capture: 'cap-1', location: `${PATH}/captures/cap-1` });
  asks: Ask[] = [];
  capture: OperationRow = operation('op-1', 'capture', { key: 'key-1', reference: 'storm 1.2', amount: 500 });
  operations: OperationRow[] = [];
  requests: LedgerRequest[] = [request(1, '/captures', 'op-1/1')];
  order: LedgerOrder = {
    ...{ order_id: ORDER, session_id: 'session-1', status: 'PART_CAPTURED', order_amount: 1_000, ...SEEN },
    ...{ customer_token: null, acknowledged: true },
    ...{ captured_amount: 500, refunded_amount: 0, remaining_authorized_amount: 500 },
    captures: [{ id: 'cap-1', amount: 500, reference: 'storm 1.2', key: 'op-1/1' }],
    refunds: [],
  };
  stored: StoredOrder = {
    ...{ order_id: ORDER, status: 'PART_CAPTURED', order_amount: 1_000, captured_amount: 500, refunded_amount: 0, ...SEEN },
    ...{ remaining_authorized_amount: 500, anomaly: null, drifts: 0, captures: { 'cap-1': 500 }, refunds: {} },
  };
  contradictions: Rows['contradictions'] = [];
  views: IntentRecord['views'] = new Map();
  intents: IntentRecord[] = [];
  orders: LedgerOrder[] = [];
  tokens: Ledger['tokens'] = [];
  pages: Ledger['pages'] = [];
  checkouts: Ledger['checkouts'] = [];
  moreStored: StoredOrder[] = [];
  key: string | null = 'key-1';

  evidence(): Evidence {
    const asks = this.asks.length > 0 ? this.asks : [ask(this.told)];
    const order: IntentRecord = {
      ...wanted('1.1', 'create-order', { sessionId: 'session-1', authorizationToken: 'token' }, { amount: 1_000 }),
      orderId: ORDER,
      asks: [ask(answer(200, { text: JSON.stringify({ order_id: ORDER }) }))],
    };
    const captured: IntentRecord = {
      ...wanted('1.2', 'capture', { orderId: ORDER }, { key: this.key, amount: 500 }),
      asks,
      views: this.views,
    };
    const rows: Rows = {
      operations: [operation('op-0', 'create-order', { lane: null, reference: 'storm 1.1' }), this.capture, ...this.operations],
      orders: [this.stored, ...this.moreStored],
      contradictions: this.contradictions,
    };
    const ledger: Ledger = {
      orders: [this.order, ...this.orders],
      tokens: this.tokens,
      pages: this.pages,
      checkouts: this.checkouts,
      requests: this.requests,
    };
    return { intents: [order, captured, ...this.intents], rows, ledger, noticed: [] };
  }

  found(): string[] {
    return compare(this.evidence()).map(({ column, what }: Finding) => `${column}: ${what}`);
  }
}

export function answer(status: number, more: Partial<Told> = {}): Told {
  return { status, location: null, capture: null, refund: null, text: '', code: null, operation: null, ...more };
}
export function ask(told: Told | null, began = 0, how: Ask['how'] = 'first'): Ask {
  return { how, began, ended: began + 10, told, by: 'api1-1' };
}
/** What a shop wants of this kind; nobody has asked for it yet. */
export function wanted(
  id: string,
  kind: KindName,
  target: Target,
  { key = null, amount = 0 }: { key?: string | null; amount?: number } = {},
): IntentRecord {
  const reference = `storm ${id}`;
  const { method, path } = kindOf(kind);
  const body = hashOf(bodyOf(kind, { amount, reference }, target));
  return {
    ...{ id, kind, key, reference, amount, target, method, path: placed(path, target) ?? path, body },
    ...{ orderId: target['orderId'] ?? null, asks: [], views: new Map() },
  };
}

/** The operation of an intent. */
export function rowOf(intent: IntentRecord, more: Partial<OperationRow> = {}): OperationRow {
  const { operation: kind, named, role } = kindOf(intent.kind);
  const { method, path, body, key } = intent;
  return {
    ...{ id: `op-${intent.id}`, kind, state: 'succeeded', reason: null, lane: intent.orderId, position: role === undefined ? 9 : 1, key },
    ...{ reference: named ? intent.reference : null, amount: null, providerKeys: [`op-${intent.id}/1`], answerHeaders: null, attempts: [] },
    ...{ looks: 0, address: { method, path, body } },
    ...more,
  };
}

/** A request of an intent, as Klarna carried it out. */
export function carriedOut(sequence: number, intent: IntentRecord, more: Partial<LedgerRequest> = {}): LedgerRequest {
  const { method, path, body, orderId } = intent;
  const key = kindOf(intent.kind).sameBy === 'key' ? `op-${intent.id}/1` : null;
  return {
    ...{ sequence, method, path, body, idempotency_key: key, order_id: orderId, executed: true, replayed: false },
    ...{ outcome: 204, status: 204, fault: null },
    ...more,
  };
}

export function operation(id: string, kind: string, more: Partial<OperationRow> = {}): OperationRow {
  const api = kind === 'create-order' ? 'payments' : 'order-management';
  return {
    ...{ id, kind: `${api}.${kind}`, state: 'succeeded', reason: null, lane: ORDER, position: 1, key: null, reference: null, amount: null },
    ...{ providerKeys: [`${id}/1`], answerHeaders: null, attempts: [], looks: 0, address: null },
    ...more,
  };
}
export function request(sequence: number, suffix: string, key: string, more: Partial<LedgerRequest> = {}): LedgerRequest {
  return {
    ...{ sequence, method: 'POST', path: PATH + suffix, idempotency_key: key, order_id: ORDER, executed: true, replayed: false },
    ...{ outcome: 201, status: 201, fault: null, body: hashOf(undefined) },
    ...more,
  };
}
export const refusal = (status: number, code: string, more: Partial<Told> = {}): Told =>
  answer(status, { code, text: `{"error_code":"${code}"}`, ...more });

/** A scene, and one more intent that everybody agrees about: it was asked for once, recorded, carried out, and told. */
export class Another {
  readonly scene = new Scene();
  row: OperationRow;
  requests: LedgerRequest[];
  asks: Ask[];

  constructor(
    readonly intent: IntentRecord,
    told: Told = answer(204),
  ) {
    this.row = rowOf(intent);
    this.requests = [carriedOut(7, intent)];
    this.asks = [ask(told)];
  }

  found(): string[] {
    this.scene.intents = [{ ...this.intent, asks: this.asks }];
    this.scene.operations = [this.row];
    this.scene.requests = [request(1, '/captures', 'op-1/1'), ...this.requests];
    return this.scene.found();
  }
}
