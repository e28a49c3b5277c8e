import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CheckoutSweeper } from '../../src/checkout/checkout-sweeper.js';
import { PageSweeper } from '../../src/hosted-payment-page/page-sweeper.js';
import { SessionSweeper } from '../../src/payments/session-sweeper.js';
import { LooksRepository } from '../../src/persistence/repositories/looks.repository.js';
import { CHECKOUTS, checkoutOf, completed, opened as openedCheckout } from '../support/checkouts.js';
import { cartOf } from '../support/client.js';
import { ended } from '../notifications/stored.js';
import { lastSequence, lasting, requests, rowsOf } from '../support/scene.js';
import type { TestGateway } from '../support/gateway.js';
import { pass } from '../support/time.js';
import { until } from '../support/until.js';
import { aHook, callback, cameTo } from './callbacks.js';
import { anEndpoint, authorizationsOf, eventsOf, toldAt } from './heard.js';
import { publicGateway, type PublicGateway } from './public-gateway.js';

const SESSIONS = '/payments/v1/sessions';
const PAGES = '/hpp/v1/sessions';
const MINUTE = 60;

describe('what Klarna never told', () => {
  let reached: PublicGateway;
  let gateway: TestGateway;
  beforeAll(async () => {
    reached = await publicGateway({ env: { CLOCK: 'simulator', MISSING_CALLBACK_READS_PER_SECOND: '100' } });
    gateway = reached.gateway;
    // Klarna's calls reach nobody.
    reached.away();
  });
  afterAll(() => reached.close());

  const sweeper = {
    payment_sessions: () => gateway.app.get(SessionSweeper, { strict: false }),
    hosted_pages: () => gateway.app.get(PageSweeper, { strict: false }),
    checkout_orders: () => gateway.app.get(CheckoutSweeper, { strict: false }),
  };
  // The rounds of the service are not to look in between.
  beforeAll(async () => {
    for (const of of Object.values(sweeper)) await of().onModuleDestroy();
  });
  const column = { payment_sessions: 'provider_session_id', hosted_pages: 'provider_session_id', checkout_orders: 'provider_order_id' };
  type Table = keyof typeof column;
  const dueIn = async (table: Table, id: string): Promise<number | null> => {
    const [row] = await rowsOf<{ minutes: number | null }>(
      gateway.database,
      `SELECT (extract(epoch FROM look_at - created_at) / 60)::float8 AS minutes FROM ${table} WHERE ${column[table]} = $1`,
      [id],
    );
    if (row === undefined) throw new Error(`${table} has no ${id}`);
    return row.minutes === null ? null : Math.round(row.minutes);
  };
  /** The clock goes on, and everything that is due then is looked at, by this process or another. */
  const looked = async (table: Table, id: string, minutes: number): Promise<number | null> => {
    const before = await dueIn(table, id);
    await pass(minutes * MINUTE, gateway);
    await until('it was looked at', async () => {
      await sweeper[table]().lookDue();
      return (await dueIn(table, id)) !== before;
    });
    return dueIn(table, id);
  };
  const now = async () => Date.parse(((await gateway.simulate('GET', '/simulator/clock')) as { now: string }).now);
  const urls = (path: string) => ({
    authorization: `https://shop.example/${path}?s={session.id}`,
    confirmation: 'https://shop.example/ok',
  });
  const session = async (path: string = randomUUID()): Promise<string> => {
    const made = await gateway.post(SESSIONS, cartOf(10_000, { merchant_urls: urls(path) }));
    expect([made.status, made.text]).toEqual([200, expect.any(String)]);
    return (made.json as { session_id: string }).session_id;
  };
  const authorize = async (sessionId: string): Promise<string> =>
    ((await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {})) as { authorization_token: string })
      .authorization_token;
  const received = (sessionId: string) => eventsOf(gateway, 'authorization.received', 'session_id', sessionId);

  describe('of a session', () => {
    it('is looked for at first soon, later so often that no authorization is missed for an hour, until the session is over', async () => {
      const id = await session();
      const plan = [await dueIn('payment_sessions', id)];
      for (const minutes of [3, 8, 20, 20]) plan.push(await looked('payment_sessions', id, minutes));
      expect(plan).toEqual([2, 10, 30, 50, 95]);
      expect(await looked('payment_sessions', id, 49 * 60)).toBeNull();
    });

    it("is announced within the hour of the authorization, and told at the caller's own URL in Klarna's words, once", async () => {
      const path = randomUUID();
      const id = await session(path);
      await looked('payment_sessions', id, 3);
      const token = await authorize(id);
      await looked('payment_sessions', id, 8);
      const [event, ...more] = await received(id);
      expect([event?.secret, more]).toEqual([{ authorization_token: token }, []]);
      // It may have been made right after the look before: nobody is promised more.
      const left = Date.parse(String(event?.data['expires_at'])) - (await now());
      expect(left / 60_000).toBeGreaterThan(45);
      expect(left / 60_000).toBeLessThan(53);
      const told = { url: `https://shop.example/${path}?s=${id}`, method: 'POST' };
      const body = JSON.stringify({ authorization_token: token, session_id: id });
      expect(await toldAt(gateway, path)).toMatchObject([{ ...told, body }]);
      await looked('payment_sessions', id, 20);
      expect([(await received(id)).length, (await toldAt(gateway, path)).length]).toEqual([1, 1]);
      expect(await authorizationsOf(gateway, id)).toEqual([{ source: 'sweep', outcome: null, hasToken: true }]);
    });

    it('is found among what was sent to own URLs of that entry, and sent again only while none is newer', async () => {
      const path = randomUUID();
      const id = await session(path);
      await looked('payment_sessions', id, 3);
      await authorize(id);
      await looked('payment_sessions', id, 8);
      const [row] = await rowsOf<{ id: string }>(
        gateway.database,
        `UPDATE deliveries SET state = 'delivered', next_at = NULL, ended_at = now()
         WHERE id = (SELECT passed_delivery_id FROM authorizations a JOIN payment_sessions s ON s.id = a.session_id WHERE provider_session_id = $1)
         RETURNING id`,
        [id],
      );
      const listed = (await gateway.get('/notifications?direction=out&type=authorization&state=delivered')).json as {
        items: { id: string; entry: string }[];
      };
      expect(listed.items.filter((each) => each.id === row?.id)).toMatchObject([{ entry: 'authorization' }]);
      const again = () => gateway.post(`/notifications/${row?.id ?? ''}/replay`);
      expect((await again()).status).toBe(202);
      await ended(gateway, [row?.id ?? ''], 'delivered');
      await authorize(id);
      await looked('payment_sessions', id, 20);
      expect((await again()).status).toBe(409);
    });

    it('is looked for beside an update, which puts nothing off', async () => {
      const id = await session();
      await looked('payment_sessions', id, 31);
      expect(await dueIn('payment_sessions', id)).toBe(50);
      await pass(4 * MINUTE, gateway);
      expect((await gateway.post(`${SESSIONS}/${id}`, cartOf(12_000))).status).toBe(204);
      expect(await dueIn('payment_sessions', id)).toBe(37);
      await pass(14 * MINUTE, gateway);
      // Just before the planned look: the planned one stays.
      await looked('payment_sessions', id, 0.1);
      expect(await dueIn('payment_sessions', id)).toBe(50);
      expect((await gateway.post(`${SESSIONS}/${id}`, cartOf(13_000))).status).toBe(204);
      expect(await dueIn('payment_sessions', id)).toBe(50);
    });

    it('ends with its order', async () => {
      const id = await session();
      const token = await authorize(id);
      await looked('payment_sessions', id, 3);
      expect((await gateway.post(`/payments/v1/authorizations/${token}/order`, cartOf(10_000, { merchant_urls: urls('x') }))).status).toBe(
        200,
      );
      expect(await dueIn('payment_sessions', id)).toBeNull();
    });

    it.each([
      ['cancelled', 'gone', 25],
      ['left alone', 'expired', 70],
    ])('an authorization that is %s is seen to be over', async (how, outcome, minutes) => {
      const id = await session();
      const token = await authorize(id);
      await looked('payment_sessions', id, 3);
      if (how === 'cancelled') {
        await gateway.call('DELETE', `/payments/v1/authorizations/${token}`);
        await pass(5 * MINUTE, gateway);
      }
      await looked('payment_sessions', id, minutes);
      expect(await authorizationsOf(gateway, id)).toEqual([{ source: 'sweep', outcome, hasToken: false }]);
    });

    it('an order that was placed elsewhere meanwhile ends it, and nothing is announced', async () => {
      const id = await session();
      const token = await authorize(id);
      const headers = {
        Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}`,
        'Content-Type': 'application/json',
      };
      const cart = JSON.stringify(cartOf(10_000));
      const placed = await fetch(`${gateway.simulatorUrl}/payments/v1/authorizations/${token}/order`, {
        method: 'POST',
        headers,
        body: cart,
      });
      expect(placed.status).toBe(200);
      expect(await looked('payment_sessions', id, 3)).toBeNull();
      expect(await received(id)).toEqual([]);
    });

    it('is not looked for where nobody wants to hear', async () => {
      const made = await gateway.post(SESSIONS, cartOf(10_000));
      const { session_id: id } = made.json as { session_id: string };
      expect(await dueIn('payment_sessions', id)).toBeNull();
      const endpoint = await anEndpoint(gateway, ['order.created', 'authorization.received']);
      const wanted = (await gateway.post(SESSIONS, cartOf(10_000))).json as { session_id: string };
      await rowsOf(gateway.database, 'UPDATE notification_endpoints SET deleted_at = now() WHERE id = $1', [endpoint]);
      expect(await dueIn('payment_sessions', wanted.session_id)).toBe(2);
    });

    const refused = (id: string, code: number, more: object = {}) =>
      lasting(gateway, 'status', { method: 'GET', path: `${SESSIONS}/${id}` }, { code, ...more });

    it('follows the plan where an answer that shows nothing is about the session alone', async () => {
      const id = await session();
      const fault = await refused(id, 400, { error_code: 'BAD_VALUE' });
      const plan: (number | null)[] = [];
      for (const minutes of [3, 8, 20, 20]) plan.push(await looked('payment_sessions', id, minutes));
      expect(plan).toEqual([10, 30, 50, 95]);
      // Beyond its end once an hour, for a day.
      expect(await looked('payment_sessions', id, 48 * 60)).toBe(49 * 60 + 51);
      expect(await looked('payment_sessions', id, 24 * 60)).toBeNull();
      await fault.end();
    });

    it('is given up a day after the end of a session that never answers', async () => {
      const id = await session();
      const fault = await refused(id, 503);
      expect(await looked('payment_sessions', id, 70 * 60)).toBeGreaterThan(70 * 60 - 1);
      expect(await looked('payment_sessions', id, 3 * 60)).toBeNull();
      await fault.end();
      // Its account rested.
      await pass(10 * MINUTE, gateway);
    });

    it('waits while Klarna does not answer, and is looked for again soon', async () => {
      const id = await session();
      const token = await authorize(id);
      await gateway.fault('status', { method: 'GET', path: `${SESSIONS}/${id}` }, { code: 503 });
      const next = await looked('payment_sessions', id, 3);
      expect([next, await received(id)]).toEqual([3, []]);
      await looked('payment_sessions', id, 1);
      expect(await received(id)).toMatchObject([{ secret: { authorization_token: token } }]);
    });
  });

  describe('of a hosted page', () => {
    const page = async (mode: string, path = 'status'): Promise<{ id: string; sessionId: string }> => {
      const sessionId = await session();
      const made = await gateway.post(PAGES, {
        payment_session_url: `${gateway.simulatorUrl}${SESSIONS}/${sessionId}`,
        merchant_urls: { status_update: `https://shop.example/${path}?p={{session_id}}&o={{order_id}}` },
        options: { place_order_mode: mode },
      });
      expect([made.status, made.text]).toEqual([201, expect.any(String)]);
      return { id: (made.json as { session_id: string }).session_id, sessionId };
    };
    const play = (id: string, action: string) => gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action });
    const told = (id: string) => eventsOf(gateway, 'checkout.completed', 'hosted_page_id', id);

    it('is looked for after 5 and 30 minutes and then every hour, until the page is over', async () => {
      const { id } = await page('NONE');
      const plan = [await dueIn('hosted_pages', id)];
      for (const minutes of [6, 25, 30]) plan.push(await looked('hosted_pages', id, minutes));
      expect(plan).toEqual([5, 30, 60, 120]);
      await play(id, 'cancel');
      expect(await looked('hosted_pages', id, 60)).toBeNull();
      expect(await told(id)).toEqual([]);
    });

    it('is told once when the shopper has paid, at the own address in the words of Klarna, and its order is adopted', async () => {
      const path = randomUUID();
      const { id, sessionId } = await page('PLACE_ORDER', path);
      await play(id, 'pay');
      expect(await looked('hosted_pages', id, 6)).toBeNull();
      const [event, ...more] = await told(id);
      expect([event?.data, more]).toEqual([{ hosted_page_id: id, payment_session_id: sessionId }, []]);
      await until('the order is known', async () => (await gateway.stored(String(event?.provider_order_id)))['status'] === 'AUTHORIZED');
      const read = await gateway.get(`${PAGES}/${id}`);
      expect(await told(id)).toHaveLength(1);
      const session = read.json as Record<string, unknown>;
      const url = `https://shop.example/${path}?p=${id}&o=${String(session['order_id'])}`;
      const [message, ...repeats] = await toldAt(gateway, path);
      expect([message, repeats]).toMatchObject([{ url, method: 'POST' }, []]);
      expect(JSON.parse(message?.body ?? '')).toEqual({ event_id: expect.any(String), session });
      // The callback that comes after all says nothing new.
      const [found] = await rowsOf<{ data_subject: string }>(
        gateway.database,
        'SELECT data_subject FROM hosted_pages WHERE provider_session_id = $1',
        [id],
      );
      const template = `https://shop.example/${path}`;
      const hook = await aHook(gateway, { entry: 'status_update', template, ...(found && { dataSubject: found.data_subject }) });
      await callback(gateway, hook, '', { event_id: randomUUID(), session });
      await cameTo(gateway, hook, 'confirmed');
      expect(await toldAt(gateway, path)).toHaveLength(1);
    });

    it('of a page that places no order announces the authorization as well', async () => {
      const { id, sessionId } = await page('NONE');
      await play(id, 'pay');
      await looked('hosted_pages', id, 6);
      expect(await told(id)).toMatchObject([{ provider_order_id: null }]);
      await until('the authorization is announced', async () => {
        await sweeper.payment_sessions().lookDue();
        return (await received(sessionId)).length === 1;
      });
    });

    it('ends with a page that Klarna has no more', async () => {
      const { id } = await page('NONE');
      expect(await looked('hosted_pages', id, 50 * 60)).toBeNull();
    });
  });

  describe('of a checkout', () => {
    const told = (id: string) => eventsOf(gateway, 'checkout.completed', 'order', id);

    it('is looked for after 15 minutes, 2 hours, then every 12, and before its end', async () => {
      const { id } = await openedCheckout(gateway, checkoutOf(10_000));
      const plan = [await dueIn('checkout_orders', id)];
      for (const minutes of [16, 110, 10 * 60, 12 * 60, 12 * 60]) plan.push(await looked('checkout_orders', id, minutes));
      expect(plan).toEqual([15, 120, 720, 1440, 2160, 48 * 60 - 15]);
      expect(await looked('checkout_orders', id, 15 * 60)).toBeNull();
      expect(await told(id)).toEqual([]);
    });

    it.each(['shown', 'gone'])(
      'is told once when the shopper has completed it, and it is an order here (%s)',
      async (completed_checkout) => {
        await gateway.behave({ completed_checkout });
        const { id } = await openedCheckout(gateway, checkoutOf(10_000));
        await completed(gateway, id);
        expect(await looked('checkout_orders', id, 16)).toBeNull();
        expect(await told(id)).toHaveLength(1);
        await until('the order is known', async () => (await gateway.stored(id))['status'] === 'AUTHORIZED');
        await gateway.get(`${CHECKOUTS}/${id}`);
        expect(await told(id)).toHaveLength(1);
        await gateway.simulate('DELETE', '/simulator/behaviour');
      },
    );

    it('that was paid on a hosted page is told once, as the checkout', async () => {
      const { id: checkout } = await openedCheckout(gateway, checkoutOf(10_000));
      const made = await gateway.post(PAGES, {
        payment_session_url: `${gateway.simulatorUrl}${CHECKOUTS}/${checkout}`,
        merchant_urls: { status_update: 'https://shop.example/status' },
      });
      const { session_id: id } = made.json as { session_id: string };
      await gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action: 'pay', billing_address: { given_name: 'Alva' } });
      expect(await looked('hosted_pages', id, 6)).toBeNull();
      expect(await told(checkout)).toHaveLength(1);
      expect(await eventsOf(gateway, 'checkout.completed', 'hosted_page_id', id)).toEqual([]);
      await gateway.get(`${CHECKOUTS}/${checkout}`);
      expect(await told(checkout)).toHaveLength(1);
    });
  });

  it('is read within a quota per account, which all processes share, the longest due first', async () => {
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push(await session());
    const rows = await rowsOf<{ id: string }>(
      gateway.database,
      'SELECT id FROM payment_sessions WHERE provider_session_id = ANY ($1) ORDER BY look_at',
      [ids],
    );
    // Nobody else's turn: the rounds of the service are not to take them.
    await rowsOf(gateway.database, `UPDATE payment_sessions SET look_at = NULL WHERE NOT provider_session_id = ANY ($1)`, [ids]);
    const looks = gateway.app.get(LooksRepository, { strict: false });
    const later = new Date((await now()) + 120_000);
    const take = () => looks.claim('payment_sessions', later, new Date(later.getTime() + 60_000), 3, []);
    await rowsOf(gateway.database, `DELETE FROM look_turns`);
    const taken = await take();
    expect(taken.map(({ id }) => id).sort()).toEqual(
      rows
        .slice(0, 3)
        .map(({ id }) => id)
        .sort(),
    );
    expect(await take()).toEqual([]);
    await rowsOf(gateway.database, `UPDATE look_turns SET until = now() - interval '1 second'`);
    expect(await take()).toHaveLength(2);
    await rowsOf(gateway.database, `UPDATE look_turns SET until = now() - interval '1 second'`);
    expect(await take()).toEqual([]);
  });

  it('costs no read while nothing is due', async () => {
    await session();
    const since = await lastSequence(gateway);
    expect(await sweeper.payment_sessions().lookDue()).toBe(0);
    expect(await requests(gateway, { method: 'GET', path: `${SESSIONS}/*` }, since)).toEqual([]);
  });
});
