import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from './simulator.js';
import { eventually, ORDERS, startForTest, type TestClient } from './test-client.js';

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

const captured = async (orderId: string) => (await client.ledger(orderId)).captured_amount;

describe('an idempotency key', () => {
  it('replays status, headers and body, and captures once', async () => {
    const orderId = await client.order();
    const first = await client.capture(orderId, 1_000, 'k');
    const again = await client.capture(orderId, 1_000, 'k');
    for (const header of ['capture-id', 'location', 'klarna-correlation-id', 'content-length']) {
      expect(again.headers.get(header)).toBe(first.headers.get(header));
    }
    expect([again.status, again.text]).toEqual([201, '']);
    expect(await captured(orderId)).toBe(1_000);
  });

  it('looks at nothing but itself: other bodies, orders and routes get the first answer', async () => {
    const [one, two] = [await client.order(), await client.order()];
    const first = await client.capture(one, 1_000, 'k');
    for (const other of [await client.capture(one, 2_000, 'k'), await client.capture(two, 1_000, 'k'), await client.cancel(two, 'k')]) {
      expect(other.headers.get('capture-id')).toBe(first.headers.get('capture-id'));
    }
    expect([await captured(one), await captured(two)]).toEqual([1_000, 0]);
    expect((await client.read(two)).status).toBe('AUTHORIZED');
  });

  it('belongs to one merchant', async () => {
    const mine = await client.order();
    const other = client.as('other:other');
    const theirs = await other.order();
    await client.capture(mine, 1_000, 'k');
    await other.capture(theirs, 2_000, 'k');
    expect(await captured(theirs)).toBe(2_000);
  });

  it('two keys, or none, are two captures', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 1_000, 'a');
    await client.capture(orderId, 1_000, 'b');
    await client.capture(orderId, 1_000);
    await client.capture(orderId, 1_000);
    expect(await captured(orderId)).toBe(4_000);
  });

  it('works on every write of Order Management', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 4_000);
    for (const [name, write] of Object.entries({
      refund: (key: string) => client.refund(orderId, 100, key),
      authorization: (key: string) => client.updateAuthorization(orderId, 9_000, key),
      acknowledge: (key: string) => client.call('POST', `${ORDERS}/${orderId}/acknowledge`, undefined, { 'Klarna-Idempotency-Key': key }),
      release: (key: string) => client.release(orderId, key),
    })) {
      const first = await write(name);
      const again = await write(name);
      expect([name, again.status, again.headers.get('klarna-correlation-id')]).toEqual([
        name,
        first.status,
        first.headers.get('klarna-correlation-id'),
      ]);
    }
    expect((await client.ledger(orderId)).refunds).toHaveLength(1);
    const cancelled = await client.order();
    expect([(await client.cancel(cancelled, 'c')).status, (await client.cancel(cancelled, 'c')).status]).toEqual([204, 204]);
  });

  it('is forgotten 24 hours after its first attempt', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 1_000, 'k');
    await client.advance(12 * 3600);
    await client.capture(orderId, 1_000, 'k');
    await client.advance(12 * 3600 - 60);
    await client.capture(orderId, 1_000, 'k');
    expect(await captured(orderId)).toBe(1_000);
    await client.advance(61);
    await client.capture(orderId, 1_000, 'k');
    expect(await captured(orderId)).toBe(2_000);
  });

  it('remembers a refusal, or not, by the switch', async () => {
    const orderId = await client.order();
    const refused = await client.refund(orderId, 1_000, 'k');
    await client.capture(orderId, 1_000);
    expect((await client.refund(orderId, 1_000, 'k')).text).toBe(refused.text);
    await client.behave({ replay_4xx: false });
    expect((await client.refund(orderId, 1_001, 'l')).status).toBe(403);
    expect((await client.refund(orderId, 1_000, 'l')).status).toBe(201);
  });

  it('is not touched by refused credentials', async () => {
    const orderId = await client.order();
    await client.as('simulator:wrong').capture(orderId, 1_000, 'k');
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(201);
  });

  it('keeps the result of a call that was executed but answered with 5xx', async () => {
    const orderId = await client.order();
    await client.fault({ match: { path: '/ordermanagement/*' }, kind: 'status_after', code: 503 });
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(503);
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(201);
    expect(await captured(orderId)).toBe(1_000);
  });

  it.each(['status', 'status_after'])('remembers the 5xx of %s itself where the switch says so', async (kind) => {
    await client.behave({ remember_5xx: true });
    const orderId = await client.order();
    await client.fault({ match: { path: '/ordermanagement/*' }, kind, code: 500 });
    const first = await client.capture(orderId, 1_000, 'k');
    const again = await client.capture(orderId, 1_000, 'k');
    expect([again.status, again.text]).toEqual([500, first.text]);
    expect(await captured(orderId)).toBe(kind === 'status' ? 0 : 1_000);
    await client.advance(24 * 3600 + 1);
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(201);
  });

  it.each(['status', 'status_after'])('keeps its first answer when %s fails a repeat, also where a 5xx is remembered', async (kind) => {
    await client.behave({ remember_5xx: true });
    const orderId = await client.order();
    const first = await client.capture(orderId, 1_000, 'k');
    await client.fault({ match: { path: '/ordermanagement/*' }, kind, code: 500 });
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(500);
    expect((await client.capture(orderId, 1_000, 'k')).headers.get('capture-id')).toBe(first.headers.get('capture-id'));
    expect(await captured(orderId)).toBe(1_000);
  });

  it('forgets a 5xx of a call that never ran', async () => {
    const orderId = await client.order();
    await client.fault({ match: { path: '/ordermanagement/*' }, kind: 'status', code: 500 });
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(500);
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(201);
  });
});

