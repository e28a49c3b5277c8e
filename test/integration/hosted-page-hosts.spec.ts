import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, operation, placedElsewhere, requests, rowsOf } from '../support/scene.js';
import { httpAnswer, RawServer } from '../wire/raw-server.js';

const PAGES = '/hpp/v1/sessions';
const JSON_TYPE = { 'Content-Type': 'application/json' };
const CHECKOUT = 'c0ffee00-0000-4000-8000-000000000001';

describe('a merchant whose hosted pages have a host and credentials of their own', () => {
  /** Klarna's Hosted Payment Page alone; the rest of Klarna is the simulator. */
  let host: RawServer;
  let gateway: TestGateway;
  let answer: { status: number; body: object | string };

  beforeAll(async () => {
    const written = () => (typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    host = await RawServer.start(() => httpAnswer(answer.status, JSON_TYPE, written()));
    gateway = await testGateway({
      env: {
        KLARNA_HOSTED_PAYMENT_PAGE_BASE_URL: host.url,
        KLARNA_HOSTED_PAYMENT_PAGE_USERNAME: 'pages',
        KLARNA_HOSTED_PAYMENT_PAGE_PASSWORD: 'secret',
      },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await host.stop();
  });

  const make = async (id: string, payment_session_url: string) => {
    answer = { status: 201, body: { session_id: id } };
    expect((await gateway.post(PAGES, { payment_session_url })).status).toBe(201);
  };
  const read = async (id: string, shown: object) => {
    answer = { status: 200, body: { session_id: id, ...shown } };
    expect((await gateway.get(`${PAGES}/${id}`)).status).toBe(200);
  };
  const pinnedTo = (orderId: string) =>
    rowsOf(
      gateway.database,
      'SELECT a.username FROM orders o JOIN provider_accounts a ON a.id = o.provider_account_id WHERE o.provider_order_id = $1',
      [orderId],
    );
  const session = async () => ((await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string }).session_id;

  it('makes them there, for the payment session at the host where that is', async () => {
    const since = await lastSequence(gateway);
    const id = await session();
    await make('page-1', `${gateway.url}/payments/v1/sessions/${id}`);
    const sent = host.requests.at(-1) ?? '';
    expect(sent).toContain(`Basic ${btoa('pages:secret')}`);
    expect(sent).toContain(`{"payment_session_url":"${gateway.simulatorUrl}/payments/v1/sessions/${id}"}`);
    expect(await requests(gateway, { path: '/hpp/*' }, since)).toEqual([]);
  });

  it('tells where to call them at this service, and every other byte as it came', async () => {
    const body = (base: string) =>
      ` { "n":100.0, "session_url" : "${base}/hpp/v1/sessions/page-0" ,"redirect_url":"https:\\/\\/pay.klarna.example\\/\\u00e5",\r\n"session_id":"page-0"}`;
    answer = { status: 201, body: body(host.url) };
    const made = await gateway.post(PAGES, { payment_session_url: `${gateway.url}/payments/v1/sessions/${await session()}` });
    expect([made.status, made.text]).toEqual([201, body(gateway.url)]);
    // What is on record is what Klarna said.
    const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations ORDER BY created_at DESC, id DESC LIMIT 1');
    expect((await operation(gateway, row?.id ?? '')).answer?.body).toMatchObject({ session_url: `${host.url}/hpp/v1/sessions/page-0` });
  });

  it.each([
    ['the payment session', async () => `${gateway.simulatorUrl}/payments/v1/sessions/${await session()}`],
    ['a checkout', () => Promise.resolve(`${gateway.simulatorUrl}/checkout/v3/orders/${CHECKOUT}`)],
  ])('pins the order to the account of %s, not to that of the page', async (made, url) => {
    const id = `page-of-${made.split(' ').at(-1) ?? ''}`;
    await make(id, await url());
    const orderId = await placedElsewhere(gateway);
    await read(id, { status: 'COMPLETED', order_id: orderId });
    expect(await pinnedTo(orderId)).toEqual([{ username: 'simulator' }]);
  });

  it('pins the order of a page that was made elsewhere to the account of Order Management', async () => {
    const orderId = await placedElsewhere(gateway);
    await read('page-of-somebody', { status: 'COMPLETED', order_id: orderId });
    expect(await pinnedTo(orderId)).toEqual([{ username: 'simulator' }]);
    expect((await gateway.get(`/ordermanagement/v1/orders/${orderId}`)).status).toBe(200);
  });

  it("adopts a checkout's order by the checkout's id when the page does not repeat it, once the page is completed", async () => {
    await make('page-2', `${gateway.simulatorUrl}/checkout/v3/orders/${CHECKOUT}`);
    await read('page-2', { status: 'IN_PROGRESS' });
    expect(await pinnedTo(CHECKOUT)).toEqual([]);
    await read('page-2', { status: 'COMPLETED' });
    expect(await pinnedTo(CHECKOUT)).toEqual([{ username: 'simulator' }]);
    expect(await rowsOf(gateway.database, 'SELECT provider_order_id FROM hosted_pages WHERE provider_session_id = $1', ['page-2'])).toEqual(
      [{ provider_order_id: CHECKOUT }],
    );
  });

  it("passes Klarna's body on as a 503 when a read is answered with a 5xx", async () => {
    answer = { status: 500, body: { error_code: 'INTERNAL_SERVER_ERROR', error_messages: ['Broken.'], correlation_id: 'of-klarna' } };
    const reply = await gateway.get(`${PAGES}/page-1`);
    expect([reply.status, reply.text]).toEqual([503, JSON.stringify(answer.body)]);
  });
});
