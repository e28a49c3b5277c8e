import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from './raw-client.js';
import { startWireApp, type WireApp } from './wire-app.js';

const CAPTURES = '/ordermanagement/v1/orders/o1/captures';
const BODY = '{"captured_amount":1}';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('credentials', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  it.each([
    ['none', '-'],
    ['a wrong password', basic('demo:wrong')],
    ['an unknown name', basic('nobody:demo')],
    ['an empty value', 'Basic '],
    ['bad base64', 'Basic ***'],
    ['no colon', basic('demo')],
    ['a wrong key', 'Bearer wrong'],
    ['another scheme', 'Digest username=demo'],
  ])('answers %s with the same 401', async (_, Authorization) => {
    const answer = await call(wire.url, { path: CAPTURES, body: BODY, headers: { Authorization } });
    expect(answer.status).toBe(401);
    expect(answer.header('WWW-Authenticate')).toMatch(/^Basic realm=/);
    expect(answer.headers.map(([name]) => name)).toContain('WWW-Authenticate');
    expect(answer.json()).toEqual({
      error_code: 'UNAUTHORIZED',
      error_messages: ['Authentication is required'],
      correlation_id: answer.header('Klarna-Correlation-Id'),
    });
    expect(wire.arrived).toHaveLength(0);
  });

  it('lets Basic and bearer credentials pass', async () => {
    for (const Authorization of [basic('demo:demo'), 'Bearer key-1']) {
      expect((await call(wire.url, { path: CAPTURES, body: BODY, headers: { Authorization } })).status).toBe(200);
    }
    expect(wire.arrived[0]?.caller?.merchantId).toBe('m');
  });

  it('asks for credentials on its own routes with a problem, and not on probes', async () => {
    const own = await call(wire.url, { method: 'GET', path: '/orders', headers: { Authorization: '-' } });
    expect([own.status, own.json()]).toMatchObject([401, { code: 'UNAUTHORIZED', retryable: false }]);
    expect((await call(wire.url, { method: 'GET', path: '/health/live', headers: { Authorization: '-' } })).status).toBe(200);
  });
});

describe('idempotency keys', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  const send = (key: string | string[]) => call(wire.url, { path: CAPTURES, body: BODY, headers: { 'Klarna-Idempotency-Key': key } });

  it.each([
    ['empty', ''],
    ['longer than 255', 'k'.repeat(256)],
    ['with a byte above 0x7E', 'k\u00e5'],
    ['with a tab', 'k\tk'],
    ['given twice', ['k1', 'k2']],
    ['given twice alike', ['k1', 'k1']],
  ])('refuses a key %s', async (_, key) => {
    const answer = await send(key);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error_code: 'BAD_VALUE', error_messages: ['Bad value: Klarna-Idempotency-Key'] });
    expect(wire.arrived).toHaveLength(0);
  });

  it.each(['\u0001', '\u007f'])('refuses a key with the control character %j', async (character) => {
    const answer = await send(`k${character}`);
    expect([answer.status, answer.json()]).toMatchObject([400, { correlation_id: expect.any(String) }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each(['k', 'k'.repeat(255), '0b2f6f0c-6a0e-4b3c-9c39-0d5f9bd5f3d1', '~ !"#$%&()'])('takes the key %s', async (key) => {
    expect((await send(key)).status).toBe(200);
    expect(wire.arrived[0]?.key).toBe(key);
  });

  it('takes a write without a key, unless the merchant asked for keys', async () => {
    expect((await call(wire.url, { path: CAPTURES, body: BODY })).status).toBe(200);
    expect(wire.arrived[0]?.key).toBeUndefined();
    const strict = await startWireApp({ caller: { keyRequired: true } });
    const refused = await call(strict.url, { path: CAPTURES, body: BODY });
    expect([refused.status, refused.json()]).toMatchObject([
      400,
      { error_messages: ['Bad value: Klarna-Idempotency-Key', 'Klarna-Idempotency-Key is required for this merchant'] },
    ]);
    expect((await call(strict.url, { path: CAPTURES, body: BODY, headers: { 'Klarna-Idempotency-Key': 'k' } })).status).toBe(200);
    await strict.close();
  });
});

describe('preferences and passed-on headers', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  it.each<[string | string[], { respondAsync: boolean; waitMs: number | null }]>([
    ['-', { respondAsync: false, waitMs: null }],
    ['respond-async', { respondAsync: true, waitMs: null }],
    ['wait=3', { respondAsync: false, waitMs: 3_000 }],
    ['Respond-Async, wait=0', { respondAsync: true, waitMs: 0 }],
    [['wait="5"; x=y', 'respond-async'], { respondAsync: true, waitMs: 5_000 }],
    ['wait=1, wait=9', { respondAsync: false, waitMs: 1_000 }],
    ['wait=-1, handling=lenient, return', { respondAsync: false, waitMs: null }],
    ['wait=99999999', { respondAsync: false, waitMs: 120_000 }],
  ])('reads Prefer: %j', async (Prefer, prefer) => {
    await call(wire.url, { path: CAPTURES, body: BODY, headers: { Prefer } });
    expect(wire.arrived[0]?.prefer).toEqual(prefer);
  });

  it('passes on who asks and in which language, and nothing else', async () => {
    const headers = {
      'User-Agent': 'shop/1',
      'Accept-Language': 'sv',
      'klarna-integrator': 'i',
      'Klarna-Partner': 'p',
      Cookie: 'c',
      'X-Other': 'o',
    };
    await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/s1', headers });
    expect(wire.arrived[0]?.headers).toEqual({
      'User-Agent': 'shop/1',
      'Accept-Language': 'sv',
      'Klarna-Integrator': 'i',
      'Klarna-Partner': 'p',
    });
  });
});
