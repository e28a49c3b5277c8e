import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import {
  expectRowsLikeLedger,
  gateAt,
  lasting,
  operation,
  operationIn,
  ordersPath,
  requests,
  settled,
  timeline,
} from '../support/scene.js';
import { until } from '../support/until.js';

interface Drift {
  fields: { field: string }[];
}

const DAY = 24 * 3_600;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway({ env: { CLOCK: 'simulator' } });
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await gateway.simulate('DELETE', '/simulator/faults');
  await gateway.simulate('DELETE', '/simulator/behaviour');
});

const send = (method: 'POST' | 'PATCH', id: string, suffix: string, body?: unknown, key: string = randomUUID()): Promise<Answer> =>
  gateway.call(method, ordersPath(id, suffix), { body, key });
const klarnas = async (id: string) => (await gateway.get(ordersPath(id))).json as Record<string, unknown>;
const told = async (id: string, type: string) => (await timeline(gateway, id)).filter((event) => event.type === type);
const drift = async (id: string) => (await told(id, 'drift.found')).flatMap(({ data }) => (data as unknown as Drift).fields);
const compared = async (id: string) => {
  const answer = await gateway.post(`/orders/${id}/reconcile`);
  expect(answer.status).toBe(200);
  return answer.json as { outcome: string; differences: unknown[] };
};
const aCapture = async (id: string, amount = 4_000): Promise<string> => {
  const answer = await gateway.post(ordersPath(id, '/captures'), { captured_amount: amount });
  expect(answer.status).toBe(201);
  return answer.headers['capture-id'] ?? '';
};
const addressIn = (city: string) => ({ given_name: 'Alva', street_address: 'Storgatan 1', postal_code: '111 22', city, country: 'SE' });
const aReadOrder = async (): Promise<string> => {
  const id = await gateway.order();
  expect((await gateway.get(ordersPath(id))).status).toBe(200);
  return id;
};

/** What every one of them is: a bare 204 in Klarna's spelling, once for its key, one entry of the timeline, and no drift afterwards. */
async function isDoneOnce(id: string, call: () => Promise<Answer>, type: string, data: Record<string, unknown>): Promise<void> {
  const first = await call();
  expect([first.status, first.text, first.headers['content-type']]).toEqual([204, '', undefined]);
  const names = first.rawHeaders.filter((_, at) => at % 2 === 0);
  expect(names).toEqual(expect.arrayContaining(['Klarna-Correlation-Id']));
  expect(names.filter((name) => /^[a-z]/.test(name))).toEqual([]);
  const again = await call();
  expect([again.status, again.headers['idempotent-replayed']]).toEqual([204, 'true']);
  expect(again.headers['klarna-correlation-id']).toBe(first.headers['klarna-correlation-id']);
  const events = await told(id, type);
  expect(events).toMatchObject([{ data }]);
  expect(await operation(gateway, events[0]?.operation_id ?? '')).toMatchObject({ state: 'succeeded', order_id: id, attempts: 1 });
  expect(await compared(id)).toMatchObject({ outcome: 'equal', differences: [] });
  expect(await drift(id)).toEqual([]);
}

describe('an authorization', () => {
  const line = { name: 'Running shoes', quantity: 1, unit_price: 9_000, tax_rate: 2_500, total_amount: 9_000, total_tax_amount: 1_800 };

  it('is set anew: amount and lines', async () => {
    const id = await aReadOrder();
    await aCapture(id);
    const key = randomUUID();
    await isDoneOnce(
      id,
      () => send('PATCH', id, '/authorization', { order_amount: 9_000, order_lines: [line] }, key),
      'order.authorization_updated',
      { order_amount: 9_000, from: 10_000, remaining_authorized_amount: 5_000 },
    );
    expect(await klarnas(id)).toMatchObject({ order_amount: 9_000, order_lines: [line], remaining_authorized_amount: 5_000 });
    await expectRowsLikeLedger(gateway, id);
  });

  it('that is lowered to what was captured counts as Klarna calls it, without drift', async () => {
    const id = await aReadOrder();
    await aCapture(id);
    expect((await send('PATCH', id, '/authorization', { order_amount: 4_000 })).status).toBe(204);
    expect(await compared(id)).toMatchObject({ outcome: 'equal' });
    expect(await gateway.stored(id)).toMatchObject({ status: 'CAPTURED', order_amount: 4_000, remaining_authorized_amount: 0 });
    expect(await drift(id)).toEqual([]);
  });

  it('is not set below what was captured: Klarna says so', async () => {
    const id = await aReadOrder();
    await aCapture(id);
    const answer = await send('PATCH', id, '/authorization', { order_amount: 3_999 });
    expect([answer.status, answer.json]).toMatchObject([403, { error_code: 'NOT_ALLOWED' }]);
    await expectRowsLikeLedger(gateway, id);
  });

  it('ends later when it is extended; the new end is read without being asked for, and is no drift', async () => {
    const id = await aReadOrder();
    const before = (await gateway.stored(id))['expires_at'] as string;
    await gateway.advance(DAY);
    const key = randomUUID();
    await isDoneOnce(id, () => send('POST', id, '/extend-authorization-time', undefined, key), 'order.authorization_extended', {
      from: before,
    });
    const after = (await klarnas(id))['expires_at'] as string;
    expect(Date.parse(after)).toBeGreaterThan(Date.parse(before));
    await until('the new end is known', async () => (await gateway.stored(id))['expires_at'] === new Date(after).toISOString());
  });

  it('is read by itself after it was extended', async () => {
    const id = await aReadOrder();
    const before = (await gateway.stored(id))['expires_at'];
    await gateway.advance(DAY);
    expect((await send('POST', id, '/extend-authorization-time')).status).toBe(204);
    await gateway.advance(2);
    await until('the new end was read', async () => (await gateway.stored(id))['expires_at'] !== before);
    expect(await drift(id)).toEqual([]);
  });

  it('that has expired is not extended', async () => {
    const id = await aReadOrder();
    await gateway.advance(29 * DAY);
    const answer = await send('POST', id, '/extend-authorization-time');
    const refusal = { error_code: 'NOT_ALLOWED', error_messages: ['Order is expired. Authorization time cannot be extended.'] };
    expect([answer.status, answer.json]).toMatchObject([403, refusal]);
  });
});

