import { describe, expect, it } from '@jest/globals';
import { compare } from './compare.js';
import type { KindName } from './kinds.js';
import type { IntentRecord, LedgerRequest } from './records.js';
import { Another, answer, ask, carriedOut, ORDER, PATH, refusal, request, rowOf, Scene, wanted } from './scene.js';

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
    const setAnew = ['merchant-references', 'customer-details'];
    const hidden = [...setAnew, 'acknowledge', 'extend-authorization', 'send-out', 'extend-due-date'].includes(kind);
    expect(manual('absent-twice')).toEqual([]);
    expect(manual('not-shown')).toEqual(hidden ? [] : [never('not-shown')]);
    expect(manual('placed-without-id')).toEqual([never('placed-without-id')]);
  });

  it('that two operations of one key succeeded in is found, whatever happened', () => {
    const another = keyed('acknowledge');
    another.found();
    const { rows, ...evidence } = another.scene.evidence();
    const operations = [...rows.operations, { ...another.row, id: 'op-twin', providerKeys: ['op-twin/1'] }];
    const found = compare({ ...evidence, rows: { ...rows, operations } });
    expect(found.map(({ column, what }) => `${column}: ${what}`)).toEqual(['doubles: 2 operations of it succeeded']);
  });

  it.each([
    ['cancel', { status: 'CANCELLED' }, 'the order is AUTHORIZED'],
    ['release', { status: 'CAPTURED' }, '600 remains'],
  ] as const)('%s that was told to be done is so for ever', (kind, done, missing) => {
    const another = new Another(wanted('1.9', kind, ON_ORDER, { key: 'key-2' }));
    Object.assign(another.row, { position: 2 });
    const { order, stored } = another.scene;
    const is = (now: Partial<typeof order & typeof stored>): string[] => {
      Object.assign(another.scene, { order: { ...order, ...now }, stored: { ...stored, ...now } });
      return another.found();
    };
    expect(is({ ...done, remaining_authorized_amount: 0 })).toEqual([]);
    expect(is({ status: 'AUTHORIZED', remaining_authorized_amount: 600 })).toEqual([`lost: was told 204, but ${missing}`]);
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

  it('that was refused and is made by a later request is as it should be: Klarna judges anew; not by an earlier one', () => {
    const another = agreement();
    const refused = refusal(403, 'INVALID_OPERATION');
    another.asks = [ask(refused, 0), ask(made, 20, 'repeat')];
    expect(another.found()).toEqual([]);
    another.asks = [ask(made, 0), ask(refused, 20, 'repeat')];
    expect(another.found()).toEqual(['answered with error, but executed: was told 403 INVALID_OPERATION; what happened: token-1']);
    // Under a key there is one answer, whoever else asked.
    const capture = new Scene();
    capture.asks = [ask(refusal(403, 'CAPTURE_NOT_ALLOWED')), ask(null, 20, 'repeat')];
    expect(capture.found()).toEqual(['answered with error, but executed: was told 403 CAPTURE_NOT_ALLOWED; what happened: cap-1']);
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
      another.scene.tokens = [
        { ...another.scene.tokens[0]!, status: 'ACTIVE' },
        { token_id: 'token-2', authorization_token: 'a3', status: 'CANCELLED' },
      ];
      another.scene.checkouts = [{ order_id: 'checkout-2', aborted: true }];
      another.scene.pages = [{ session_id: 'page-2', payment_session_id: 's4', status: 'DISABLED' }];
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

  it('whose message went out once for two operations that both succeeded is found', () => {
    const another = message();
    another.found();
    const { rows, ...evidence } = another.scene.evidence();
    const operations = [...rows.operations, { ...another.row, id: 'op-twin' }];
    const found = compare({ ...evidence, rows: { ...rows, operations } });
    expect(found.map(({ column, what }) => `${column}: ${what}`)).toEqual([
      'lost: hosted-payment-page.distribute succeeded 2 times, and happened 1 times',
    ]);
  });

  it.each([
    ['no answer', { status: null, fault: 'timeout_before' }, true],
    ['500', { status: 500, fault: 'status' }, true],
    ['408', { status: 408, fault: 'status' }, true],
    ['425', { status: 425, fault: 'status' }, true],
    ['half an answer', { status: 204, fault: 'garbage_after' }, true],
    ['429', { status: 429, fault: 'status' }, false],
    ['403', { status: 403, fault: 'status' }, false],
  ])('whose message met %s may have been sent, or not: only then it is not sent again', (_, met, doubtful) => {
    const another = message();
    another.requests = [carriedOut(6, another.intent, { executed: false, ...met }), carriedOut(7, another.intent)];
    expect(another.found()).toEqual(
      doubtful ? ['doubles: hosted-payment-page.distribute was sent again (request 7) after request 6 may have happened'] : [],
    );
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
    another.scene.pages = [
      { ...another.scene.pages[0]!, status: 'WAITING' },
      { session_id: 'page-2', payment_session_id: 's4', status: 'DISABLED' },
    ];
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
    // One that nobody was told of lapses.
    another.asks = [ask(refusal(403, 'READ_ONLY_ORDER'))];
    another.row = { ...another.row, state: 'rejected' };
    expect(another.found()).toEqual([]);
  });

  it('that goes on although it was told to be aborted is found', () => {
    const another = new Another(wanted('4.2', 'abort-checkout', target), answer(200));
    another.scene.checkouts = [{ order_id: 'checkout-1', aborted: true }];
    expect(another.found()).toEqual([]);
    another.scene.checkouts = [
      { order_id: 'checkout-1', aborted: false },
      { order_id: 'checkout-2', aborted: true },
    ];
    expect(another.found()).toEqual(['lost: was told 200, but the checkout goes on']);
    another.requests = [];
    expect(another.found()).toEqual([
      'lost: was told 200, but the checkout goes on',
      'lost: checkout.abort-order succeeded, and nothing happened',
    ]);
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
