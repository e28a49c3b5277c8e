import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import { CART, TestClient } from '../../simulator/test-client.js';
import { Client } from '../support/client.js';
import { until } from '../support/until.js';
import { StormClock } from './clock.js';

describe('while much time passes', () => {
  let simulator: Simulator;
  beforeEach(async () => (simulator = await startSimulator({ port: 0 })));
  afterEach(() => simulator.close());

  it.each([
    ['POST', '/payments/v1/sessions', CART],
    ['POST', '/checkout/v3/orders', CART],
    ['POST', '/customer-token/v1/tokens/some/order', CART],
    ['PATCH', '/ordermanagement/v1/orders/some/authorization', { order_amount: 1, order_lines: [] }],
    ['PUT', '/customer-token/v1/tokens/some/status', { status: 'CANCELLED' }],
    ['DELETE', '/payments/v1/authorizations/some', undefined],
    ['DELETE', '/hpp/v1/sessions/some', undefined],
  ])('no %s %s gets through, and none is carried out, whatever was to go wrong with it', async (method, path, body) => {
    const klarna = new TestClient(simulator.url);
    const storm = new Client('', simulator.url);
    await storm.fault('reset_after', { method, path });
    let over = false;
    const passing = new StormClock(storm).pass(30 * 3_600).then(() => (over = true));
    const offset = async () => ((await storm.simulate('GET', '/simulator/clock')) as { offset_ms: number }).offset_ms;
    await until('the time has passed', async () => (await offset()) > 0);
    await expect(klarna.call(method, path, body)).rejects.toThrow();
    expect(over).toBe(false);
    await passing;
    const { requests } = (await storm.simulate('GET', '/simulator/ledger/requests')) as { requests: { executed: boolean }[] };
    expect(requests.map(({ executed }) => executed)).toEqual([false]);
    expect((await klarna.call('POST', '/payments/v1/sessions', CART)).status).toBe(200);
  });
});

describe('while little time passes at a time', () => {
  let simulator: Simulator;
  beforeEach(async () => (simulator = await startSimulator({ port: 0 })));
  afterEach(() => simulator.close());

  it('it stays where something is left to do, but not for ever', async () => {
    const storm = new Client('', simulator.url);
    const clock = new StormClock(storm);
    const offset = async () => ((await storm.simulate('GET', '/simulator/clock')) as { offset_ms: number }).offset_ms;
    const looks: number[] = [];
    clock.start(1, 4, async () => {
      looks.push(await offset());
      return looks.length >= 3;
    });
    await until('it hops', async () => (await offset()) >= 8_000);
    await clock.stop();
    expect(looks.slice(0, 4)).toEqual([0, 0, 0, 4_000]);

    const before = await offset();
    clock.start(1, 4, () => Promise.resolve(false));
    await until('it hops all the same', async () => (await offset()) > before);
    await clock.stop();
  });
});
