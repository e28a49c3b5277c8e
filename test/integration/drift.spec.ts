import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { gateAt, lasting, lastSequence, ordersPath, requests, rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

interface Difference {
  field: string;
  ours: unknown;
  klarna: unknown;
  resolution: string;
}
interface Reconciliation {
  order: Record<string, unknown>;
  checked_at: string;
  outcome: string;
  differences: Difference[];
}

const HOUR = 3_600;
let gateway: TestGateway;
/** The merchant at Klarna itself: the portal, or another system. */
let portal: Client;

beforeAll(async () => {
  gateway = await testGateway({ env: { CLOCK: 'simulator', DRIFT_SCAN_PER_SECOND: '100' } });
  portal = new Client(gateway.simulatorUrl, gateway.simulatorUrl, 'simulator:simulator');
});
afterAll(() => gateway.close());

const read = (orderId: string) => until('the order was read', async () => (await gateway.stored(orderId))['expires_at'] !== null);
const drifts = async (orderId: string) => {
  const { items } = (await gateway.get(`/orders/${orderId}/timeline?limit=200`)).json as {
    items: { type: string; data: { source: string; fields: Difference[] } }[];
  };
  return items.filter(({ type }) => type === 'drift.found').map(({ data }) => data);
};
const reconcile = (id: string, as?: string): Promise<Answer> =>
  gateway.call('POST', `/orders/${id}/reconcile`, as === undefined ? {} : { as });
const reconciled = async (id: string) => {
  const answer = await reconcile(id);
  if (answer.status !== 200) throw new Error(`Not compared: ${answer.status} ${answer.text}`);
  return answer.json as Reconciliation;
};
const sql = (text: string, ...params: unknown[]) => rowsOf(gateway.database, text, params);
const aCapture = async (orderId: string, amount: number) => {
  const answer = await gateway.post(ordersPath(orderId, '/captures'), { captured_amount: amount, reference: 'parcel' }, randomUUID());
  return answer.headers['capture-id'] ?? '';
};
async function ok(answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`${status} ${text}`);
}

const set = (column: string, value: string) => async (orderId: string) =>
  void (await sql(`UPDATE orders SET ${column} = ${value} WHERE provider_order_id = $1`, orderId));
const row = (table: 'captures' | 'refunds', id: string) => async (orderId: string) =>
  void (await sql(
    `INSERT INTO ${table} (id, order_id, merchant_id, provider_account_id, ${id}, amount, created_at)
     SELECT gen_random_uuid(), id, merchant_id, provider_account_id, 'ghost', 700, created_at FROM orders WHERE provider_order_id = $1`,
    orderId,
  ));

