import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../simulator.js';
import { CART, startForTest, type TestClient } from '../test-client.js';
import { html } from './html.js';
import { ago, money } from './words.js';

let simulator: Simulator;
let client: TestClient;
beforeAll(async () => ({ simulator, client } = await startForTest({ gatewayUrl: 'http://gateway.test:3000' })));
afterAll(() => simulator.close());
beforeEach(async () => void (await client.call('DELETE', '/simulator/state')));

const EVIL = `<script>alert("1")</script>'&`;
const ESCAPED = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';
const page = async (path: string) => (await client.call('GET', path)).text;
const play = (sessionId: string, form: Record<string, string>) =>
  client.call('POST', `/shopper/${sessionId}`, new URLSearchParams(form).toString(), {
    'Content-Type': 'application/x-www-form-urlencoded',
  });

describe('every page', () => {
  it('shows what merchants write and never interprets it', async () => {
    const cart = {
      ...CART,
      merchant_reference1: EVIL,
      order_lines: [{ ...CART.order_lines[0]!, name: EVIL }],
      billing_address: { city: EVIL },
    };
    const sessionId = await client.session(cart);
    const before = await page(`/shopper/${sessionId}`);
    expect(before).toContain(ESCAPED);
    const token = await client.authorize(sessionId);
    const orderId = (await client.placeOrder(token, cart)).json.order_id as string;
    await client.capture(orderId, 1, EVIL.replace(/\W/g, ''), { reference: EVIL });
    for (const path of ['/', `/shopper/${sessionId}`, `/orders/${orderId}`]) {
      const text = await page(path);
      expect(text).toContain(ESCAPED);
      expect(text).not.toContain('<script>alert');
    }
  });

  it('loads nothing from elsewhere and runs only its own script', async () => {
    const { headers, text } = await client.call('GET', '/');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'nonce-/);
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('is 404 for what does not exist', async () => {
    for (const path of ['/nothing', '/shopper/x', '/orders/x', '/shopper', '/orders/x/y', '/redirect/x']) {
      expect((await client.call('GET', path)).status).toBe(404);
    }
  });
});

describe('the shopper', () => {
  it('sees open sessions with amount and reference', async () => {
    expect(await page('/')).toContain('Nothing waits');
    const sessionId = await client.session({ merchant_reference1: 'ON-4711' });
    const text = await page('/');
    expect(text).toContain(`/shopper/${sessionId}`);
    expect(text).toContain('ON-4711');
    expect(text).toContain(money(10_000, 'SEK', 'sv-SE'));
  });

  it('is prefilled for the country and sees lines, tax and total', async () => {
    const text = await page(`/shopper/${await client.session()}`);
    for (const seen of ['Shoes', 'Stockholm', money(2_000, 'SEK', 'sv-SE'), money(10_000, 'SEK', 'sv-SE'), 'Pay later', 'Decline'])
      expect(text).toContain(seen);
  });

  it('pays: the page then shows the token and the command, which places the order', async () => {
    const sessionId = await client.session({ merchant_reference1: "it's" });
    const reply = await play(sessionId, { given_name: 'Alva', email: 'alva@example.com', outcome: '', payment_method_category: 'pay_now' });
    expect([reply.status, reply.headers.get('location')]).toEqual([303, `/shopper/${sessionId}`]);
    const token = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json.authorization_token as string;
    const text = await page(`/shopper/${sessionId}`);
    expect(text).toContain(`http://gateway.test:3000/payments/v1/authorizations/${token}/order`);
    expect(text).toContain('http://gateway.test:3000/docs');
    const command = text.slice(text.indexOf('curl -u'), text.indexOf('</pre>')).replaceAll('&quot;', '"').replaceAll('&#39;', "'");
    const body = /-d '([\s\S]*)'\s*$/.exec(command)![1]!.replaceAll(`'\\''`, "'");
    const placed = await client.call('POST', `/payments/v1/authorizations/${token}/order`, body);
    expect(placed.status).toBe(200);
    expect(await page(`/shopper/${sessionId}`)).toContain('is placed');
    expect(await client.read(placed.json.order_id as string)).toMatchObject({
      merchant_reference1: "it's",
      billing_address: { given_name: 'Alva', country: 'SE' },
    });
  });

  it('chooses how the assessment ends', async () => {
    const sessionId = await client.session();
    await play(sessionId, { email: 'alva@example.com', outcome: 'denied' });
    const { billing_address } = (await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json;
    expect(billing_address).toMatchObject({ email: 'alva+denied@example.com' });
  });

  it('declines, and the session stays open', async () => {
    const sessionId = await client.session();
    expect(await page(`/shopper/${sessionId}?declined`)).toContain('Payment declined');
    expect((await client.call('GET', `/payments/v1/sessions/${sessionId}`)).json).not.toHaveProperty('authorization_token');
  });

  it('is not told that nothing was reserved while an earlier authorization stands', async () => {
    const sessionId = await client.session();
    const token = await client.authorize(sessionId);
    const text = await page(`/shopper/${sessionId}?declined`);
    expect(text).toContain('What was authorized before still stands');
    expect(text).not.toContain('Nothing was reserved');
    expect((await client.placeOrder(token)).status).toBe(200);
  });

  it('is told when something is wrong, and may not pay twice', async () => {
    const sessionId = await client.session();
    const wrong = await play(sessionId, { postal_code: '12345678901' });
    expect([wrong.status, wrong.text.includes('Bad value: billing_address.postal_code')]).toEqual([400, true]);
    await client.placeOrder(await client.authorize(sessionId));
    expect((await play(sessionId, { given_name: 'Alva' })).status).toBe(409);
  });

  it('sees when the authorization has run out', async () => {
    const sessionId = await client.session();
    await client.authorize(sessionId);
    await client.advance(3601);
    expect(await page(`/shopper/${sessionId}`)).toContain('The authorization is gone');
  });
});

describe('words', () => {
  it('write amounts as people of the locale do, for currencies with and without minor units', () => {
    expect(money(123_456, 'USD', 'en-US')).toBe('$1,234.56');
    expect(money(1_234, 'JPY', 'en-US')).toBe('¥1,234');
    expect(money(100, 'EUR', 'xx-yy-zz-qq')).toContain('1');
  });

  it('tell ages', () => {
    expect([ago(0, 30_000), ago(0, 120_000), ago(0, 7_200_000), ago(0, 864_000_000)]).toEqual([
      'just now',
      '2 min ago',
      '2 h ago',
      '10 days ago',
    ]);
  });

  it('escape everything but their own markup', () => {
    expect(html`<p title="${'"'}">${[html`<b>${'<'}</b>`, null, false, 0]}</p>`.markup).toBe('<p title="&quot;"><b>&lt;</b>0</p>');
  });
});

describe('health', () => {
  it('is ok', async () => {
    expect((await client.call('GET', '/health')).json).toMatchObject({ status: 'ok' });
  });
});
