import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHECKOUTS, checkoutOf, opened } from '../support/checkouts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { accepted, gateAt, operationIn, requests, settled } from '../support/scene.js';

const SESSIONS = '/payments/v1/sessions';

describe('changes of one cart', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '20000', KLARNA_TIMEOUT_MS: '10000' } });
  });
  afterAll(() => gateway.close());

  const change = (path: string, amount: number, prefer?: string): Promise<Answer> =>
    gateway.call('POST', path, { body: cartOf(amount), headers: prefer === undefined ? {} : { Prefer: prefer } });
  const arrived = async (path: string) => (await requests(gateway, { method: 'POST', path })).length;
  const amountAt = async (path: string) => ((await gateway.get(path)).json as { order_amount: number }).order_amount;

  const carts: [what: string, success: number, open: () => Promise<{ id: string; path: string }>][] = [
    [
      'session',
      204,
      async () => {
        const { session_id: id } = (await gateway.post(SESSIONS, cartOf(20_000))).json as { session_id: string };
        return { id, path: `${SESSIONS}/${id}` };
      },
    ],
    [
      'checkout',
      200,
      async () => {
        const { id } = await opened(gateway, checkoutOf(20_000));
        return { id, path: `${CHECKOUTS}/${id}` };
      },
    ],
  ];

  describe.each(carts)('of a %s', (_, success, open) => {
    it('reach Klarna in the order of their acceptance, also when the caller of the one before has left', async () => {
      const { id, path } = await open();
      const gate = await gateAt(gateway, 'before', path);
      const older = await change(path, 10_000, 'wait=1');
      expect(older.status).toBe(503);
      const newer = change(path, 30_000);
      await accepted(gateway, id, 2);
      expect(await arrived(path)).toBe(1);
      await gate.open();
      expect((await newer).status).toBe(success);
      // Klarna carried the older one out after all; the newer cart is the one that stays.
      expect((await settled(gateway, older)).state).toBe('succeeded');
      expect(await arrived(path)).toBe(2);
      expect(await amountAt(path)).toBe(30_000);
    });

    it('are not sent at all when their turn does not come while their caller waits', async () => {
      const { path } = await open();
      const gate = await gateAt(gateway, 'before', path);
      const older = await change(path, 10_000, 'wait=1');
      const newer = await change(path, 30_000, 'wait=1');
      expect([newer.status, newer.headers['retry-after']]).toEqual([503, '1']);
      expect(newer.json).toMatchObject({
        error_code: 'TEMPORARILY_UNAVAILABLE',
        error_messages: ['An earlier change of this cart is still under way at Klarna. Nothing was sent, and nothing will be; try again.'],
      });
      await gate.open();
      expect((await settled(gateway, operationIn(older))).state).toBe('succeeded');
      expect((await change(path, 40_000)).status).toBe(success);
      expect(await arrived(path)).toBe(2);
      expect(await amountAt(path)).toBe(40_000);
    });
  });

  it('do not wait for those of others', async () => {
    const [{ path }, other] = [await carts[0]![2](), await carts[0]![2]()];
    const gate = await gateAt(gateway, 'before', path);
    const held = change(path, 10_000);
    await gate.waiting();
    expect((await change(other.path, 30_000)).status).toBe(204);
    await gate.open();
    expect((await held).status).toBe(204);
  });
});