/** Ways in which the two sides come to differ: what happens, and the fields that a comparison must name. `#` is the capture's id. */
const KINDS: [what: string, captured: number, plant: (orderId: string, captureId: string) => Promise<void>, fields: string[]][] = [
  [
    'portal: capture',
    0,
    (id) => ok(portal.post(ordersPath(id, '/captures'), { captured_amount: 3_000 })),
    ['captures.*', 'status', 'captured_amount', 'remaining_authorized_amount'],
  ],
  [
    'portal: second capture',
    4_000,
    (id) => ok(portal.post(ordersPath(id, '/captures'), { captured_amount: 6_000 })),
    ['captures.*', 'status', 'captured_amount', 'remaining_authorized_amount'],
  ],
  [
    'portal: refund',
    4_000,
    (id) => ok(portal.post(ordersPath(id, '/refunds'), { refunded_amount: 500 })),
    ['refunds.*', 'refunded_amount'],
  ],
  ['portal: cancel', 0, (id) => ok(portal.post(ordersPath(id, '/cancel'))), ['status', 'remaining_authorized_amount']],
  [
    'portal: release',
    4_000,
    (id) => ok(portal.post(ordersPath(id, '/release-remaining-authorization'))),
    ['status', 'remaining_authorized_amount'],
  ],
  ['row: status', 0, set('status', `'CLOSED'`), ['status']],
  ['row: fraud status', 0, set('fraud_status', `'REJECTED'`), ['fraud_status']],
  ['row: currency', 0, set('currency', `'EUR'`), ['currency']],
  ['row: order amount', 0, set('order_amount', 'order_amount + 1'), ['order_amount']],
  ['row: original amount', 0, set('original_order_amount', '1'), ['original_order_amount']],
  ['row: captured amount', 4_000, set('captured_amount', 'captured_amount - 1'), ['captured_amount']],
  ['row: refunded amount', 4_000, set('refunded_amount', '5'), ['refunded_amount']],
  ['row: remaining amount', 4_000, set('remaining_authorized_amount', '0'), ['remaining_authorized_amount']],
  ['row: Klarna reference', 0, set('klarna_reference', `'OTHER'`), ['klarna_reference']],
  ['row: expiry', 0, set('expires_at', `expires_at + interval '1 day'`), ['expires_at']],
  [
    'row: a capture too few',
    4_000,
    async (id, capture) => void (await sql('DELETE FROM captures WHERE provider_capture_id = $1 AND $2::text IS NOT NULL', capture, id)),
    ['captures.#'],
  ],
  ['row: a capture too many', 0, row('captures', 'provider_capture_id'), ['captures.ghost']],
  ['row: a refund too many', 0, row('refunds', 'provider_refund_id'), ['refunds.ghost']],
  [
    'row: the amount of a capture',
    4_000,
    async (_, capture) => void (await sql('UPDATE captures SET amount = 1 WHERE provider_capture_id = $1', capture)),
    ['captures.#.amount'],
  ],
  [
    'row: the reference of a capture',
    4_000,
    async (_, capture) => void (await sql(`UPDATE captures SET reference = 'x' WHERE provider_capture_id = $1`, capture)),
    ['captures.#.reference'],
  ],
  [
    'row: an order that Klarna does not know',
    0,
    async (id) => void (await sql(`UPDATE orders SET provider_order_id = $2 WHERE provider_order_id = $1`, id, unknownOf(id))),
    ['provider_order_id'],
  ],
];
const unknownOf = (orderId: string) => `${orderId.slice(0, -4)}0000`;

describe('the drift scan', () => {
  it('finds 50 of 50 planted differences, names their fields, tells each once, and none where there is none', async () => {
    const scene = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const kind = n < 50 ? KINDS[n % KINDS.length] : undefined;
        const orderId = await gateway.order(10_000);
        const captureId = kind === undefined || kind[1] > 0 ? await aCapture(orderId, kind?.[1] ?? 1_000) : '';
        return { kind, orderId, captureId };
      }),
    );
    await until('every order was read after its last change', async () => {
      const [left] = await sql(`SELECT count(*)::int AS n FROM orders WHERE read_at IS NULL OR refresh_at < expires_at`);
      return left?.['n'] === 0;
    });
    for (const { kind, orderId, captureId } of scene) await kind?.[2](orderId, captureId);
    const [due] = await sql('SELECT max(compare_at) AS at FROM orders');
    await gateway.advance(25 * HOUR);
    const since = await lastSequence(gateway);
    await until('every order was compared', async () => {
      // Two hours: longer than a claim, shorter than the time to the next comparison.
      const [left] = await sql(
        `SELECT count(*)::int AS n FROM orders WHERE compare_at < $1::timestamptz + interval '2 hours'`,
        due?.['at'],
      );
      return left?.['n'] === 0;
    });

    const found = await Promise.all(
      scene.map(async ({ kind, orderId, captureId }) => {
        const gone = kind?.[0] === 'row: an order that Klarna does not know';
        const told = await drifts(gone ? unknownOf(orderId) : orderId);
        const fields = told.flatMap((each) =>
          each.fields.map(({ field }) =>
            kind?.[3].includes('captures.*') || kind?.[3].includes('refunds.*') ? field.replace(/^(captures|refunds)\..*/, '$1.*') : field,
          ),
        );
        return {
          what: kind?.[0] ?? 'nothing',
          sources: told.map(({ source }) => source),
          fields: fields.map((field) => field.replace(captureId || '-', '#')),
        };
      }),
    );
    expect(found).toEqual(
      scene.map(({ kind }) => ({
        what: kind?.[0] ?? 'nothing',
        sources: kind === undefined ? [] : ['scan'],
        fields: kind === undefined ? [] : [...kind[3]].sort((one, other) => place(one) - place(other)),
      })),
    );
    expect(found.filter(({ sources }) => sources.length > 0)).toHaveLength(50);
    // One call for each of them, and none twice.
    const paths = (await requests(gateway, { method: 'GET', path: '/*' }, since)).map(({ path }) => path);
    expect([paths.length, new Set(paths).size]).toEqual([60, 60]);
  }, 60_000);

  /** In the order in which a comparison names them: captures and refunds that we lack, the order's fields, ours that Klarna lacks. */
  function place(field: string): number {
    return field.includes('*') || field === 'captures.#' ? 0 : 1;
  }
});

