import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { elsewhere, gateAt, lastSequence, lasting, ordersPath, requests } from '../support/scene.js';
import { until } from '../support/until.js';

interface Stored {
  status: string;
  captured_amount: number;
  refunded_amount: number;
  captures: { capture_id: string }[];
  refunds: { refund_id: string }[];
}

describe('reads', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());
  afterEach(() => gateway.simulate('DELETE', '/simulator/faults'));

  const stored = async (id: string) => (await gateway.stored(id)) as unknown as Stored;
  const readsOf = async (id: string, since: number) => requests(gateway, { method: 'GET', path: ordersPath(id) }, since);
  /** Nothing is due to be read any more. */
  const quiet = (id: string) =>
    until('the order was read after its last change', async () => {
      const [after] = (await requests(gateway, { path: `${ordersPath(id)}*` })).slice(-1);
      return after?.method === 'GET' && after.path === ordersPath(id);
    });
  /** An order with a capture and a refund, made through the gateway. */
  async function managed() {
    const id = await gateway.order();
    const capture = (await gateway.post(ordersPath(id, '/captures'), { captured_amount: 4_000 })).headers['capture-id'];
    const refund = (await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 500 })).headers['refund-id'];
    return { id, paths: ['', '/captures', `/captures/${capture}`, `/refunds/${refund}`].map((suffix) => ordersPath(id, suffix)) };
  }

  it('bring the stored order up to date', async () => {
    const { id } = await managed();
    await elsewhere(gateway, ordersPath(id, '/captures'), { captured_amount: 1_000 });
    await gateway.get(ordersPath(id));
    expect(await stored(id)).toMatchObject({ captured_amount: 5_000, captures: [expect.anything(), expect.anything()] });
  });

  it.each([
    ['the list of captures', '/captures', '/captures', { captured_amount: 1_000 }],
    ['one capture', '/captures/{id}', '/captures', { captured_amount: 1_000 }],
    ['one refund', '/refunds/{id}', '/refunds', { refunded_amount: 700 }],
  ])('of a part bring it up to date soon, when they show something new: %s', async (_, part, action, body) => {
    const { id } = await managed();
    await quiet(id);
    await elsewhere(gateway, ordersPath(id, action), body);
    const { captures, refunds } = await gateway.ledger(id);
    const made = (action === '/captures' ? captures.at(-1)?.capture_id : refunds.at(-1)?.refund_id) ?? '';
    expect((await gateway.get(ordersPath(id, part.replace('{id}', made)))).status).toBe(200);
    await until('the stored order shows it', async () => {
      const order = await stored(id);
      return [...order.captures.map((one) => one.capture_id), ...order.refunds.map((one) => one.refund_id)].includes(made);
    });
  });

  it('of a part that shows what is stored cost no other', async () => {
    const { id, paths } = await managed();
    await quiet(id);
    const since = await lastSequence(gateway);
    for (const path of paths.slice(1)) await gateway.get(path);
    const other = await managed();
    await quiet(other.id);
    expect(await readsOf(id, since)).toEqual([]);
  });

  it('follow a change by themselves, many changes with few, and keep nobody waiting', async () => {
    const id = await gateway.order();
    await quiet(id);
    const since = await lastSequence(gateway);
    const gate = await gateAt(gateway, 'before', ordersPath(id), 'GET');
    for (let parcel = 1; parcel <= 8; parcel += 1) {
      expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 * parcel })).status).toBe(201);
    }
    await gate.waiting();
    expect((await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 100 })).status).toBe(201);
    await gate.open();
    await until('what Klarna alone knows is known', async () => {
      const { captures } = (await gateway.stored(id)) as { captures: { captured_at: string | null }[] };
      return captures.length === 8 && captures.every(({ captured_at: at }) => at !== null);
    });
    await until('it was read after the refund', async () => (await readsOf(id, since)).length >= 2);
    expect((await readsOf(id, since)).length).toBeLessThanOrEqual(4);
  });

  // Last: an account whose reads fail is left alone by the service's own reads, for longer each time.
  it.each([
    ['a 5xx with its error object', 'status', { code: 500 }, 'INTERNAL_SERVER_ERROR'],
    ['a 504 with its error object', 'status', { code: 504, error_code: 'TEMPORARILY_UNAVAILABLE' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a 502 without a body', 'status', { code: 502, body: '' }, 'TEMPORARILY_UNAVAILABLE'],
    ["a proxy's page", 'status', { code: 503, body: '<html>' }, 'TEMPORARILY_UNAVAILABLE'],
    ["a proxy's page for what it does not know", 'status', { code: 404, body: '<html>' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a 404 without a body', 'status', { code: 404, body: '' }, 'TEMPORARILY_UNAVAILABLE'],
    ['a reset', 'reset_before', {}, 'TEMPORARILY_UNAVAILABLE'],
    ['silence', 'timeout_before', {}, 'TEMPORARILY_UNAVAILABLE'],
    ['half an answer', 'garbage_after', { variant: 'truncated_json' }, 'TEMPORARILY_UNAVAILABLE'],
  ])('are answered 503 when Klarna gives %s, and the stored copy stays', async (_, kind, more, code) => {
    const { id, paths } = await managed();
    const before = await stored(id);
    for (const path of paths) {
      await lasting(gateway, kind, { method: 'GET', path }, more);
      const answer = await gateway.get(path);
      expect([path, answer.status, answer.json]).toMatchObject([path, 503, { error_code: code }]);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    }
    expect((await stored(id)).captures).toEqual(before.captures);
    const { captured_amount: captured, refunded_amount: refunded } = await stored(id);
    expect([captured, refunded]).toEqual([4_000, 500]);
  });

  it('of a known order are answered 503 when Klarna shows another one; of an unknown one it may be another spelling', async () => {
    const { id } = await managed();
    const unknown = randomUUID();
    const body = JSON.stringify({ order_id: randomUUID(), status: 'CANCELLED', order_amount: 1, captured_amount: 0 });
    for (const each of [id, unknown]) await gateway.fault('status', { method: 'GET', path: ordersPath(each) }, { code: 200, body });
    const answer = await gateway.get(ordersPath(id));
    expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(await stored(id)).toMatchObject({ captured_amount: 4_000 });
    expect((await gateway.get(ordersPath(unknown))).json).toMatchObject({ error_code: 'NO_SUCH_ORDER' });
  });

  it("pass Klarna's own words of a failure on, byte by byte", async () => {
    const { paths } = await managed();
    const body = '{ "error_code":"INTERNAL_SERVER_ERROR", "error_messages":["caf\\u00e9"], "correlation_id":"k" }';
    for (const path of paths) {
      await lasting(gateway, 'status', { method: 'GET', path }, { code: 500, body });
      const answer = await gateway.get(path);
      expect([answer.status, answer.text]).toEqual([503, body]);
    }
  });
});
