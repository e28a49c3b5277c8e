import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../simulator.js';
import { eventually, startForTest, type TestClient } from '../test-client.js';
import { shop, type Shop } from '../test-shop.js';

let simulator: Simulator;
let client: TestClient;
let its: Shop;
beforeAll(async () => void ({ simulator, client } = await startForTest()));
afterAll(() => simulator.close());
beforeEach(async () => {
  await client.call('DELETE', '/simulator/state');
  its = await shop();
});
afterEach(async () => {
  its.server.closeAllConnections();
  await new Promise((resolve) => its.server.close(resolve));
});

const authorizations = async (count: number) => {
  const sessionId = await client.session({ merchant_urls: { authorization: `${its.url}/auth` } });
  for (let n = 0; n < count; n += 1) await client.authorize(sessionId);
};

describe('the disorder of callbacks', () => {
  it('is off until a switch says otherwise', async () => {
    await authorizations(20);
    await eventually(() => its.calls.length === 20);
    const callbacks = await client.callbacks();
    expect(callbacks).toHaveLength(20);
    expect(callbacks.some(({ withheld, double_of }) => withheld !== undefined || double_of !== undefined)).toBe(false);
  });

  it('loses as many as it is told, for good', async () => {
    await client.behave({ callbacks_lost: 30 });
    await authorizations(200);
    await client.advance(60);
    const callbacks = await client.callbacks();
    const lost = callbacks.filter(({ withheld }) => withheld === 'lost');
    expect(callbacks).toHaveLength(200);
    expect(lost.length).toBeGreaterThan(30);
    expect(lost.length).toBeLessThan(90);
    await eventually(() => its.calls.length === 200 - lost.length);
    expect(lost.every(({ next_at, attempts }) => next_at === null && attempts.length === 0)).toBe(true);
  });

  it('doubles: the double says the same, and has a schedule of its own', async () => {
    await client.behave({ callbacks_doubled: 100 });
    await authorizations(1);
    await eventually(() => its.calls.length === 2);
    const [callback, double] = await client.callbacks();
    expect(double).toMatchObject({ double_of: callback!.callback_id, body: callback!.body, url: callback!.url });
    expect(its.calls[0]).toEqual(its.calls[1]);
  });

  it('delays by as much as it is told at most, so that later ones come first', async () => {
    await client.behave({ callbacks_delayed: 50, callbacks_delay_seconds: 600 });
    await authorizations(20);
    await client.advance(600);
    await eventually(() => its.calls.length === 20);
    const planned = (await client.callbacks()).map(({ body }) => body);
    const came = its.calls.map(({ body }) => body);
    expect([...came].sort()).toEqual([...planned].sort());
    expect(came).not.toEqual(planned);
  });

  it('is drawn alike with one seed, and otherwise with another', async () => {
    const drawn = async (callbacks_seed: number) => {
      await client.call('DELETE', '/simulator/state');
      await client.behave({ callbacks_lost: 50, callbacks_seed });
      await authorizations(64);
      return (await client.callbacks()).map(({ withheld }) => withheld === 'lost');
    };
    const [one, again, other] = [await drawn(1), await drawn(1), await drawn(2)];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('takes no more than all of them', async () => {
    const reply = await client.call('POST', '/simulator/behaviour', { callbacks_lost: 101 });
    expect([reply.status, reply.json.error]).toEqual([400, 'Switch callbacks_lost takes a whole number from 0 to 100']);
  });
});