describe('two calls with one key at once', () => {
  const gate = async () => {
    const { json } = await client.call('POST', '/simulator/gates', { match: { method: 'POST', path: '/ordermanagement/*' }, at: 'before' });
    const id = json.id as string;
    return {
      arrived: () => client.call('GET', `/simulator/gates/${id}?waiting=1`),
      open: () => client.call('DELETE', `/simulator/gates/${id}`),
    };
  };

  it('are one: the second waits for the first and gets its answer', async () => {
    const orderId = await client.order();
    const { arrived, open } = await gate();
    const first = client.capture(orderId, 1_000, 'k');
    await arrived();
    const second = client.capture(orderId, 1_000, 'k');
    const third = client.capture(orderId, 1_000, 'k');
    await open();
    expect((await second).headers.get('capture-id')).toBe((await first).headers.get('capture-id'));
    expect((await third).headers.get('capture-id')).toBe((await first).headers.get('capture-id'));
    expect(await captured(orderId)).toBe(1_000);
  });

  it('conflict where the switch says so: the second gets 409 without a message', async () => {
    await client.behave({ concurrent_key: 'conflict' });
    const orderId = await client.order();
    const { arrived, open } = await gate();
    const first = client.capture(orderId, 1_000, 'k');
    await arrived();
    const second = await client.capture(orderId, 1_000, 'k');
    expect([second.status, second.json.error_code, second.json.error_messages]).toEqual([409, 'CONFLICT', []]);
    await open();
    expect((await first).status).toBe(201);
    expect((await client.capture(orderId, 1_000, 'k')).headers.get('capture-id')).toBe((await first).headers.get('capture-id'));
  });

  it('run one after the other when the first leaves nothing to replay', async () => {
    await client.behave({ replay_4xx: false });
    const orderId = await client.order();
    const { arrived, open } = await gate();
    const first = client.refund(orderId, 1_000, 'k');
    await arrived();
    const second = client.refund(orderId, 1_000, 'k');
    await open();
    expect([(await first).status, (await second).status]).toEqual([403, 403]);
    expect((await first).text).not.toBe((await second).text);
  });

  it('count as one also while the first is held by latency', async () => {
    await client.behave({ concurrent_key: 'conflict' });
    const orderId = await client.order();
    await client.fault({ match: { path: '/ordermanagement/*' }, kind: 'latency', ms: 1_000 });
    const first = client.capture(orderId, 1_000, 'k');
    await eventually(async () => (await client.ledger(orderId)).requests.length > 1);
    expect((await client.capture(orderId, 1_000, 'k')).status).toBe(409);
    expect((await first).status).toBe(201);
  });
});
