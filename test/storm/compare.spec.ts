import { describe, expect, it } from '@jest/globals';
import { hashOf } from './collect.js';
import { compare, type Evidence, meaningOf } from './compare.js';
import { bodyOf, kindOf, type KindName, placed, type Target } from './kinds.js';
import type { Ask, Finding, IntentRecord, Ledger, LedgerOrder, LedgerRequest, OperationRow, Rows, StoredOrder, Told } from './records.js';

const ORDER = '11111111-1111-4111-8111-111111111111';
const PATH = `/ordermanagement/v1/orders/${ORDER}`;

const SEEN = { merchant_reference1: 'storm 1.1', merchant_reference2: null, expires_at: '2027-01-01T00:00:00.000Z' };

/** One order with one keyed capture of 500: everybody agrees. A test changes what it is about. */
class Scene {
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

function answer(status: number, more: Partial<Told> = {}): Told {
  return { status, location: null, capture: null, refund: null, text: '', code: null, operation: null, ...more };
}
function ask(told: Told | null, began = 0, how: Ask['how'] = 'first'): Ask {
  return { how, began, ended: began + 10, told, by: 'api1-1' };
}
/** What a shop wants of this kind; nobody has asked for it yet. */
function wanted(
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
function rowOf(intent: IntentRecord, more: Partial<OperationRow> = {}): OperationRow {
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
function carriedOut(sequence: number, intent: IntentRecord, more: Partial<LedgerRequest> = {}): LedgerRequest {
  const { method, path, body, orderId } = intent;
  const key = kindOf(intent.kind).sameBy === 'key' ? `op-${intent.id}/1` : null;
  return {
    ...{ sequence, method, path, body, idempotency_key: key, order_id: orderId, executed: true, replayed: false },
    ...{ outcome: 204, status: 204, fault: null },
    ...more,
  };
}

function operation(id: string, kind: string, more: Partial<OperationRow> = {}): OperationRow {
  const api = kind === 'create-order' ? 'payments' : 'order-management';
  return {
    ...{ id, kind: `${api}.${kind}`, state: 'succeeded', reason: null, lane: ORDER, position: 1, key: null, reference: null, amount: null },
    ...{ providerKeys: [`${id}/1`], answerHeaders: null, attempts: [], looks: 0, address: null },
    ...more,
  };
}
function request(sequence: number, suffix: string, key: string, more: Partial<LedgerRequest> = {}): LedgerRequest {
  return {
    ...{ sequence, method: 'POST', path: PATH + suffix, idempotency_key: key, order_id: ORDER, executed: true, replayed: false },
    ...{ outcome: 201, status: 201, fault: null, body: hashOf(undefined) },
    ...more,
  };
}
const refusal = (status: number, code: string, more: Partial<Told> = {}): Told =>
  answer(status, { code, text: `{"error_code":"${code}"}`, ...more });

describe('The comparison of three ledgers', () => {
  it('finds nothing when they agree, whatever was lost on the way', () => {
    const scene = new Scene();
    expect(scene.found()).toEqual([]);
    const pending = answer(202, { operation: 'op-1', location: '/operations/op-1' });
    scene.asks = [ask(null), ask(pending, 20), ask(refusal(503, 'TEMPORARILY_UNAVAILABLE'), 40), ask(scene.told, 60), ask(scene.told, 80)];
    expect(scene.found()).toEqual([]);
  });

  it('finds what happened twice, by reference and by operation', () => {
    const scene = new Scene();
    scene.order = {
      ...scene.order,
      captured_amount: 1_000,
      remaining_authorized_amount: 0,
      status: 'CAPTURED',
      captures: [...scene.order.captures, { id: 'cap-2', amount: 500, reference: 'storm 1.2', key: 'op-1/2' }],
    };
    scene.stored = {
      ...{ ...scene.stored, captured_amount: 1_000, remaining_authorized_amount: 0, status: 'CAPTURED' },
      captures: { 'cap-1': 500, 'cap-2': 500 },
    };
    Object.assign(scene.capture, { providerKeys: ['op-1/2', 'op-1/1'] });
    scene.requests.push(request(2, '/captures', 'op-1/2'));
    expect(scene.found()).toEqual([
      'doubles: happened 2 times, wanted 1: cap-1, cap-2',
      'doubles: order-management.capture was carried out 2 times (requests 1, 2)',
    ]);
  });

  describe('when nothing happened at Klarna', () => {
    const nothing = (): Scene => {
      const scene = new Scene();
      scene.requests = [];
      scene.order = { ...scene.order, status: 'AUTHORIZED', captured_amount: 0, remaining_authorized_amount: 1_000, captures: [] };
      scene.stored = { ...scene.stored, status: 'AUTHORIZED', captured_amount: 0, remaining_authorized_amount: 1_000, captures: {} };
      return scene;
    };

    it('finds a success that was told, and one that was recorded', () => {
      expect(nothing().found()).toEqual([
        'lost: was told 201, but there is no capture cap-1',
        'lost: order-management.capture succeeded, and nothing happened',
      ]);
    });

    it('finds what was accepted and never ended, and what was accepted and is not there', () => {
      const scene = nothing();
      scene.told = answer(202, { operation: 'op-1' });
      Object.assign(scene.capture, { state: 'unknown' });
      expect(scene.found()).toEqual(['lost: order-management.capture was accepted and is unknown, for ever']);
      Object.assign(scene.capture, { state: 'manual', reason: 'ambiguous' });
      expect(scene.found()).toEqual([]);
      scene.told = answer(202, { operation: 'op-9' });
      expect(scene.found()).toEqual(['lost: was told 202 with op-9, which is not there']);
    });

    it('lets what waits behind a person wait, and nothing else', () => {
      const scene = nothing();
      scene.told = answer(202, { operation: 'op-1' });
      Object.assign(scene.capture, { state: 'accepted', position: 2 });
      expect(scene.found()).toHaveLength(1);
      scene.operations = [operation('op-2', 'capture', { state: 'manual', reason: 'ambiguous', position: 1 })];
      expect(scene.found()).toEqual([]);
      // A person's capture blocks captures, and what those block; not a refund by itself.
      Object.assign(scene.capture, { kind: 'order-management.refund' });
      expect(scene.found()).toContain('lost: order-management.refund was accepted and is accepted, for ever');
      scene.operations.push(operation('op-3', 'capture', { state: 'accepted', position: 1.5 }));
      expect(scene.found()).toEqual([]);
    });

    it('accepts every error', () => {
      const scene = nothing();
      Object.assign(scene.capture, { state: 'rejected' });
      scene.told = refusal(403, 'CAPTURE_NOT_ALLOWED');
      expect(scene.found()).toEqual([]);
    });
  });

  it('finds what was refused and happened, by the answer and by the row', () => {
    const scene = new Scene();
    scene.told = refusal(403, 'CAPTURE_NOT_ALLOWED');
    expect(scene.found()).toEqual(['answered with error, but executed: was told 403 CAPTURE_NOT_ALLOWED; what happened: cap-1']);
    Object.assign(scene.capture, { state: 'rejected' });
    expect(scene.found()).toContain('answered with error, but executed: order-management.capture is rejected and was carried out');
  });

  it('finds an error for now that was the only answer, and takes an announcement for what it is', () => {
    const scene = new Scene();
    for (const told of [
      refusal(503, 'TEMPORARILY_UNAVAILABLE'),
      refusal(504, 'GATEWAY_TIMEOUT'),
      refusal(502, 'PROVIDER_CREDENTIALS', { operation: 'op-1' }),
    ]) {
      scene.told = told;
      expect(scene.found()).toEqual([
        `answered with error, but executed: was told ${told.status} ${told.code}, and nothing else; what happened: cap-1`,
      ]);
    }
    for (const told of [
      refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op-1' }),
      refusal(409, 'OPERATION_PENDING', { operation: 'op-1' }),
      answer(202, { operation: 'op-1' }),
    ]) {
      scene.told = told;
      expect(scene.found()).toEqual([]);
    }
  });

  it('finds an operation that was shown as over without having happened', () => {
    const scene = new Scene();
    scene.told = answer(202, { operation: 'op-1' });
    scene.views = new Map([['op-1', { state: 'rejected', answer: null }]]);
    expect(scene.found()).toEqual(['answered with error, but executed: operation op-1 was shown as rejected; what happened: cap-1']);
  });

  it('finds another final answer to a repeat, and one that is pending again', () => {
    const scene = new Scene();
    const other = { ...scene.told, capture: 'cap-2' };
    scene.asks = [ask(scene.told), ask(other, 20, 'repeat')];
    expect(scene.found()).toEqual([
      'lost: was told 201, but there is no capture cap-2',
      expect.stringMatching(/^mismatches: two final answers: 201 .*cap-1.* and 201 .*cap-2/),
    ]);
    scene.asks = [ask(scene.told), ask(answer(202, { operation: 'op-1' }), 20, 'repeat')];
    expect(scene.found()).toEqual(['mismatches: was told 201 for good, and afterwards 202']);
  });

  it('finds another body under a key that was not refused', () => {
    const scene = new Scene();
    const withOther = (told: Told): string[] => {
      scene.asks = [ask(scene.told), ask(told, 20, 'other-body')];
      return scene.found();
    };
    expect(withOther(refusal(422, 'IDEMPOTENCY_KEY_REUSED'))).toEqual([]);
    expect(withOther(scene.told)).toEqual(['mismatches: another body under its key was answered 201']);
    expect(withOther(refusal(409, 'OPERATION_PENDING'))).toEqual([
      'mismatches: another body under its key was answered 409 OPERATION_PENDING, not 422',
    ]);
  });

  it('finds every difference between the rows and what Klarna has', () => {
    const scene = new Scene();
    scene.stored = { ...scene.stored, captured_amount: 0, captures: {}, anomaly: 'GOES_BACK' };
    expect(scene.found()).toEqual([
      'mismatches: captured_amount: 500 at Klarna, 0 in the database',
      'mismatches: captures: cap-1 of 500 is missing in the database',
      'mismatches: it is flagged: GOES_BACK',
    ]);
    scene.stored = new Scene().stored;
    scene.contradictions = [{ contradiction: 'a timeline has a gap', id: 'x' }];
    expect(scene.found()).toEqual(['mismatches: rows contradict each other: a timeline has a gap (x)']);
  });

  it('finds a wrong picture that was put right', () => {
    const scene = new Scene();
    scene.stored = { ...scene.stored, drifts: 1 };
    expect(scene.found()).toEqual(['mismatches: 1 differences were found that nothing explains']);
  });

  it('finds who sends with an old key after the new one, also when nothing comes of it', () => {
    const scene = new Scene();
    scene.capture = { ...scene.capture, providerKeys: ['op-1/2', 'op-1/1'] };
    scene.order = { ...scene.order, captures: [{ ...scene.order.captures[0]!, key: 'op-1/2' }] };
    scene.requests = [
      request(1, '/captures', 'op-1/1', { executed: false, outcome: null, status: null, fault: 'reset_before' }),
      request(2, '/captures', 'op-1/2'),
    ];
    expect(scene.found()).toEqual([]);
    scene.requests.push(request(3, '/captures', 'op-1/1', { executed: false, outcome: 403, status: 403 }));
    expect(scene.found()).toEqual([
      'mismatches: order-management.capture was sent with an old key (request 3) after its new one (request 2)',
    ]);
  });

  it('finds an operation for which Klarna is asked without a pause', () => {
    const scene = new Scene();
    scene.operations = [
      operation('op-9', 'create-order', { lane: null, state: 'abandoned', looks: 300, attempts: scene.capture.attempts }),
    ];
    expect(scene.found()).toEqual([]);
    scene.operations = [operation('op-9', 'create-order', { lane: null, state: 'abandoned', looks: 301 })];
    expect(scene.found()).toEqual(['mismatches: payments.create-order was sent 0 times and looked for 301 times']);
  });

  it('finds a caller who is put off for ever, after an answer and without one', () => {
    const scene = new Scene();
    const off = refusal(503, 'TEMPORARILY_UNAVAILABLE');
    scene.asks = [ask(scene.told), ask(off, 20), ask(off, 40, 'last')];
    expect(scene.found()).toEqual([
      'mismatches: was told 201 for good, and afterwards 503',
      'mismatches: its last repeat was told 503, and it is over',
    ]);
    scene.asks = [ask(null), ask(answer(202, { operation: 'op-1' }), 20, 'last')];
    expect(scene.found()).toEqual(['mismatches: its last repeat was told 202, and it is over']);
    scene.asks.push(ask(scene.told, 40, 'last'));
    expect(scene.found()).toEqual([]);
  });

  it('finds an order whose own operation knows nothing of it, whatever others are', () => {
    const scene = new Scene();
    const lost = { ...scene.order, order_id: 'lost', session_id: 'session-2', captures: [], captured_amount: 0 };
    const intent: IntentRecord = {
      ...wanted('2.1', 'create-order', { sessionId: 'session-2', authorizationToken: 't2' }, { amount: 1_000 }),
      asks: [ask(refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op-9' }))],
    };
    scene.intents = [intent];
    const own = operation('op-9', 'create-order', { lane: null, reference: 'storm 2.1', state: 'abandoned' });
    scene.operations = [
      own,
      operation('op-8', 'create-order', { lane: null, reference: 'storm 3.1', state: 'manual', reason: 'placed-without-id' }),
    ];
    const evidence = scene.evidence();
    const found = (): string[] =>
      compare({ ...evidence, ledger: { ...evidence.ledger, orders: [...evidence.ledger.orders, lost] } }).map(
        ({ column, what }) => `${column}: ${what}`,
      );
    expect(found()).toEqual([
      'answered with error, but executed: lost is there, and its operation is abandoned',
      'mismatches: Klarna has an order that the database has not',
    ]);
    Object.assign(own, { state: 'manual', reason: 'placed-without-id' });
    expect(found()).toEqual([]);
  });

  it('finds what nobody asked for, and what has no operation', () => {
    const scene = new Scene();
    scene.order = { ...scene.order, captures: [{ id: 'cap-1', amount: 500, reference: 'else', key: 'other' }] };
    const found = scene.found();
    expect(found).toContain('mismatches: cap-1 (else), which nobody asked for');
    expect(found).toContain('mismatches: cap-1 (else) was made without an operation (key other)');
    scene.order = { ...new Scene().order, session_id: 'session-9' };
    expect(scene.found()).toContain('mismatches: an order that nobody asked for');
  });

  it('finds a lane that was not kept', () => {
    const scene = new Scene();
    const second = operation('op-2', 'capture', { key: 'key-2', reference: 'storm 1.3', position: 2, state: 'rejected' });
    scene.operations = [second];
    const sent = (...requests: LedgerRequest[]): string[] => {
      scene.requests = requests;
      return scene.found();
    };
    const refused = { executed: false, outcome: 403, status: 403 };
    expect(sent(request(1, '/captures', 'op-1/1'), request(2, '/captures', 'op-2/1', refused))).toEqual([]);
    // Asked again after the other one was sent: it was not settled then.
    const again = request(3, '/captures', 'op-1/1', { executed: false, replayed: true });
    expect(sent(request(1, '/captures', 'op-1/1'), request(2, '/captures', 'op-2/1', refused), again)).toEqual([
      'mismatches: order-management.capture 2 (requests 2..2) was sent before order-management.capture 1 (requests 1..3) was settled',
    ]);
    expect(sent(request(1, '/captures', 'op-2/1', refused), request(2, '/captures', 'op-1/1'))).toHaveLength(1);
    // A refund and a capture do not wait for each other when what was captured covers it.
    Object.assign(second, { kind: 'order-management.refund' });
    expect(sent(request(1, '/captures', 'op-1/1'), request(2, '/refunds', 'op-2/1', refused), again)).toEqual([]);
  });

  it('counts requests without a key by what was accepted', () => {
    const scene = new Scene();
    scene.key = null;
    Object.assign(scene.capture, { key: null });
    expect(scene.found()).toEqual([]);
    scene.order = {
      ...scene.order,
      captures: [...scene.order.captures, { id: 'cap-2', amount: 500, reference: 'storm 1.2', key: 'op-1/1' }],
    };
    expect(scene.found()).toContain('doubles: happened 2 times, wanted 1: cap-1, cap-2');
  });
});

/** A scene, and one more intent that everybody agrees about: it was asked for once, recorded, carried out, and told. */
class Another {
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

const ON_ORDER = { orderId: ORDER, captureId: 'cap-1' };
const CHANGES = [
  ...(['authorization-update', 'acknowledge', 'extend-authorization', 'merchant-references', 'customer-details'] as const),
  ...(['shipping-info', 'capture-shipping-info', 'send-out', 'extend-due-date'] as const),
];
const keyed = (kind: KindName, key: string | null = 'key-2'): Another =>
  new Another(wanted('1.9', kind, ON_ORDER, { key, amount: kind === 'authorization-update' ? 1_000 : 14 }));

describe('A change of an order', () => {
  /** These are reached when a capture is there, as one is in the scene. */
  const byCapture: readonly KindName[] = ['acknowledge', 'extend-authorization'];
  const shown = CHANGES.filter((kind) => !byCapture.includes(kind));

  it.each(CHANGES)('%s is as it should be: nothing is found', (kind) => {
    expect(keyed(kind).found()).toEqual([]);
    expect(keyed(kind, null).found()).toEqual([]);
  });

  it.each(CHANGES)('%s that happened twice is found where that does harm, under one key and under two', (kind) => {
    const another = keyed(kind);
    another.requests.push(carriedOut(8, another.intent));
    const harmless = byCapture.includes(kind);
    const twice = ['happened 2 times, wanted 1: request 7, request 8', `${another.row.kind} was carried out 2 times (requests 7, 8)`];
    expect(another.found()).toEqual(harmless ? [] : twice.map((what) => `doubles: ${what}`));

    const renewed = keyed(kind);
    Object.assign(renewed.row, { providerKeys: ['op-1.9/2', 'op-1.9/1'] });
    renewed.requests.push(carriedOut(8, renewed.intent, { idempotency_key: 'op-1.9/2' }));
    expect(renewed.found()).toEqual(harmless ? [] : twice.map((what) => `doubles: ${what}`));
  });

  it.each(shown)('%s that was told, or is recorded, and did not happen is found', (kind) => {
    const another = keyed(kind);
    another.requests = [];
    expect(another.found()).toEqual([
      'lost: was told 204, but nothing happened',
      `lost: ${another.row.kind} succeeded, and nothing happened`,
    ]);
    another.row = { ...another.row, state: 'rejected' };
    expect(another.found()).toEqual(['lost: was told 204, but nothing happened']);
  });

  it.each(byCapture)('%s did not happen, but a capture brings the same about', (kind) => {
    const another = keyed(kind);
    another.requests = [];
    expect(another.found()).toEqual([]);
    const { order, stored } = new Scene();
    another.scene.order = { ...order, acknowledged: false, captures: [], captured_amount: 0, remaining_authorized_amount: 1_000 };
    another.scene.stored = { ...stored, captures: {}, captured_amount: 0, remaining_authorized_amount: 1_000 };
    expect(another.found()).toContain(`lost: ${another.row.kind} succeeded, and nothing happened`);
  });

  it.each(CHANGES)('%s that was refused and happened is found, by the answer and by the row', (kind) => {
    const another = keyed(kind);
    another.asks = [ask(refusal(403, 'NOT_ALLOWED'))];
    another.row = { ...another.row, state: 'rejected' };
    expect(another.found()).toEqual([
      'answered with error, but executed: was told 403 NOT_ALLOWED; what happened: request 7',
      `answered with error, but executed: ${another.row.kind} is rejected and was carried out`,
    ]);
  });

  it.each(CHANGES)("%s is a person's only for a reason that its kind has", (kind) => {
    const another = keyed(kind);
    another.asks = [ask(answer(202, { operation: 'op-1.9' }))];
    const manual = (reason: string): string[] => {
      another.row = { ...another.row, state: 'manual', reason };
      return another.found();
    };
    const never = (reason: string) => `mismatches: ${another.row.kind} is a person's because it is ${reason}, which its kind never is`;
    const hidden = ['acknowledge', 'send-out', 'extend-due-date'].includes(kind);
    expect(manual('absent-twice')).toEqual([]);
    expect(manual('not-shown')).toEqual(hidden ? [] : [never('not-shown')]);
    expect(manual('placed-without-id')).toEqual([never('placed-without-id')]);
  });

  it('that somebody else made with the same words is there, whoever it was; one with others is not', () => {
    const another = keyed('merchant-references', null);
    another.asks = [ask(null), ask(answer(204), 5, 'copy')];
    const twin = { ...another.row, id: 'op-twin', providerKeys: ['op-twin/1'] };
    another.requests = [carriedOut(7, another.intent, { idempotency_key: 'op-twin/1' })];
    const scene = another.scene;
    const found = (): string[] => {
      const evidence = scene.evidence();
      const operations = [...evidence.rows.operations, twin];
      return compare({ ...evidence, rows: { ...evidence.rows, operations } }).map(({ column, what }) => `${column}: ${what}`);
    };
    another.found();
    expect(found()).toEqual([]);
    scene.requests = [request(1, '/captures', 'op-1/1'), carriedOut(7, another.intent, { idempotency_key: 'op-twin/1', body: 'other' })];
    expect(found()).toContain('lost: order-management.merchant-references succeeded, and nothing happened');
  });

  it('that nobody recorded is found', () => {
    const another = keyed('shipping-info');
    another.requests.push(carriedOut(8, another.intent, { idempotency_key: 'nobody' }));
    expect(another.found()).toEqual([`mismatches: request 8 (${PATH}/shipping-info) was carried out without an operation (key nobody)`]);
  });

  it('waits for its turn when it moves money: an update before a capture that was accepted earlier is found', () => {
    const another = keyed('authorization-update');
    Object.assign(another.row, { position: 2 });
    expect(another.found()).toEqual([]);
    another.requests = [carriedOut(0, another.intent)];
    expect(another.found()).toEqual([
      'mismatches: order-management.authorization-update 2 (requests 0..0) was sent before order-management.capture 1 (requests 1..1) was settled',
    ]);
    // What moves none waits for nobody.
    const references = keyed('merchant-references');
    references.requests = [carriedOut(0, references.intent)];
    expect(references.found()).toEqual([]);
  });

  it('does not wait for a person behind one of its kind, unless it moves money', () => {
    const waiting = (kind: KindName): string[] => {
      const another = keyed(kind);
      Object.assign(another.row, { state: 'accepted', position: 2 });
      Object.assign(another, { requests: [], asks: [ask(answer(202, { operation: 'op-1.9' }))] });
      another.found();
      const evidence = another.scene.evidence();
      const before = {
        ...another.row,
        id: 'op-before',
        key: 'key-3',
        position: 1,
        state: 'manual',
        reason: 'absent-twice',
        providerKeys: [],
      };
      const operations = [...evidence.rows.operations, before];
      return compare({ ...evidence, rows: { ...evidence.rows, operations } }).map(({ column, what }) => `${column}: ${what}`);
    };
    expect(waiting('authorization-update')).toEqual([]);
    expect(waiting('merchant-references')).toEqual(['lost: order-management.merchant-references was accepted and is accepted, for ever']);
  });

  it('is in the stored order, too', () => {
    const scene = new Scene();
    scene.stored = { ...scene.stored, merchant_reference2: 'older', expires_at: '2026-12-01T00:00:00.000Z' };
    expect(scene.found()).toEqual([
      'mismatches: merchant_reference2: null at Klarna, older in the database',
      'mismatches: expires_at: 2027-01-01T00:00:00.000Z at Klarna, 2026-12-01T00:00:00.000Z in the database',
    ]);
  });
});

describe('A customer token', () => {
  const made = answer(200, { text: '{"token_id":"token-1"}' });
  const agreement = (): Another => {
    const another = new Another(wanted('2.1', 'create-customer-token', { sessionId: 's2', authorizationToken: 'a2' }), made);
    another.scene.tokens = [{ token_id: 'token-1', authorization_token: 'a2', status: 'ACTIVE' }];
    return another;
  };

  it('is as it should be: nothing is found', () => {
    expect(agreement().found()).toEqual([]);
  });

  it('that was told and is not there is found, and one that is there twice', () => {
    const another = agreement();
    another.asks = [ask(answer(200, { text: '{"token_id":"token-9"}' }))];
    expect(another.found()).toEqual(['lost: was told 200, but there is no customer token token-9']);
    const twice = agreement();
    twice.scene.tokens = [...twice.scene.tokens, { token_id: 'token-2', authorization_token: 'a2', status: 'ACTIVE' }];
    twice.requests.push(carriedOut(8, twice.intent));
    expect(twice.found()).toEqual([
      'doubles: happened 2 times, wanted 1: token-1, token-2',
      'doubles: payments.create-customer-token was carried out 2 times for 1 operations (requests 7, 8)',
    ]);
  });

  it('that was made while its operation knows nothing of it is found', () => {
    const another = agreement();
    another.asks = [ask(refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op-2.1' }))];
    another.row = { ...another.row, state: 'abandoned', reason: 'not-found' };
    expect(another.found()).toEqual([
      'answered with error, but executed: token-1 is there, and its operation is abandoned',
      'answered with error, but executed: payments.create-customer-token is abandoned (not-found) and was carried out',
    ]);
    another.row = { ...another.row, state: 'manual', reason: 'not-shown' };
    expect(another.found()).toEqual([]);
    another.row = { ...another.row, reason: 'absent-twice' };
    expect(another.found()).toHaveLength(1);
  });

  describe('that is charged', () => {
    const placed = answer(200, { text: '{"order_id":"order-2"}' });
    const charge = (key: string | null = 'key-2'): Another => {
      const another = new Another(wanted('2.2', 'order-of-token', { customerToken: 'token-1' }, { key, amount: 700 }), placed);
      const { order, stored } = another.scene;
      const amounts = { order_amount: 700, captured_amount: 0, remaining_authorized_amount: 700, merchant_reference1: 'storm 2.2' };
      another.scene.orders = [
        { ...order, ...amounts, order_id: 'order-2', session_id: null, customer_token: 'token-1', status: 'AUTHORIZED', captures: [] },
      ];
      another.scene.moreStored = [{ ...stored, ...amounts, order_id: 'order-2', status: 'AUTHORIZED', captures: {} }];
      return another;
    };

    it('is as it should be: nothing is found', () => {
      expect(charge().found()).toEqual([]);
      expect(charge(null).found()).toEqual([]);
    });

    it('twice for one key is found', () => {
      const another = charge();
      const [first] = another.scene.orders;
      another.scene.orders.push({ ...first!, order_id: 'order-3' });
      another.scene.moreStored.push({ ...another.scene.moreStored[0]!, order_id: 'order-3' });
      another.requests.push(carriedOut(8, another.intent, { idempotency_key: 'op-2.2/2' }));
      Object.assign(another.row, { providerKeys: ['op-2.2/2', 'op-2.2/1'] });
      expect(another.found()).toEqual([
        'doubles: happened 2 times, wanted 1: order-2, order-3',
        'doubles: customer-token.create-order was carried out 2 times (requests 7, 8)',
      ]);
    });

    it('and whose order is not there, or not in the database, is found', () => {
      const another = charge();
      another.scene.moreStored = [];
      expect(another.found()).toEqual(['mismatches: Klarna has an order that the database has not']);
      another.row = { ...another.row, state: 'manual', reason: 'not-shown' };
      another.asks = [ask(answer(202, { operation: 'op-2.2' }))];
      expect(another.found()).toEqual([]);
      const nothing = charge();
      Object.assign(nothing.scene, { orders: [], moreStored: [] });
      nothing.requests = [];
      expect(nothing.found()).toEqual([
        'lost: was told 200, but there is no order order-2',
        'lost: customer-token.create-order succeeded, and nothing happened',
      ]);
    });

    it('by nobody is found', () => {
      const another = charge();
      Object.assign(another.scene.orders[0]!, { merchant_reference1: 'else' });
      Object.assign(another.scene.moreStored[0]!, { merchant_reference1: 'else' });
      expect(another.found()).toContain('mismatches: an order that nobody asked for');
    });
  });

  describe('that is cancelled', () => {
    const cancel = (): Another => {
      const another = new Another(wanted('2.3', 'cancel-token', { customerToken: 'token-1' }), answer(202));
      another.scene.tokens = [{ token_id: 'token-1', authorization_token: 'a2', status: 'CANCELLED' }];
      return another;
    };

    it('is as it should be, also when Klarna was asked twice: nothing is found', () => {
      const another = cancel();
      another.requests.push(carriedOut(8, another.intent));
      expect(another.found()).toEqual([]);
      // Somebody else has cancelled it.
      another.requests = [];
      expect(another.found()).toEqual([]);
    });

    it('and goes on is found', () => {
      const another = cancel();
      another.requests = [];
      another.scene.tokens = [{ ...another.scene.tokens[0]!, status: 'ACTIVE' }];
      expect(another.found()).toEqual([
        'lost: was told 202, but the customer token is ACTIVE',
        'lost: customer-token.update-status succeeded, and nothing happened',
      ]);
    });

    it('although its caller was refused, and nobody else asked, is found', () => {
      const another = cancel();
      another.asks = [ask(refusal(403, 'TOKEN_CANCELED'))];
      another.row = { ...another.row, state: 'rejected' };
      expect(another.found()).toEqual(['answered with error, but executed: was told 403 TOKEN_CANCELED; what happened: request 7']);
      another.asks.push(ask(answer(202), 5, 'copy'));
      expect(another.found()).toEqual([]);
    });
  });
});

describe('A hosted page', () => {
  const page = (): Another => {
    const target = { sessionId: 's3', klarna: 'http://klarna' };
    const another = new Another(wanted('3.1', 'create-page', target), answer(201, { text: '{"session_id":"page-1"}' }));
    another.scene.pages = [{ session_id: 'page-1', payment_session_id: 's3', status: 'WAITING' }];
    return another;
  };
  const message = (): Another => new Another(wanted('3.2', 'distribute', { pageId: 'page-1' }));
  const doubt = answer(503, { operation: 'op-3.2', code: 'TEMPORARILY_UNAVAILABLE', text: 'the message may have been sent' });

  it('is as it should be, and so is its message: nothing is found', () => {
    expect(page().found()).toEqual([]);
    expect(message().found()).toEqual([]);
  });

  it('that was told and is not there is found', () => {
    const another = page();
    another.scene.pages = [];
    another.requests = [];
    expect(another.found()).toEqual([
      'lost: was told 201, but there is no page page-1',
      'lost: hosted-payment-page.create-session succeeded, and nothing happened',
    ]);
  });

  it('whose message was sent twice for one operation is found', () => {
    const another = message();
    another.requests.push(carriedOut(8, another.intent));
    expect(another.found()).toEqual([
      'doubles: happened 2 times, wanted 1: request 7, request 8',
      'doubles: hosted-payment-page.distribute was carried out 2 times for 1 operations (requests 7, 8)',
    ]);
  });

  it('whose message was sent again in doubt is found, also when it did not happen twice', () => {
    const another = message();
    another.requests = [
      carriedOut(6, another.intent, { executed: false, outcome: null, status: null, fault: 'timeout_before' }),
      carriedOut(7, another.intent),
    ];
    expect(another.found()).toEqual([
      'doubles: hosted-payment-page.distribute was sent again (request 7) after request 6 may have happened',
    ]);
    // What was certainly not done is done again.
    another.requests[0] = carriedOut(6, another.intent, { executed: false, outcome: null, status: 429, fault: 'status' });
    expect(another.found()).toEqual([]);
  });

  it('whose message may have been sent is given up in so many words, and not otherwise', () => {
    const another = message();
    another.asks = [ask(doubt)];
    another.row = { ...another.row, state: 'abandoned', reason: 'in-doubt' };
    expect(another.found()).toEqual([]);
    another.asks = [ask({ ...doubt, text: 'try again' })];
    expect(another.found()).toEqual([
      'answered with error, but executed: was told 503 TEMPORARILY_UNAVAILABLE, and nothing else; what happened: request 7',
    ]);
    another.asks = [ask(doubt)];
    another.row = { ...another.row, reason: 'wait-over' };
    expect(another.found()).toEqual([
      'answered with error, but executed: hosted-payment-page.distribute is abandoned (wait-over) and was carried out',
    ]);
  });

  it('that is disabled is so; a repeat of it does no harm', () => {
    const another = new Another(wanted('3.3', 'disable-page', { pageId: 'page-1' }));
    another.scene.pages = [{ session_id: 'page-1', payment_session_id: 's3', status: 'DISABLED' }];
    another.requests.push(carriedOut(8, another.intent));
    expect(another.found()).toEqual([]);
    another.scene.pages = [{ ...another.scene.pages[0]!, status: 'WAITING' }];
    another.requests = [];
    expect(another.found()).toEqual([
      'lost: was told 204, but the page is WAITING',
      'lost: hosted-payment-page.disable-session succeeded, and nothing happened',
    ]);
  });
});

describe('A checkout', () => {
  const target = { orderId: 'checkout-1' };
  const update = (id: string): IntentRecord => wanted(id, 'update-checkout', target, { amount: 900 });

  it('that was told and is not there is found; two for one request do no harm', () => {
    const another = new Another(wanted('4.1', 'open-checkout', {}, { amount: 900 }), answer(201, { text: '{"order_id":"checkout-1"}' }));
    another.scene.checkouts = [{ order_id: 'checkout-1', aborted: false }];
    another.requests.push(carriedOut(8, another.intent));
    expect(another.found()).toEqual([]);
    another.scene.checkouts = [];
    expect(another.found()).toEqual(['lost: was told 201, but there is no checkout checkout-1']);
  });

  it('that goes on although it was told to be aborted is found', () => {
    const another = new Another(wanted('4.2', 'abort-checkout', target), answer(200));
    another.scene.checkouts = [{ order_id: 'checkout-1', aborted: true }];
    expect(another.found()).toEqual([]);
    another.scene.checkouts = [{ order_id: 'checkout-1', aborted: false }];
    expect(another.found()).toEqual(['lost: was told 200, but the checkout goes on']);
  });

  it('that was aborted although its caller was refused is found; 503 with the operation says that it may have been', () => {
    const another = new Another(wanted('4.2', 'abort-checkout', target), refusal(403, 'READ_ONLY_ORDER'));
    another.row = { ...another.row, state: 'rejected' };
    expect(another.found()).toEqual(['answered with error, but executed: was told 403 READ_ONLY_ORDER; what happened: request 7']);
    another.asks = [ask(refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op-4.2' }))];
    another.row = { ...another.row, state: 'abandoned', reason: 'wait-over' };
    expect(another.found()).toEqual([]);
  });

  it('whose older cart is sent after a newer one was asked for is found', () => {
    const [older, newer] = [new Another(update('4.3'), answer(200)), update('4.4')];
    const evidence = (...requests: LedgerRequest[]): string[] => {
      older.requests = requests;
      older.found();
      older.scene.intents.push({ ...newer, asks: [ask(answer(200), 100)] });
      older.scene.operations.push(rowOf(newer));
      return older.scene.found();
    };
    const first = carriedOut(7, older.intent);
    expect(evidence(first, carriedOut(8, newer))).toEqual([]);
    const late = { executed: false, outcome: null, status: null, fault: 'reset_before' };
    expect(evidence(first, carriedOut(8, newer), carriedOut(9, older.intent, late))).toEqual([
      'mismatches: request 9 came after request 8, which was asked for when it was over',
    ]);
    // Who asks at the same time may come first or last.
    older.asks = [ask(answer(200), 95)];
    expect(evidence(carriedOut(8, newer), carriedOut(9, older.intent))).toEqual([]);
  });
});

describe('What an answer means', () => {
  it.each([
    [answer(201), 'success'],
    [answer(204), 'success'],
    [answer(202, { operation: 'op' }), 'announced'],
    // Klarna's own: it names no operation.
    [answer(202), 'success'],
    [refusal(409, 'OPERATION_PENDING'), 'announced'],
    [refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op' }), 'announced'],
    [refusal(503, 'TEMPORARILY_UNAVAILABLE'), 'not-now'],
    [refusal(504, 'GATEWAY_TIMEOUT', { operation: 'op' }), 'not-now'],
    [refusal(502, 'PROVIDER_CREDENTIALS', { operation: 'op' }), 'not-now'],
    [refusal(500, 'INTERNAL_SERVER_ERROR'), 'not-now'],
    [refusal(409, 'OPERATION_WITHDRAWN'), 'refused'],
    [refusal(403, 'CAPTURE_NOT_ALLOWED'), 'refused'],
  ])('%j: %s', (told, meaning) => expect(meaningOf(told)).toBe(meaning));
});
