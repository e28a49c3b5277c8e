import { describe, expect, it } from '@jest/globals';
import { compare } from './compare.js';
import type { IntentRecord, LedgerRequest, Told } from './records.js';
import { answer, ask, operation, refusal, request, Scene, wanted } from './scene.js';

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