describe('an order', () => {
  it('is acknowledged', async () => {
    const id = await aReadOrder();
    const key = randomUUID();
    await isDoneOnce(id, () => send('POST', id, '/acknowledge', undefined, key), 'order.acknowledged', {});
  });

  it('gets other references: the lists find it by them', async () => {
    const id = await aReadOrder();
    const [reference, key] = [`ORDER-${id.slice(0, 8)}`, randomUUID()];
    await isDoneOnce(
      id,
      () => send('PATCH', id, '/merchant-references', { merchant_reference1: reference, merchant_reference2: 'W' }, key),
      'order.references_updated',
      { fields: ['merchant_reference1', 'merchant_reference2'] },
    );
    expect((await send('PATCH', id, '/merchant-references', { merchant_reference2: '' })).status).toBe(204);
    expect(await gateway.stored(id)).toMatchObject({ merchant_reference1: reference, merchant_reference2: null });
    const { items } = (await gateway.get(`/orders?reference=${reference}`)).json as { items: { provider_order_id: string }[] };
    expect(items.map((each) => each.provider_order_id)).toEqual([id]);
    expect(await compared(id)).toMatchObject({ outcome: 'equal', differences: [] });
    expect(JSON.stringify(await timeline(gateway, id))).not.toContain(reference);
  });

  it('goes elsewhere; the timeline does not say where', async () => {
    const id = await aReadOrder();
    const key = randomUUID();
    const address = { given_name: 'Alva', family_name: 'Åberg', street_address: 'Lillgatan 2', country: 'SE' };
    await isDoneOnce(
      id,
      () => send('PATCH', id, '/customer-details', { shipping_address: address }, key),
      'order.customer_details_updated',
      {},
    );
    expect(await klarnas(id)).toMatchObject({ shipping_address: address });
    expect(JSON.stringify(await timeline(gateway, id))).not.toMatch(/Alva|Lillgatan/);
  });

  it.each(['order', 'capture'] as const)('lists parcels (of the %s); the timeline says how many', async (of) => {
    const id = await aReadOrder();
    const captureId = await aCapture(id);
    const suffix = of === 'order' ? '/shipping-info' : `/captures/${captureId}/shipping-info`;
    const key = randomUUID();
    const parcels = ['634-1', '634-2'].map((tracking_number) => ({ shipping_company: 'dhl-express', tracking_number }));
    const data = of === 'order' ? { parcels: 2 } : { parcels: 2, capture_id: captureId };
    await isDoneOnce(id, () => send('POST', id, suffix, { shipping_info: parcels }, key), 'order.shipping_info_added', data);
    const { shipping_info: listed, captures } = (await klarnas(id)) as Record<string, { shipping_info: unknown }[]>;
    expect(of === 'order' ? listed : captures?.[0]?.shipping_info).toEqual(parcels);
    expect(JSON.stringify(await timeline(gateway, id))).not.toContain('634-1');
  });
});

