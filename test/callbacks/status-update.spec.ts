import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { isConfirmed } from '../../src/hosted-payment-page/status-update.handler.js';
import { cartOf } from '../support/client.js';
import type { TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';
import { aHook, type AHook, callback, cameTo, passedOn, rowsOfHook } from './callbacks.js';
import { anEndpoint, eventsOf, toldAt } from './heard.js';
import { publicGateway, type PublicGateway } from './public-gateway.js';

const PAGES = '/hpp/v1/sessions';
const at = (minute: number) => `2026-11-20T12:0${minute}:00.000Z`;

describe('a status of a page', () => {
  const paid = { status: 'COMPLETED', updated_at: at(5), order_id: 'o-1' };
  it.each([
    ['that is shown', { status: 'COMPLETED', updated_at: at(5), order_id: 'o-1' }, paid, true],
    ['that is shown, written otherwise', { status: 'completed', order_id: 'o-1' }, paid, true],
    ['that was before', { status: 'IN_PROGRESS', updated_at: at(1) }, paid, true],
    ['that failed before', { status: 'FAILED', updated_at: at(4) }, paid, true],
    ['with another order', { status: 'COMPLETED', updated_at: at(5), order_id: 'o-2' }, paid, false],
    ['with a token that is not shown', { status: 'COMPLETED', updated_at: at(5), authorization_token: 't' }, paid, false],
    ['open, with an order', { status: 'WAITING', updated_at: at(1), order_id: 'o-1' }, paid, false],
    ['open, dated later', { status: 'WAITING', updated_at: at(6) }, paid, false],
    ['open, without a date', { status: 'WAITING' }, paid, false],
    ['that nobody knows', { status: 'PAID', updated_at: at(1) }, paid, false],
    ['that is final, of an open page', { status: 'COMPLETED', updated_at: at(1) }, { status: 'WAITING', updated_at: at(5) }, false],
    ['that is final otherwise', { status: 'CANCELLED', updated_at: at(1) }, paid, false],
    ['that is none', { status: '' }, { status: '' }, false],
    ['that is no text', { status: 7 }, paid, false],
  ])('%s is confirmed or not', (_, said, shown, expected) => {
    expect(isConfirmed(said, shown)).toBe(expected);
  });
});

describe('a status_update callback', () => {
  let reached: PublicGateway;
  let gateway: TestGateway;
  beforeAll(async () => {
    reached = await publicGateway();
    gateway = reached.gateway;
    await anEndpoint(gateway);
  });
  afterAll(() => reached.close());

  const page = async (template = 'https://shop.example/status', mode = 'PLACE_ORDER') => {
    const session = (await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string };
    const made = await gateway.post(PAGES, {
      payment_session_url: `${gateway.url}/payments/v1/sessions/${session.session_id}`,
      merchant_urls: { status_update: template },
      options: { place_order_mode: mode },
    });
    expect([made.status, made.text]).toEqual([201, expect.any(String)]);
    return { id: (made.json as { session_id: string }).session_id, sessionId: session.session_id };
  };
  const play = (id: string, action: string) => gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action });
  const shown = async (id: string) => {
    const headers = { Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}` };
    const answer = await fetch(`${gateway.simulatorUrl}${PAGES}/${id}`, { headers });
    return (await answer.json()) as Record<string, unknown>;
  };
  const row = async (id: string) =>
    (await rowsOf(gateway.database, 'SELECT status, provider_order_id FROM hosted_pages WHERE provider_session_id = $1', [id]))[0];
  /** An address for a page's callbacks that Klarna was not told of. */
  const addressOf = async (id: string, template = 'https://shop.example/status?p={{session_id}}&o={{order_id}}') => {
    const [found] = await rowsOf<{ data_subject: string }>(
      gateway.database,
      'SELECT data_subject FROM hosted_pages WHERE provider_session_id = $1',
      [id],
    );
    return aHook(gateway, { entry: 'status_update', template, ...(found && { dataSubject: found.data_subject }) });
  };
  const looked = (hook: AHook) =>
    until('it was looked at', async () => {
      const rows = await rowsOfHook(gateway, hook);
      return rows.length > 0 && rows.every(({ attempts }) => attempts > 0) && rows;
    });
  const told = (id: string) => eventsOf(gateway, 'checkout.completed', 'hosted_page_id', id);

  it("comes from Klarna, goes on as Klarna wrote it, and tells of the page's order once", async () => {
    const path = randomUUID();
    const { id, sessionId } = await page(`https://shop.example/${path}?p={{session_id}}&o={{order_id}}`);
    await play(id, 'open');
    await until('the first is passed on', async () => (await toldAt(gateway, path)).length === 1);
    await play(id, 'pay');
    const messages = await until('all are passed on', async () => {
      const all = await toldAt(gateway, path);
      return all.length === 2 && all;
    });
    const { order_id: orderId } = await shown(id);
    expect(messages.map(({ url, method }) => [url, method])).toEqual([
      [`https://shop.example/${path}?p=${id}&o={{order_id}}`, 'POST'],
      [`https://shop.example/${path}?p=${id}&o=${String(orderId)}`, 'POST'],
    ]);
    const bodies = messages.map(({ body }) => JSON.parse(body) as { event_id: string; session: Record<string, unknown> });
    expect(bodies.map(({ session }) => session['status'])).toEqual(['IN_PROGRESS', 'COMPLETED']);
    expect(bodies[1]?.session).toEqual(await shown(id));
    expect(await row(id)).toEqual({ status: 'COMPLETED', provider_order_id: orderId });
    expect(await told(id)).toMatchObject([{ provider_order_id: orderId, data: { hosted_page_id: id, payment_session_id: sessionId } }]);
    expect((await gateway.get(`/orders/${String(orderId)}`)).status).toBe(200);
  });

  it('that comes again is passed on once', async () => {
    const { id } = await page();
    const hook = await addressOf(id);
    const body = { event_id: randomUUID(), session: await shown(id) };
    for (let times = 0; times < 3; times += 1) await callback(gateway, hook, '', body);
    await cameTo(gateway, hook, 'confirmed');
    expect([(await passedOn(gateway, hook)).length, await told(id)]).toEqual([1, []]);
  });

  it('of how a page ended is passed on once, whatever it is called', async () => {
    const path = randomUUID();
    const { id } = await page(`https://shop.example/${path}`);
    await play(id, 'pay');
    await until('it is passed on', async () => (await toldAt(gateway, path)).length === 1);
    const hook = await addressOf(id, `https://shop.example/${path}`);
    await callback(gateway, hook, '', { event_id: randomUUID(), session: await shown(id) });
    await cameTo(gateway, hook, 'confirmed');
    expect([(await toldAt(gateway, path)).length, (await told(id)).length]).toEqual([1, 1]);
  });

  it('that is older than what the page shows goes on, and changes nothing', async () => {
    const { id } = await page();
    const before = await shown(id);
    await play(id, 'pay');
    const hook = await addressOf(id);
    const earlier = new Date(Date.parse(String(before['updated_at'])) - 1).toISOString();
    await callback(gateway, hook, '', { event_id: randomUUID(), session: { ...before, updated_at: earlier } });
    await cameTo(gateway, hook, 'confirmed');
    expect([(await passedOn(gateway, hook)).length, (await row(id))?.['status']]).toEqual([1, 'COMPLETED']);
  });

  it.each([
    ['a status that is not so', { status: 'COMPLETED' }],
    ['an order that is not there', { order_id: 'forged' }],
    ['a token that is not there', { authorization_token: 'forged' }],
  ])('with %s is not passed on, nor believed', async (_, forged) => {
    const { id } = await page();
    const hook = await addressOf(id);
    await callback(gateway, hook, '', { event_id: randomUUID(), session: { ...(await shown(id)), ...forged } });
    expect((await looked(hook))[0]?.result).toBe('not-confirmed');
    expect([await passedOn(gateway, hook), await told(id), (await row(id))?.['status']]).toEqual([[], [], 'WAITING']);
  });

  it("for another purchase's page does nothing", async () => {
    const hook = await addressOf((await page()).id);
    const { id } = await page();
    await callback(gateway, hook, '', { event_id: randomUUID(), session: await shown(id) });
    await cameTo(gateway, hook, 'foreign');
    expect(await passedOn(gateway, hook)).toEqual([]);
  });

  it.each([
    ['a page that nobody knows', { event_id: '1', session: { session_id: randomUUID(), status: 'COMPLETED' } }, 'unknown-page'],
    ['nothing that can be read', Buffer.from('{"session":'), 'unreadable'],
    ['no page at all', { event_id: '1', session: null }, 'unreadable'],
  ])('for %s does nothing', async (_, body, result) => {
    const hook = await addressOf((await page()).id);
    await callback(gateway, hook, '', body);
    await cameTo(gateway, hook, result);
    expect(await passedOn(gateway, hook)).toEqual([]);
  });

  it('is not lost when Klarna does not answer the first look', async () => {
    const { id } = await page();
    const hook = await addressOf(id);
    await gateway.fault('reset_before', { method: 'GET', path: `${PAGES}/${id}` });
    await callback(gateway, hook, '', { event_id: randomUUID(), session: shownAgain(id) });
    await cameTo(gateway, hook, 'confirmed');
    expect(await passedOn(gateway, hook)).toHaveLength(1);
  });

  /** As it was made: a page that was not opened. */
  const shownAgain = (id: string) => ({ session_id: id, status: 'WAITING', updated_at: new Date(0).toISOString() });

  it('of a page that is final stays so, whatever is shown later', async () => {
    const { id } = await page();
    await play(id, 'pay');
    await until('it is completed', async () => (await row(id))?.['status'] === 'COMPLETED');
    const stale = JSON.stringify({ ...(await shown(id)), status: 'IN_PROGRESS', order_id: undefined });
    await gateway.fault('status', { method: 'GET', path: `${PAGES}/${id}` }, { code: 200, body: stale });
    await gateway.get(`${PAGES}/${id}`);
    expect((await row(id))?.['status']).toBe('COMPLETED');
  });
});
