import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { opened } from '../support/checkouts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lastSequence, requests, rowsOf, timeline } from '../support/scene.js';
import { until } from '../support/until.js';

const PAGES = '/hpp/v1/sessions';
const MAIL = { method: 'email', contact_information: { email: 'alva@example.com' } };
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

interface Page {
  session_id: string;
  status: string;
  order_id?: string;
  authorization_token?: string;
}

/** Names as they came over the wire. */
const names = ({ rawHeaders }: Answer) => rawHeaders.filter((_, at) => at % 2 === 0);
const errorIn = ({ status, json }: Answer) => {
  const { error_code, error_messages } = (json ?? {}) as { error_code?: string; error_messages?: string[] };
  return [status, error_code, error_messages];
};

describe('hosted pages, with Klarna behind them', () => {
  let simulator: Simulator;
  let gateway: TestGateway;
  let rivals: string[];

  beforeAll(async () => {
    const accounts = ['simulator', 'rival'].map((username) => ({ username, password: username }));
    simulator = await startSimulator({ accounts });
    gateway = await testGateway({ simulator });
    rivals = [await addMerchant(gateway, 'neighbour'), await addMerchant(gateway, 'other', 'rival')];
  });
  afterAll(async () => {
    await gateway.close();
    await simulator.close();
  });

  const session = async (as?: string): Promise<string> => {
    const answer = await gateway.call('POST', '/payments/v1/sessions', { body: cartOf(10_000), ...(as === undefined ? {} : { as }) });
    return (answer.json as { session_id: string }).session_id;
  };
  const urlOf = (sessionId: string, base = simulator.url) => `${base}/payments/v1/sessions/${sessionId}`;
  const page = async (more: object = {}, sessionId?: string): Promise<string> => {
    const answer = await gateway.post(PAGES, { payment_session_url: urlOf(sessionId ?? (await session())), ...more });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return (answer.json as Page).session_id;
  };
  const mode = (place_order_mode: string) => ({ options: { place_order_mode } });
  const play = (id: string, action: string) => gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action });
  const read = async (id: string) => (await gateway.get(`${PAGES}/${id}`)).json as Page;
  const row = async (id: string) => (await rowsOf(gateway.database, 'SELECT * FROM hosted_pages WHERE provider_session_id = $1', [id]))[0];
  const sessionRow = async (id: string) =>
    (await rowsOf(gateway.database, 'SELECT * FROM payment_sessions WHERE provider_session_id = $1', [id]))[0];
  const direct = async (path: string) => {
    const headers = { Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}` };
    return (await fetch(simulator.url + path, { headers })).text();
  };
  /** A page that the gateway did not make. */
  const madeElsewhere = async (): Promise<string> => {
    const id = await page(mode('PLACE_ORDER'));
    await rowsOf(gateway.database, 'DELETE FROM hosted_pages WHERE provider_session_id = $1', [id]);
    return id;
  };

  it("is made, read, distributed and disabled, with Klarna's answers to the byte", async () => {
    const made = await gateway.post(PAGES, { payment_session_url: urlOf(await session()), ...mode('PLACE_ORDER') });
    const { session_id: id, ...urls } = made.json as { session_id: string; [url: string]: string };
    expect(made.status).toBe(201);
    expect(names(made)).toEqual(expect.arrayContaining(['Content-Type', 'Klarna-Correlation-Id']));
    // What the shop calls is here, what the shopper sees is at Klarna.
    expect(urls).toMatchObject({
      session_url: `${gateway.url}${PAGES}/${id}`,
      distribution_url: `${gateway.url}${PAGES}/${id}/distribution`,
      redirect_url: `${simulator.url}/shopper/${id}`,
      qr_code_url: `${simulator.url}/shopper/${id}/qr`,
    });
    expect(await row(id)).toMatchObject({ status: 'WAITING', purchase_api: 'payments', expires_at: new Date(urls['expires_at'] ?? '') });

    expect((await gateway.get(`${PAGES}/${id}`)).text).toBe(await direct(`${PAGES}/${id}`));
    for (const answer of [await gateway.post(`${PAGES}/${id}/distribution`, MAIL), await gateway.call('DELETE', `${PAGES}/${id}`)]) {
      expect([answer.status, answer.body.length]).toEqual([204, 0]);
      expect(names(answer)).not.toContain('Content-Type');
    }
    expect(await read(id)).toMatchObject({ status: 'DISABLED' });
    expect(await row(id)).toMatchObject({ status: 'DISABLED' });
    expect(await gateway.simulate('GET', `/simulator/ledger/hosted-pages/${id}`)).toMatchObject({ distributions: [{ method: 'email' }] });
  });

  it('can be called at the URLs that are returned, with the credentials of this service', async () => {
    const made = await gateway.post(PAGES, { payment_session_url: urlOf(await session()) });
    const { session_url: at = '', distribution_url: to = '' } = made.json as Partial<Record<string, string>>;
    const headers = { Authorization: `Basic ${btoa('demo:demo')}`, 'Content-Type': 'application/json' };
    expect((await fetch(at, { headers })).status).toBe(200);
    expect((await fetch(to, { method: 'POST', headers, body: JSON.stringify(MAIL) })).status).toBe(204);
    expect((await fetch(at, { method: 'DELETE', headers })).status).toBe(204);
  });

  it('takes whichever success Klarna has for a distribution', async () => {
    const id = await page();
    await gateway.behave({ distribution_status: 201 });
    const answer = await gateway.post(`${PAGES}/${id}/distribution`, MAIL);
    await gateway.behave({ distribution_status: 204 });
    expect([answer.status, answer.body.length]).toEqual([201, 0]);
  });

  describe('the bytes', () => {
    const sentWith = async (body: string, headers: Record<string, string> = {}) => {
      const since = await lastSequence(gateway);
      const answer = await gateway.call('POST', PAGES, { body, headers });
      const { requests: seen } = (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as {
        requests: { path: string; headers: Record<string, string>; body_base64: string }[];
      };
      const [sent] = seen.filter(({ path }) => path === PAGES);
      return { answer, sent: Buffer.from(sent?.body_base64 ?? '', 'base64').toString('utf8'), headers: sent?.headers };
    };

    it("pass unchanged when Klarna is named, and the shop's agent is passed on", async () => {
      const body = ` { "x_new":12345678901234567890, "merchant_urls":{"success":"https:\\/\\/shop.example\\/{{session_id}}\\u00e5"},\r\n "payment_session_url" : "${urlOf(await session())}" }`;
      const { answer, sent, headers } = await sentWith(body, { 'User-Agent': 'Library/Klarna.kco_rest_php_2.1.0' });
      expect([answer.status, sent]).toEqual([201, body]);
      expect(headers).toMatchObject({ 'user-agent': 'Library/Klarna.kco_rest_php_2.1.0' });
    });

    it.each([
      ['as the caller reached us', (url: string) => url, {}],
      ['with escaped slashes', (url: string) => url.replaceAll('/', '\\/'), {}],
      ['under another name', () => 'https://gateway.shop.internal', { Host: 'gateway.shop.internal' }],
    ])('name Klarna where they named this service, and nothing else changes (%s)', async (_, write, headers) => {
      const id = await session();
      const ours = write(gateway.url).replace(/\\?\/+$/, '');
      const body = (base: string) => `{"n":1.0, "payment_session_url" :"${base}/payments/v1/sessions/${id}" ,"profile_id":"\\u0061 😀"}`;
      const { answer, sent } = await sentWith(body(ours), headers);
      expect([answer.status, sent]).toEqual([201, body(simulator.url)]);
      expect(await row((answer.json as Page).session_id)).toMatchObject({ purchase_api: 'payments', purchase_id: id });
    });

    it('stay as they are where another host is named, and Klarna refuses', async () => {
      const body = `{"payment_session_url":"https://elsewhere.example/payments/v1/sessions/${await session()}"}`;
      const { answer, sent } = await sentWith(body);
      expect([answer.status, sent]).toEqual([400, body]);
    });

    it('name the public address as well', async () => {
      const proxied = await testGateway({ simulator, env: { PUBLIC_URL: 'https://shop.example/klarna' } });
      const { session_id: id } = (await proxied.post('/payments/v1/sessions', cartOf(10_000))).json as Page;
      for (const base of ['https://shop.example/klarna', proxied.url]) {
        const made = await proxied.post(PAGES, { payment_session_url: urlOf(id, base) });
        const { session_id: pageId } = made.json as Page;
        expect([made.status, made.json]).toMatchObject([
          201,
          { session_url: `https://shop.example/klarna${PAGES}/${pageId}`, redirect_url: `${simulator.url}/shopper/${pageId}` },
        ]);
      }
      await proxied.close();
    });
  });

  it.each<[string, object, string[]]>([
    ['no URL', {}, ['payment_session_url']],
    ['a URL that is none of text', { payment_session_url: 7 }, ['payment_session_url']],
    [
      'bad options',
      {
        payment_session_url: 'x',
        merchant_urls: { back: 1 },
        options: { place_order_mode: 'LATER', payment_method_categories: ['PAY_LATER', 'cash'], background_images: [{ width: '1' }] },
      },
      ['merchant_urls.back', 'options.place_order_mode', 'options.payment_method_categories[1]', 'options.background_images[0].width'],
    ],
  ])('refuses %s, field by field, and sends nothing', async (_, body, fields) => {
    const since = await lastSequence(gateway);
    const answer = await gateway.post(PAGES, body);
    expect(errorIn(answer)).toEqual([400, 'BAD_VALUE', fields.map((path) => `Bad value: ${path}`)]);
    expect(await requests(gateway, { path: '/hpp/*' }, since)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['by no way', { contact_information: {} }, 'method'],
    ['to nobody', { method: 'sms' }, 'contact_information'],
    ['by an unknown way', { method: 'pigeon', contact_information: { phone: '1' } }, 'method'],
  ])('refuses a distribution %s', async (_, body, field) => {
    expect(errorIn(await gateway.post(`${PAGES}/${UNKNOWN}/distribution`, body))).toEqual([400, 'BAD_VALUE', [`Bad value: ${field}`]]);
  });

  it("passes Klarna's refusals on", async () => {
    const paid = await page();
    await play(paid, 'pay');
    expect((await gateway.call('DELETE', `${PAGES}/${paid}`)).status).toBe(400);
    expect((await gateway.post(`${PAGES}/${paid}/distribution`, MAIL)).status).toBe(400);
    expect(errorIn(await gateway.post(PAGES, { payment_session_url: urlOf(UNKNOWN) }))).toEqual([
      404,
      'NOT_FOUND',
      ['Payment session not found or expired'],
    ]);
  });

  describe('once it is completed', () => {
    it.each([
      ['PLACE_ORDER', 'AUTHORIZED', 0],
      ['CAPTURE_ORDER', 'CAPTURED', 10_000],
    ])('its order is adopted by the read, and read soon (%s)', async (place, status, captured) => {
      const sessionId = await session();
      const id = await page(mode(place), sessionId);
      await read(id);
      await play(id, 'pay');
      const { order_id: orderId = '' } = await read(id);
      const stored = await until('the order was read', async () => {
        const order = await gateway.stored(orderId);
        return order['status'] === status && order;
      });
      expect(stored).toMatchObject({ provider_order_id: orderId, order_amount: 10_000, captured_amount: captured });
      expect((await timeline(gateway, orderId))[0]).toMatchObject({ type: 'order.adopted', operation_id: null });
      expect(await row(id)).toMatchObject({ status: 'COMPLETED', provider_order_id: orderId });
      const [order] = await rowsOf(gateway.database, 'SELECT provider_account_id, data_subject FROM orders WHERE provider_order_id = $1', [
        orderId,
      ]);
      const { provider_account_id, data_subject } = (await sessionRow(sessionId)) ?? {};
      expect([order, (await sessionRow(sessionId))?.['status']]).toEqual([{ provider_account_id, data_subject }, 'complete']);
      // Once: the next read finds it there.
      await read(id);
      expect((await timeline(gateway, orderId)).filter(({ type }) => type === 'order.adopted')).toHaveLength(1);
    });

    it('its token is kept with the payment session, and places the order of that session', async () => {
      const sessionId = await session();
      const id = await page({}, sessionId);
      await play(id, 'pay');
      expect((await sessionRow(sessionId))?.['authorization_token_hash']).toBeNull();
      const { authorization_token: token = '' } = await read(id);
      expect((await sessionRow(sessionId))?.['authorization_token_hash']).not.toBeNull();
      // To others it is as unknown as one that nobody has.
      const path = `/payments/v1/authorizations/${token}/order`;
      for (const as of rivals) expect((await gateway.call('POST', path, { body: cartOf(10_000), as })).status).toBe(404);
      expect((await gateway.post(path, cartOf(10_000))).status).toBe(200);
    });

    it('a page that was made elsewhere tells its order, too', async () => {
      const id = await madeElsewhere();
      await play(id, 'pay');
      const { order_id: orderId = '' } = await read(id);
      expect(await row(id)).toMatchObject({ purchase_api: null, provider_order_id: orderId });
      expect(await gateway.stored(orderId)).toMatchObject({ provider_order_id: orderId });
    });
  });

  describe('a page that we do not know', () => {
    it('is answered in the words of Klarna when it does not know it either', async () => {
      expect(errorIn(await gateway.get(`${PAGES}/${UNKNOWN}`))).toEqual([404, 'NOT_FOUND', ['HPP session not found or expired']]);
      expect((await gateway.call('DELETE', `${PAGES}/${UNKNOWN}`)).status).toBe(404);
      expect((await gateway.post(`${PAGES}/${UNKNOWN}/distribution`, MAIL)).status).toBe(404);
    });

    it.each(['..', '%2e%2e', 'a%2fb', `${'x'.repeat(256)}`])('is no id, and Klarna is not asked (%s)', async (id) => {
      const since = await lastSequence(gateway);
      const answer = await gateway.get(`${PAGES}/${id}`);
      expect(answer.status).toBe(404);
      expect(await requests(gateway, { path: '/hpp/*' }, since)).toEqual([]);
    });

    it.each<[string, (id: string) => Promise<Answer>, string | null]>([
      ['read', (id) => gateway.get(`${PAGES}/${id}`), 'WAITING'],
      ['disabled', (id) => gateway.call('DELETE', `${PAGES}/${id}`), 'DISABLED'],
      ['distributed', (id) => gateway.post(`${PAGES}/${id}/distribution`, MAIL), null],
    ])('becomes the merchant whose it is at Klarna by being %s', async (_, touch, status) => {
      const id = await madeElsewhere();
      expect((await touch(id)).status).toBeLessThan(300);
      expect(await row(id)).toMatchObject({ status, purchase_api: null });
      expect((await gateway.call('GET', `${PAGES}/${id}`, { as: rivals[0] ?? '' })).status).toBe(404);
    });
  });

  it("knows nothing of another merchant's page or payment session, however it is spelled, and asks Klarna nothing", async () => {
    const sessionId = await session();
    const id = await page({}, sessionId);
    const since = await lastSequence(gateway);
    for (const as of rivals) {
      for (const spelled of [id, id.toUpperCase()]) {
        const answers = [
          await gateway.call('GET', `${PAGES}/${spelled}`, { as }),
          await gateway.call('DELETE', `${PAGES}/${spelled}`, { as }),
          await gateway.call('POST', `${PAGES}/${spelled}/distribution`, { body: MAIL, as }),
        ];
        for (const answer of answers) expect(errorIn(answer)).toEqual([404, 'NOT_FOUND', ['HPP session not found or expired']]);
      }
      for (const url of [urlOf(sessionId), urlOf(sessionId.toUpperCase()), urlOf(sessionId, gateway.url), urlOf(`/${sessionId}`)]) {
        const answer = await gateway.call('POST', PAGES, { body: { payment_session_url: url }, as });
        expect(errorIn(answer)).toEqual([404, 'NOT_FOUND', ['Payment session not found or expired']]);
      }
    }
    expect(await requests(gateway, { path: '/hpp/*' }, since)).toEqual([]);
    // What Klarna says of an unknown session is what we say of another merchant's.
    const unknown = await gateway.call('POST', PAGES, { body: { payment_session_url: urlOf(UNKNOWN) }, as: rivals[1] ?? '' });
    expect(errorIn(unknown)).toEqual([404, 'NOT_FOUND', ['Payment session not found or expired']]);
  });

  it.each([
    ['a checkout that is open', async () => (await opened(gateway)).id],
    ['an order, which keeps the id of its checkout', () => gateway.order()],
  ])("looks a checkout's URL up: %s of another merchant is refused, any other goes to Klarna", async (_, made) => {
    const orderId = await made();
    const body = { payment_session_url: `${simulator.url}/checkout/v3/orders/${orderId}` };
    const since = await lastSequence(gateway);
    for (const as of rivals) expect((await gateway.call('POST', PAGES, { body, as })).status).toBe(404);
    expect(await requests(gateway, { path: '/hpp/*' }, since)).toEqual([]);
    await gateway.post(PAGES, body);
    expect(await requests(gateway, { path: PAGES }, since)).toHaveLength(1);
  });

  it('says that Klarna is unavailable, and keeps nothing of it', async () => {
    const id = await page();
    const path = `${PAGES}/${id}`;
    await gateway.fault('status', { method: 'GET', path }, { code: 503 });
    expect(errorIn(await gateway.get(path))[0]).toBe(503);
    await gateway.fault('garbage_after', { method: 'GET', path }, { variant: 'html' });
    expect(errorIn(await gateway.get(path)).slice(0, 2)).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
    await gateway.fault('status', { method: 'GET', path }, { code: 401 });
    expect(errorIn(await gateway.get(path)).slice(0, 2)).toEqual([502, 'PROVIDER_CREDENTIALS']);
    expect(await row(id)).toMatchObject({ status: 'WAITING' });
  });
});
