import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { get } from 'node:http';
import type { JsonObject } from './json.js';
import type { Simulator } from './simulator.js';
import { ORDERS, startForTest, type Reply, type TestClient } from './test-client.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(
  async () =>
    ({ simulator, client } = await startForTest({
      accounts: [
        { username: 'simulator', password: 'simulator' },
        { username: 'other', password: 'other' },
      ],
    })),
);
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const refusal = ({ status, json }: Reply) => [status, json.error_code, json.error_messages];
const DAYS = 24 * 3600;

describe('a capture', () => {
  it('answers a bare 201 in exactly this spelling, and the capture is found at its Location', async () => {
    const orderId = await client.order();
    const reply = await client.capture(orderId, 4_000, undefined, {
      reference: 'R-1',
      description: 'First',
      shipping_info: [{ shipping_method: 'Home' }],
    });
    const captureId = reply.headers.get('capture-id')!;
    expect([reply.status, reply.text, reply.headers.get('content-type'), reply.headers.get('content-length')]).toEqual([
      201,
      '',
      null,
      '0',
    ]);
    expect(reply.headers.get('location')).toBe(`${client.url}${ORDERS}/${orderId}/captures/${captureId}`);
    const { json } = await client.call('GET', new URL(reply.headers.get('location')!).pathname);
    const { klarna_reference } = await client.read(orderId);
    expect(json).toMatchObject({
      capture_id: captureId,
      captured_amount: 4_000,
      refunded_amount: 0,
      klarna_reference: `${klarna_reference as string}-1`,
      reference: 'R-1',
      description: 'First',
      shipping_info: [{ shipping_method: 'Home' }],
    });
    await client.capture(orderId, 1_000);
    const list = (await client.call('GET', `${ORDERS}/${orderId}/captures`)).json as unknown as JsonObject[];
    expect(list.map((capture) => capture.klarna_reference)).toEqual([`${klarna_reference as string}-1`, `${klarna_reference as string}-2`]);
    expect((await client.read(orderId)).captures).toEqual(list);
    expect((await client.call('GET', `${ORDERS}/${orderId}/captures/nope`)).json.error_code).toBe('NO_SUCH_CAPTURE');
  });

  it('spells its headers as Klarna does', async () => {
    const orderId = await client.order();
    const rawHeaders = await new Promise<string[]>((resolve, reject) => {
      get(`${client.url}${ORDERS}/${orderId}`, { auth: 'simulator:simulator', agent: false }, (response) => {
        response.resume();
        resolve(response.rawHeaders);
      }).on('error', reject);
    });
    expect(rawHeaders).toEqual(
      expect.arrayContaining(['Klarna-Correlation-Id', 'X-Ratelimit-Limit', 'X-Ratelimit-Remaining', 'X-Ratelimit-Reset']),
    );
  });

  it.each<[JsonObject, number, string, string]>([
    [{ captured_amount: '1' }, 400, 'BAD_VALUE', 'captured_amount'],
    [{}, 400, 'BAD_VALUE', 'captured_amount'],
    [{ captured_amount: -1 }, 400, 'BAD_VALUE', 'captured_amount'],
    [{ captured_amount: 200_000_001 }, 400, 'BAD_VALUE', 'captured_amount'],
    [{ captured_amount: 1.5 }, 400, 'BAD_VALUE', 'captured_amount'],
    [{ captured_amount: 1, shipping_info: [{ shipping_method: 'Drone' }] }, 400, 'BAD_VALUE', 'shipping_info[0].shipping_method'],
    [{ captured_amount: 1, order_lines: [{ name: 'x' }] }, 400, 'BAD_VALUE', 'order_lines[0].quantity'],
    [{ captured_amount: 1, reference: 'x'.repeat(256) }, 422, 'UNPROCESSABLE_ENTITY', 'reference'],
    [{ captured_amount: 1, description: 'x'.repeat(256) }, 422, 'UNPROCESSABLE_ENTITY', 'description'],
  ])('%j is refused by name', async (body, status, code, path) => {
    const reply = await client.call('POST', `${ORDERS}/${await client.order()}/captures`, body);
    expect([reply.status, reply.json.error_code]).toEqual([status, code]);
    expect(reply.json.error_messages).toContain(`Bad value: ${path}`);
  });

  it('of a pending shipment needs shipping_delay to be enabled', async () => {
    const orderId = await client.order();
    expect((await client.capture(orderId, 1, undefined, { shipping_delay: 1 })).json.error_code).toBe('CAPTURE_NOT_ALLOWED');
    await client.behave({ shipping_delay: 'enabled' });
    expect((await client.capture(orderId, 1, undefined, { shipping_delay: 1 })).status).toBe(201);
  });

  it('of 0 is accepted or rejected by the switch, and counts as a capture', async () => {
    const orderId = await client.order();
    await client.behave({ zero_amount_capture: 'rejected' });
    expect(refusal(await client.capture(orderId, 0))).toEqual([400, 'BAD_VALUE', ['Bad value: captured_amount']]);
    await client.behave({ zero_amount_capture: 'accepted' });
    expect((await client.capture(orderId, 0)).status).toBe(201);
    expect((await client.cancel(orderId)).json.error_code).toBe('CANCEL_NOT_ALLOWED');
  });

  it('has its lines added up only where the switch says so', async () => {
    const orderId = await client.order();
    const order_lines = [{ name: 'x', quantity: 1, unit_price: 3_000, total_amount: 3_000 }];
    expect((await client.capture(orderId, 1_000, undefined, { order_lines })).status).toBe(201);
    await client.behave({ capture_line_sums: 'checked' });
    expect(refusal(await client.capture(orderId, 1_000, undefined, { order_lines }))).toEqual([
      400,
      'BAD_VALUE',
      ['Bad value: captured_amount'],
    ]);
    expect((await client.capture(orderId, 3_000, undefined, { order_lines })).status).toBe(201);
    expect(refusal(await client.refund(orderId, 1_000, undefined, { order_lines }))).toEqual([
      400,
      'BAD_VALUE',
      ['Bad value: refunded_amount'],
    ]);
  });

  it('renews the expiry of the rest where the switch says so', async () => {
    const orderId = await client.order();
    const { expires_at } = await client.read(orderId);
    await client.advance(DAYS);
    await client.capture(orderId, 1_000);
    expect((await client.read(orderId)).expires_at).toBe(expires_at);
    await client.behave({ expires_after_capture: 'renewed' });
    await client.capture(orderId, 1_000);
    expect(Date.parse((await client.read(orderId)).expires_at as string) - Date.parse(expires_at as string)).toBeGreaterThanOrEqual(
      DAYS * 1000,
    );
  });

  it('is limited in number where the switch says so, as refunds are', async () => {
    await client.behave({ max_captures_and_refunds: 1 });
    const orderId = await client.order();
    expect((await client.capture(orderId, 1_000)).status).toBe(201);
    expect((await client.capture(orderId, 1_000)).json.error_code).toBe('CAPTURE_NOT_ALLOWED');
    expect((await client.refund(orderId, 1)).status).toBe(201);
    expect((await client.refund(orderId, 1)).json.error_code).toBe('REFUND_NOT_ALLOWED');
  });

  it('takes 100.0 as 100 unless the switch refuses it', async () => {
    const orderId = await client.order();
    const capture = (body: string) => client.call('POST', `${ORDERS}/${orderId}/captures`, body);
    expect((await capture('{"captured_amount":100.0}')).status).toBe(201);
    await client.behave({ whole_decimals: 'rejected' });
    expect(refusal(await capture('{"captured_amount":1e2}'))).toEqual([400, 'BAD_VALUE', ['Bad value: captured_amount']]);
  });
});