describe('a capture', () => {
  it('is told of once more', async () => {
    const id = await aReadOrder();
    const captureId = await aCapture(id);
    const key = randomUUID();
    const call = () => send('POST', id, `/captures/${captureId}/trigger-send-out`, undefined, key);
    await isDoneOnce(id, call, 'order.send_out_triggered', { capture_id: captureId });
  });

  it('is paid later: the options say by how long', async () => {
    const id = await aReadOrder();
    const captureId = await aCapture(id);
    const answer = await gateway.get(ordersPath(id, `/captures/${captureId}/extend-due-date-options`));
    const { options } = answer.json as { options: { number_of_days: number; amount: number }[] };
    expect([answer.status, options[0]]).toEqual([200, { number_of_days: 14, amount: 495 }]);
    const key = randomUUID();
    const call = () => send('PATCH', id, `/captures/${captureId}/extend-due-date`, { number_of_days: 14 }, key);
    await isDoneOnce(id, call, 'order.due_date_extended', { capture_id: captureId, number_of_days: 14 });
  });

  it.each(['shipping-info', 'trigger-send-out', 'extend-due-date'])('that is not there has no %s: Klarna says so', async (what) => {
    const id = await aReadOrder();
    await aCapture(id);
    // Before that, Klarna's 404 proves nothing.
    await gateway.advance(180);
    const body = what === 'shipping-info' ? { shipping_info: [{}] } : what === 'extend-due-date' ? { number_of_days: 14 } : undefined;
    const answer = await send(what === 'extend-due-date' ? 'PATCH' : 'POST', id, `/captures/${randomUUID()}/${what}`, body);
    expect([answer.status, answer.json]).toMatchObject([404, { error_code: 'NO_SUCH_CAPTURE' }]);
  });

  it('of an unknown order lists its options, and the order is adopted', async () => {
    const id = await aReadOrder();
    const captureId = await aCapture(id);
    const other = await testGateway({ simulator: gateway.simulator });
    try {
      expect((await other.get(ordersPath(id, `/captures/${captureId}/extend-due-date-options`))).status).toBe(200);
      expect(await other.stored(id)).toMatchObject({ provider_order_id: id, captured_amount: 4_000 });
    } finally {
      await other.close();
    }
  });
});

describe('what is no matter of money', () => {
  it('waits for nothing, and nothing waits for it', async () => {
    const id = await aReadOrder();
    const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
    const captured = gateway.post(ordersPath(id, '/captures'), { captured_amount: 1_000 });
    await gate.waiting();
    expect((await send('PATCH', id, '/merchant-references', { merchant_reference1: 'A' })).status).toBe(204);
    expect((await send('POST', id, '/acknowledge')).status).toBe(204);
    await gate.open();
    expect((await captured).status).toBe(201);

    const broken = await lasting(gateway, 'reset_after', { method: 'PATCH', path: ordersPath(id, '/merchant-references') });
    const now = { body: { merchant_reference1: 'B' }, headers: { Prefer: 'wait=0' } };
    const open = await gateway.call('PATCH', ordersPath(id, '/merchant-references'), now);
    expect(open.status).toBe(202);
    expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 2_000 })).status).toBe(201);
    expect((await send('PATCH', id, '/merchant-references', { merchant_reference1: 'B' }, randomUUID())).status).toBe(202);
    expect((await gateway.post(ordersPath(id, '/release-remaining-authorization'))).status).toBe(204);
    expect(await operation(gateway, open)).toMatchObject({ blocked_by: null, order_id: id, finished_at: null });
    await broken.end();
    expect((await settled(gateway, open)).state).toBe('succeeded');
    await expectRowsLikeLedger(gateway, id);
  });

  it('is guarded without a key while an equal one is unresolved', async () => {
    const id = await aReadOrder();
    const path = ordersPath(id, '/shipping-info');
    const broken = await lasting(gateway, 'reset_after', { method: 'POST', path });
    const body = { shipping_info: [{ tracking_number: '7' }] };
    const open = await gateway.call('POST', path, { body, headers: { Prefer: 'wait=0' } });
    const equal = await gateway.post(path, body);
    const pending = [409, { error_code: 'OPERATION_PENDING' }, `/operations/${operationIn(open)}`];
    expect([equal.status, equal.json, equal.headers['location']]).toMatchObject(pending);
    await broken.end();
    expect((await settled(gateway, open)).state).toBe('succeeded');
    expect((await requests(gateway, { method: 'POST', path })).filter(({ executed }) => executed)).toHaveLength(1);
  });
});