describe('an order that is busy with our own operations', () => {
  it('has no drift while a capture is on its way, nor after', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    const gate = await gateAt(gateway, 'after', ordersPath(orderId, '/captures'));
    const capture = gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 4_000 }, randomUUID());
    await gate.waiting();
    // Klarna shows the capture, and we have no answer yet.
    expect(await reconciled(orderId)).toMatchObject({ outcome: 'unsettled', differences: [] });
    await gate.open();
    expect((await capture).status).toBe(201);
    expect(await reconciled(orderId)).toMatchObject({ outcome: 'equal', differences: [], order: { captured_amount: 4_000 } });
    expect(await drifts(orderId)).toEqual([]);
  });

  it('has no drift by a reading that a capture overtook', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    const gate = await gateAt(gateway, 'after', ordersPath(orderId), 'GET');
    const comparison = reconciled(orderId);
    await gate.waiting();
    await aCapture(orderId, 4_000);
    await gate.open();
    expect(await comparison).toMatchObject({ outcome: 'unsettled', differences: [], order: { captured_amount: 4_000 } });
    expect(await drifts(orderId)).toEqual([]);
  });

  it('has no drift under captures, refunds and a release with comparisons all the while', async () => {
    const orderId = await gateway.order(10_000);
    let busy = true;
    const outcomes: string[] = [];
    const watching = (async () => {
      while (busy) outcomes.push((await reconciled(orderId)).outcome);
    })();
    await Promise.all(Array.from({ length: 6 }, () => aCapture(orderId, 1_000)));
    await Promise.all(
      [200, 300, 400].map((amount) => ok(gateway.post(ordersPath(orderId, '/refunds'), { refunded_amount: amount }, randomUUID()))),
    );
    await ok(gateway.post(ordersPath(orderId, '/release-remaining-authorization'), undefined, randomUUID()));
    busy = false;
    await watching;
    expect(await reconciled(orderId)).toMatchObject({
      outcome: 'equal',
      order: { status: 'CAPTURED', captured_amount: 6_000, refunded_amount: 900, remaining_authorized_amount: 0 },
    });
    expect(outcomes.length).toBeGreaterThan(3);
    expect(outcomes.filter((outcome) => outcome !== 'equal' && outcome !== 'unsettled')).toEqual([]);
    expect(await drifts(orderId)).toEqual([]);
  });

  it('has no drift when it expires in time, or Klarna decides', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    await gateway.advance(28 * 24 * HOUR + 60);
    await until('it has expired', async () => (await gateway.stored(orderId))['status'] === 'EXPIRED');
    expect(await reconciled(orderId)).toMatchObject({ outcome: 'equal' });
    expect(await drifts(orderId)).toEqual([]);
  });
});