describe('a refund', () => {
  it('answers a bare 201, and the refund is found at its Location', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    const reply = await client.refund(orderId, 1_500, undefined, { reference: 'RET-1' });
    const refundId = reply.headers.get('refund-id')!;
    expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([201, '', null]);
    expect(reply.headers.get('location')).toBe(`${client.url}${ORDERS}/${orderId}/refunds/${refundId}`);
    const { json } = await client.call('GET', `${ORDERS}/${orderId}/refunds/${refundId}`);
    expect(json).toMatchObject({ refund_id: refundId, refunded_amount: 1_500, reference: 'RET-1' });
    expect((await client.read(orderId)).refunds).toEqual([json]);
    expect(refusal(await client.call('GET', `${ORDERS}/${orderId}/refunds/nope`)).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
    await client.behave({ unknown_refund_status: 400 });
    expect(refusal(await client.call('GET', `${ORDERS}/${orderId}/refunds/nope`)).slice(0, 2)).toEqual([400, 'NOT_FOUND']);
  });

  it('lowers the capture whose lines it names, else the oldest', async () => {
    const orderId = await client.order();
    const lines = (reference: string, total: number) => [{ name: 'x', reference, quantity: 1, unit_price: total, total_amount: total }];
    await client.capture(orderId, 3_000, undefined, { order_lines: lines('A', 3_000) });
    await client.capture(orderId, 3_000, undefined, { order_lines: lines('B', 3_000) });
    await client.refund(orderId, 1_000, undefined, { order_lines: lines('B', 1_000) });
    await client.refund(orderId, 500);
    const captures = (await client.call('GET', `${ORDERS}/${orderId}/captures`)).json as unknown as JsonObject[];
    expect(captures.map((capture) => capture.refunded_amount)).toEqual([500, 1_000]);
  });

  it('with a return fee must add up, come after one single capture, and be offered in the market', async () => {
    const order_lines = [
      { name: 'Shoes', quantity: 1, unit_price: 5_000, total_amount: 5_000 },
      { name: 'Return fee', type: 'return_fee', quantity: 1, unit_price: -500, total_amount: -500 },
    ];
    const orderId = await client.order();
    await client.capture(orderId, 5_000);
    expect((await client.refund(orderId, 5_000, undefined, { order_lines })).json.error_code).toBe('REFUND_NOT_ALLOWED');
    expect((await client.refund(orderId, 4_500, undefined, { order_lines })).status).toBe(201);
    await client.capture(orderId, 5_000);
    expect((await client.refund(orderId, 4_500, undefined, { order_lines })).json.error_code).toBe('REFUND_NOT_ALLOWED');
    const british = await client.order({ purchase_country: 'GB', purchase_currency: 'GBP' });
    await client.capture(british, 10_000);
    expect((await client.refund(british, 4_500, undefined, { order_lines })).json.error_code).toBe('REFUND_NOT_ALLOWED');
    expect(refusal(await client.capture(orderId, 1, undefined, { order_lines })).slice(0, 2)).toEqual([400, 'BAD_VALUE']);
  });
});
