import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, ordersPath } from '../support/scene.js';

interface Sent {
  method: string;
  path: string;
  headers: Record<string, string>;
  body_base64: string;
}

/** Names as they came over the wire. */
const names = ({ rawHeaders }: Answer) => rawHeaders.filter((_, at) => at % 2 === 0);

describe('between an SDK and Klarna', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  /** What reached Klarna meanwhile on this path, to the byte. */
  async function sentTo(path: string, work: () => Promise<unknown>): Promise<Sent[]> {
    const since = await lastSequence(gateway);
    await work();
    const { requests } = (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as { requests: Sent[] };
    return requests.filter((each) => each.path === path && each.method !== 'GET');
  }
  const textOf = (sent: Sent | undefined) => Buffer.from(sent?.body_base64 ?? '', 'base64').toString('utf8');

  it.each([
    ['numbers as they are written', '{"captured_amount":100.0}'],
    ['white space and the order of members', ' {\r\n\t"reference" : "a" , "captured_amount" : 100 }\n'],
    ['escapes', '{"captured_amount":100,"reference":"caf\\u00e9 \\/ \\ud83d\\ude00"}'],
    ['characters beyond ASCII', '{"captured_amount":100,"reference":"café 😀"}'],
    ['members nobody knows, with 20 digits', '{"captured_amount":100,"x_new":12345678901234567890,"constructor":{"prototype":1}}'],
    ['null where it is allowed', '{"captured_amount":100,"reference":null,"shipping_info":[]}'],
  ])('bytes pass unchanged: %s', async (_, body) => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const [sent] = await sentTo(path, async () => {
      expect((await gateway.post(path, body, randomUUID())).status).toBe(201);
    });
    expect(textOf(sent)).toBe(body);
  });

  it('a repeat, a minute or a fault later, sends the identical bytes', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const body = '{ "reference":"\\u0061", "captured_amount":1e2 }';
    await gateway.fault('reset_before', { method: 'POST', path }, { times: 2 });
    const sent = await sentTo(path, () => gateway.post(path, body));
    expect(sent.map(textOf)).toEqual([body, body, body]);
  });

  it('the cart of a session and of an order pass unchanged', async () => {
    const cart = `${JSON.stringify(cartOf(12_500)).slice(0, -1)} , "merchant_data":"\\u00e5", "unknown": [1.50] }`;
    const [opened] = await sentTo('/payments/v1/sessions', () => gateway.post('/payments/v1/sessions', cart));
    expect(textOf(opened)).toBe(cart);
    const { token } = await gateway.authorized(cartOf(12_500));
    const path = `/payments/v1/authorizations/${token}/order`;
    const [placed] = await sentTo(path, () => gateway.post(path, cart));
    expect(textOf(placed)).toBe(cart);
  });

  it.each([undefined, '', '{}'])('an action without a body sends none, whatever came (%j)', async (body) => {
    const id = await gateway.order();
    const path = ordersPath(id, '/cancel');
    const [sent] = await sentTo(path, async () => {
      expect((await gateway.post(path, body)).status).toBe(204);
    });
    expect([textOf(sent), sent?.headers['content-type']]).toEqual(['', undefined]);
  });

  it('Klarna sees the caller of the shop, and never the credentials of the shop', async () => {
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const headers = { 'User-Agent': 'Library/Klarna.kco_rest_php_2.1.0', 'Klarna-Integrator': 'Shop/1', Cookie: 'a=b', 'X-Internal': 'c' };
    const [sent] = await sentTo(path, () => gateway.call('POST', path, { body: { captured_amount: 1 }, headers }));
    expect(sent?.headers).toMatchObject({ 'user-agent': 'Library/Klarna.kco_rest_php_2.1.0', authorization: 'Basic simulator:***' });
    expect(sent?.headers['klarna-integrator']).toBe('Shop/1');
    expect([sent?.headers['cookie'], sent?.headers['x-internal']]).toEqual([undefined, undefined]);
  });

  it('a capture and a refund are answered with a bare 201, in the spelling of Klarna, with an address of this service', async () => {
    const id = await gateway.order();
    for (const [suffix, header, body] of [
      ['/captures', 'Capture-Id', { captured_amount: 2_500 }],
      ['/refunds', 'Refund-Id', { refunded_amount: 500 }],
    ] as const) {
      const answer = await gateway.post(ordersPath(id, suffix), body);
      expect([answer.status, answer.body.length]).toEqual([201, 0]);
      expect(names(answer)).toEqual(expect.arrayContaining([header, 'Location', 'Klarna-Correlation-Id']));
      const made = answer.headers[header.toLowerCase()];
      expect(answer.headers['location']).toBe(`${gateway.url}${ordersPath(id, suffix)}/${made}`);
      const read = await gateway.get(ordersPath(id, `${suffix}/${made}`));
      expect(read.status).toBe(200);
      // Stored relative: it is right for whoever asks.
      const [, host] = gateway.url.split('//');
      const elsewhere = await gateway.call('POST', ordersPath(id, suffix), { body, headers: { Host: 'gateway.shop.internal' } });
      expect(elsewhere.headers['location']).toMatch(/^http:\/\/gateway\.shop\.internal\/ordermanagement\//);
      expect(elsewhere.headers['location']).not.toContain(host);
    }
  });

  it('a cancel, a release and an update are answered with a bare 204', async () => {
    const [one, two] = await Promise.all([gateway.order(), gateway.order()]);
    await gateway.post(ordersPath(two, '/captures'), { captured_amount: 100 });
    const session = await gateway.post('/payments/v1/sessions', cartOf(5_000));
    const answers = [
      await gateway.post(ordersPath(one, '/cancel')),
      await gateway.post(ordersPath(two, '/release-remaining-authorization')),
      await gateway.post(`/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`, cartOf(5_500)),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body.length]).toEqual([204, 0]);
      expect(names(answer)).not.toContain('Content-Type');
    }
  });

  it.each([
    ['PATCH', '/authorization', '{ "order_amount": 9e3, "order_lines":[], "x_new":12345678901234567890 }'],
    ['PATCH', '/merchant-references', '{"merchant_reference1":"caf\\u00e9 😀","merchant_reference2":null}'],
    ['PATCH', '/customer-details', ' {"shipping_address":{"given_name":"\\u00c5sa" , "country":"SE", "x":[1.50]}}'],
    ['POST', '/shipping-info', '{"shipping_info":[{"tracking_number":"1","x":null}],"constructor":{}}'],
    ['POST', '/captures/{capture_id}/shipping-info', '{"shipping_info":[{"shipping_method":"Home"} ]}\n'],
    ['PATCH', '/captures/{capture_id}/extend-due-date', '{"number_of_days":14.0}'],
    ['POST', '/acknowledge', ''],
    ['POST', '/extend-authorization-time', ''],
    ['POST', '/captures/{capture_id}/trigger-send-out', ''],
  ] as const)('%s %s sends the bytes as they came under one key, and is answered with a bare 204', async (method, suffix, body) => {
    const id = await gateway.order();
    const captured = suffix.includes('{capture_id}')
      ? await gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 })
      : undefined;
    const path = ordersPath(id, suffix.replace('{capture_id}', captured?.headers['capture-id'] ?? ''));
    const key = randomUUID();
    const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Klarna-Integrator': 'Shop/1' };
    let answer: Answer | undefined;
    const [sent, ...more] = await sentTo(path, async () => {
      answer = await gateway.call(method, path, { ...(body === '' ? {} : { body }), key, headers });
    });
    expect([answer?.status, answer?.body.length, more]).toEqual([204, 0, []]);
    expect(names(answer!)).not.toContain('Content-Type');
    expect(names(answer!).filter((name) => /^[a-z]/.test(name))).toEqual([]);
    expect([sent?.method, textOf(sent)]).toEqual([method, body]);
    expect(sent?.headers).toMatchObject({ 'klarna-idempotency-key': key, 'klarna-integrator': 'Shop/1' });
    expect(sent?.headers['content-type']).toBe(body === '' ? undefined : 'application/json');
  });

  it("Klarna's refusal passes with its words, its correlation id and its status", async () => {
    const id = await gateway.order();
    const answer = await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 1 });
    const json = answer.json as { error_code: string; error_messages: string[]; correlation_id: string };
    expect([answer.status, json.error_code]).toEqual([403, 'REFUND_NOT_ALLOWED']);
    expect(json.correlation_id).toBe(answer.headers['klarna-correlation-id']);
    expect(json.error_messages.length).toBeGreaterThan(0);
  });
});