describe('POST /orders/{id}/reconcile', () => {
  it('says what differed, takes it over, and finds nothing the next time', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    const { id } = await gateway.stored(orderId);
    await ok(portal.post(ordersPath(orderId, '/cancel')));
    const first = await reconciled(id as string);
    expect(first).toEqual({
      order: await gateway.stored(orderId),
      checked_at: expect.stringMatching(/^\d{4}-.*Z$/),
      outcome: 'adopted',
      differences: [
        { field: 'status', ours: 'AUTHORIZED', klarna: 'CANCELLED', resolution: 'adopted' },
        { field: 'remaining_authorized_amount', ours: 10_000, klarna: 0, resolution: 'adopted' },
      ],
    });
    expect(first.order).toMatchObject({ id, provider_order_id: orderId, status: 'CANCELLED' });
    expect(await drifts(orderId)).toMatchObject([{ source: 'reconcile' }]);
    expect(await reconciled(orderId)).toMatchObject({ outcome: 'equal', differences: [] });
  });

  it('goes on saying what is flagged, and the timeline tells it once', async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    await set('currency', `'EUR'`)(orderId);
    const flagged = { outcome: 'flagged', differences: [{ field: 'currency', ours: 'EUR', klarna: 'SEK', resolution: 'flagged' }] };
    expect(await reconciled(orderId)).toMatchObject(flagged);
    expect(await reconciled(orderId)).toMatchObject({ ...flagged, order: { currency: 'EUR', order_amount: 10_000 } });
    expect(await drifts(orderId)).toHaveLength(1);
  });

  it("answers another merchant's order like an unknown one, and Klarna is not asked", async () => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    const neighbour = await addMerchant(gateway, 'drift-neighbour');
    const since = await lastSequence(gateway);
    for (const id of [orderId, randomUUID(), '%00']) {
      const answer = await reconcile(id, neighbour);
      expect([answer.status, (answer.json as { code: string }).code]).toEqual([404, 'NO_SUCH_ORDER']);
    }
    expect(await requests(gateway, { path: `${ordersPath('*')}` }, since)).toEqual([]);
  });

  it.each([
    ['timeout_before', {}, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['reset_before', {}, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['status', { code: 500 }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['status', { code: 503, body: '' }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['status', { code: 429 }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['status', { code: 403, body: '' }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['garbage_after', { variant: 'html' }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['status', { code: 401 }, 502, 'PROVIDER_CREDENTIALS'],
  ])('changes nothing and says so when Klarna answers with %s %j', async (kind, more, status, code) => {
    const orderId = await gateway.order(10_000);
    await read(orderId);
    const before = await gateway.stored(orderId);
    const fault = await lasting(gateway, kind, { method: 'GET', path: ordersPath(orderId) }, more);
    const answer = await reconcile(orderId);
    await fault.end();
    expect([answer.status, answer.headers['content-type'], (answer.json as { code: string }).code]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
      code,
    ]);
    if (status === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(await gateway.stored(orderId)).toEqual(before);
    expect(await drifts(orderId)).toEqual([]);
  });
});

describe('GET /orders?learned=later', () => {
  it('lists what was placed elsewhere, and what was captured elsewhere, with when it was learned', async () => {
    const merchant = await addMerchant(gateway, 'drift-learner');
    const learner = new Client(gateway.url, gateway.simulatorUrl, merchant);
    await learner.order(10_000);
    const touched = await learner.order(10_000);
    const { token, cart } = await gateway.authorized();
    const placed = await portal.post(`/payments/v1/authorizations/${token}/order`, cart);
    const { order_id: adopted } = placed.json as { order_id: string };
    await ok(learner.get(ordersPath(adopted)));
    await until('the order was read', async () => (await learner.stored(touched))['expires_at'] !== null);
    await ok(portal.post(ordersPath(touched, '/captures'), { captured_amount: 3_000 }));
    await ok(learner.call('POST', `/orders/${touched}/reconcile`));
    const { items } = (await learner.get('/orders?learned=later')).json as { items: Record<string, unknown>[] };
    expect(items).toMatchObject([
      { provider_order_id: adopted, origin: 'adopted', learned_at: expect.any(String), moved_elsewhere_at: null },
      { provider_order_id: touched, origin: 'created', moved_elsewhere_at: expect.any(String), captures: [{ operation_id: null }] },
    ]);
    expect(((await learner.get('/orders')).json as { items: unknown[] }).items).toHaveLength(3);
  });
});