describe('an unknown outcome that Klarna does not show', () => {
  /** Executed, and refused when it is asked for again. */
  async function doubted(id: string, method: 'POST' | 'PATCH', suffix: string, body?: unknown): Promise<Answer> {
    const path = ordersPath(id, suffix);
    await gateway.fault('reset_after', { method, path });
    await lasting(gateway, 'status', { method, path }, { code: 403, error_code: 'NOT_ALLOWED' });
    const answer = await gateway.call(method, path, { body, headers: { Prefer: 'wait=0' } });
    expect(answer.status).toBe(202);
    return answer;
  }

  it('goes to a person, who is told what to look for', async () => {
    const id = await aReadOrder();
    const captureId = await aCapture(id);
    const open = await doubted(id, 'PATCH', `/captures/${captureId}/extend-due-date`, { number_of_days: 14 });
    // The quiet period is in business time, which stands nearly still here.
    const manual = await settled(gateway, open, ['manual']);
    expect(manual).toMatchObject({ reason: 'not-shown' });
    expect(manual.history.filter(({ type }) => type === 'reading').map(({ outcome }) => outcome)).toContain('unreadable');
    const page = await gateway.get(`/operations/${manual.id}/explanation`);
    expect(page.text.replaceAll(/\s+/g, ' ')).toContain('Klarna does not show whether it happened');
    const resolved = await gateway.post(`/operations/${manual.id}/resolve`, { outcome: 'succeeded', reason: 'the portal shows the date' });
    expect(resolved.status).toBe(200);
    expect(await told(id, 'order.due_date_extended')).toMatchObject([{ data: { number_of_days: 14, late: true } }]);
    expect(await compared(id)).toMatchObject({ outcome: 'equal' });
  });

  it('goes to a person, too, when this order alone shows nothing that would tell', async () => {
    // It was placed without any address, and what was captured gets no other one: each call is refused, the first without a usable answer.
    const id = await aReadOrder();
    await aCapture(id, 10_000);
    const path = ordersPath(id, '/customer-details');
    await gateway.fault('status_after', { method: 'PATCH', path }, { code: 500 });
    const body = { shipping_address: addressIn('Stockholm') };
    const open = await gateway.call('PATCH', path, { body, headers: { Prefer: 'wait=0' } });
    expect(open.status).toBe(202);
    const manual = await settled(gateway, open, ['manual']);
    expect(manual).toMatchObject({ reason: 'not-shown' });
  });

  it.each([
    ['/merchant-references', { merchant_reference1: 'A' }, { merchant_reference1: 'B' }],
    ['/customer-details', { shipping_address: addressIn('A') }, { shipping_address: addressIn('B') }],
  ])('is not taken for absent where a newer request has set the same anew (%s)', async (suffix, older, newer) => {
    const id = await aReadOrder();
    const match = { method: 'PATCH', path: ordersPath(id, suffix) };
    const carriedOut = async () => (await requests(gateway, match)).filter(({ executed }) => executed).length;
    const deaf = await lasting(gateway, 'reset_after', match);
    const first = await gateway.call('PATCH', match.path, { body: older, headers: { Prefer: 'wait=0' } });
    await until('the older one is carried out', async () => (await carriedOut()) === 1);
    const second = await gateway.call('PATCH', match.path, { body: newer, headers: { Prefer: 'wait=0' } });
    await until('the newer one is carried out', async () => (await carriedOut()) === 2);
    await lasting(gateway, 'status', match, { code: 403, error_code: 'NOT_ALLOWED' });
    await deaf.end();
    expect((await settled(gateway, second)).state).toBe('succeeded');
    expect(await settled(gateway, first, ['manual', 'succeeded'])).toMatchObject({ state: 'manual', reason: 'not-shown' });
    // A new key would have undone the newer one.
    expect(new Set((await requests(gateway, match)).map((each) => each.idempotency_key)).size).toBe(2);
  });

  it('is sent once more under a new key where twice is as good as once', async () => {
    const id = await aReadOrder();
    const path = ordersPath(id, '/acknowledge');
    await gateway.fault('reset_after', { method: 'POST', path });
    await gateway.fault('status', { method: 'POST', path }, { code: 403, error_code: 'NOT_ALLOWED' });
    const open = await gateway.call('POST', path, { headers: { Prefer: 'wait=0' } });
    const { state, history } = await settled(gateway, open);
    expect(state).toBe('succeeded');
    expect(history.filter(({ type }) => type === 'attempt').map(({ generation }) => generation)).toEqual([1, 1, 2]);
    const keys = (await requests(gateway, { method: 'POST', path })).map((each) => each.idempotency_key);
    expect(new Set(keys).size).toBe(2);
  });

  it('that Klarna does show is found by reading: an extension by its later end', async () => {
    const id = await aReadOrder();
    await gateway.advance(DAY);
    const open = await doubted(id, 'POST', '/extend-authorization-time');
    expect(await settled(gateway, open)).toMatchObject({ state: 'succeeded', answer: { status: 204 } });
    const executed = (await requests(gateway, { method: 'POST', path: ordersPath(id, '/extend-authorization-time') })).filter(
      (each) => each.executed,
    );
    expect(executed).toHaveLength(1);
    expect(await drift(id)).toEqual([]);
  });
});
