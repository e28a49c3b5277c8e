import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { HooksRepository } from '../../src/persistence/repositories/hooks.repository.js';
import { CHECKOUTS, checkoutOf, completed, opened } from '../support/checkouts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lasting, lastSequence, operation, ordersPath, requests, rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';
import { oursIn, PAGES, PUBLIC_URL, prepared, SESSIONS, sentTo, textWith } from './support.js';

const PUSH = 'https://shop.example/push?o={checkout.order.id}';
const TOLD = 'https://shop.example/told?s={session.id}';

describe('what a merchant is shown of its own URLs', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { PUBLIC_URL } });
  });
  afterAll(() => gateway.close());

  /** What Klarna itself shows, with our URLs in it. */
  const atKlarna = async (path: string): Promise<string> => {
    const authorization = `Basic ${Buffer.from('simulator:simulator').toString('base64')}`;
    return (await fetch(gateway.simulator.url + path, { headers: { authorization } })).text();
  };
  const urlsIn = ({ json }: Answer) => (json as { merchant_urls?: Record<string, string> }).merchant_urls;

  /** Klarna's bytes with the caller's own URLs in the members that hold ours; an added one gone. */
  const own = (text: string, sent: Record<string, string>): string =>
    Object.entries(urlsOf(text)).reduce((shown, [entry, url]) => {
      if (oursIn(url).length === 0) return shown;
      const literal = new RegExp(`,?"${entry}":("(?:[^"\\\\]|\\\\.)*")`).exec(shown);
      const [member = '', value = ''] = literal ?? [];
      return sent[entry] === undefined ? shown.replace(member, '') : shown.replace(value, JSON.stringify(sent[entry]));
    }, text);
  const urlsOf = (text: string) => (JSON.parse(text) as { merchant_urls: Record<string, string> }).merchant_urls;

  it('a checkout: the answer, reads, updates and the abort, to the byte', async () => {
    const { merchant_urls: urls } = checkoutOf(10_000) as { merchant_urls?: Record<string, string> };
    const { id, answer } = await opened(gateway, checkoutOf(10_000));
    const path = `${CHECKOUTS}/${id}`;
    const raw = await atKlarna(path);
    expect(oursIn(raw)).toHaveLength(2);
    expect(urlsIn(answer)).toEqual(urls);
    const shown = await gateway.get(path);
    expect(shown.text).toBe(own(raw, urls ?? {}));
    expect(shown.headers['content-length']).toBe(String(shown.body.length));
    expect(oursIn(shown.text)).toEqual([]);
    const changed = await gateway.post(path, { merchant_urls: { ...urls, push: PUSH } });
    expect(urlsIn(changed)).toEqual({ ...urls, push: PUSH });
    // The update named no notification: whose address is still at Klarna.
    const after = await atKlarna(path);
    expect((await gateway.get(path)).text).toBe(own(after, { ...urls, push: PUSH }));
    expect(urlsIn(await gateway.post(`${path}/abort`))).toEqual({ ...urls, push: PUSH });
    expect(await operationOf('checkout.abort-order')).toMatchObject({ answer: { body: { merchant_urls: { ...urls, push: PUSH } } } });
  });

  /** The newest operation of a kind, as it is shown. */
  async function operationOf(kind: string) {
    const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations WHERE kind = $1 ORDER BY id DESC LIMIT 1', [
      kind,
    ]);
    const view = await operation(gateway, row?.id ?? '');
    expect(JSON.stringify(view)).not.toContain('/webhooks/klarna/');
    return view;
  }

  it('an answer of record, again under its key, and in its operation', async () => {
    const key = randomUUID();
    const body = checkoutOf(10_000, { merchant_reference1: 'kept' });
    const first = await gateway.post(CHECKOUTS, body, key);
    const again = await gateway.post(CHECKOUTS, body, key);
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([201, first.text, 'true']);
    expect(urlsIn(again)).toEqual(body['merchant_urls']);
    expect(await operationOf('checkout.create-order')).toMatchObject({ answer: { body: { merchant_urls: body['merchant_urls'] } } });
  });

  it('a session, with what was added gone', async () => {
    const { json } = await gateway.post(SESSIONS, cartOf(10_000, { merchant_urls: { notification: TOLD } }));
    const path = `${SESSIONS}/${(json as { session_id: string }).session_id}`;
    const raw = await atKlarna(path);
    const shown = await gateway.get(path);
    expect(shown.status).toBe(200);
    expect(oursIn(shown.text)).toEqual([]);
    if (raw.includes('merchant_urls')) expect(shown.text).toBe(own(raw, { notification: TOLD }));
    else expect(shown.text).toBe(raw);
  });

  it("Klarna's refusal names the caller's URL, in every form that it is told in", async () => {
    const { path, request } = await prepared['token order'](gateway);
    const key = randomUUID();
    const body = textWith(request, JSON.stringify({ confirmation: 'https://shop.example/thanks', push: TOLD }));
    // Klarna quotes what it was sent, which is known only once it was: the first answer is a 5xx.
    const since = await lastSequence(gateway);
    const away = await lasting(gateway, 'status', { method: 'POST', path }, { code: 500 });
    const pending = gateway.call('POST', path, { body, key });
    const sent = await until('Klarna was asked', async () => (await sentTo(gateway, path, since))[0] ?? false);
    const [ours] = oursIn(sent);
    const refusal = { error_code: 'BAD_VALUE', error_messages: [`Bad value: merchant_urls.push (${ours?.url})`], correlation_id: 'c-1' };
    await gateway.fault('status', { method: 'POST', path }, { code: 400, times: 50, body: JSON.stringify(refusal) });
    await away.end();
    await pending;
    const told = await gateway.call('POST', path, { body, key, headers: { Prefer: 'wait=10' } });
    await gateway.simulate('DELETE', '/simulator/faults');
    const words = [`Bad value: merchant_urls.push (${TOLD})`];
    expect([told.status, told.json]).toMatchObject([400, { error_messages: words }]);
    expect(await operationOf('customer-token.create-order')).toMatchObject({ answer: { body: { error_messages: words } } });
  });

  it('a pending answer and an error page keep nothing of ours', async () => {
    const { path, request } = await prepared['token order'](gateway);
    await gateway.fault('timeout_before', { method: 'POST', path });
    const body = textWith(request, JSON.stringify({ confirmation: 'https://shop.example/thanks', push: TOLD }));
    const pending = await gateway.call('POST', path, { body, key: randomUUID(), headers: { Prefer: 'respond-async' } });
    expect(pending.status).toBe(202);
    expect(oursIn(pending.text)).toEqual([]);
  });

  it('a page, and the order that a checkout became', async () => {
    const { json } = await gateway.post(SESSIONS, cartOf(10_000));
    const url = `${gateway.url}${SESSIONS}/${(json as { session_id: string }).session_id}`;
    const made = await gateway.post(PAGES, { payment_session_url: url, merchant_urls: { status_update: TOLD } });
    expect([made.status, oursIn(made.text)]).toEqual([201, []]);
    const page = await gateway.get(`${PAGES}/${(made.json as { session_id: string }).session_id}`);
    expect([page.status, oursIn(page.text)]).toEqual([200, []]);
    const { id } = await opened(gateway);
    await completed(gateway, id);
    for (const path of [`${CHECKOUTS}/${id}`, ordersPath(id), `/orders/${id}`]) {
      const shown = await gateway.get(path);
      expect([path, shown.status, oursIn(shown.text)]).toEqual([path, 200, []]);
    }
  });

  it('is the own one under an address that was ours before; a forged or strange one is shown as Klarna does', async () => {
    const { id } = await opened(gateway);
    const raw = await atKlarna(`${CHECKOUTS}/${id}`);
    const [ours] = oursIn(urlsOf(raw)['push'] ?? '');
    const moved = await testGateway({
      env: { PUBLIC_URL: 'https://new.example' },
      database: gateway.database,
      simulator: gateway.simulator,
    });
    try {
      const shown = await moved.get(`${CHECKOUTS}/${id}`);
      expect(urlsIn(shown)).toEqual(checkoutOf(10_000)['merchant_urls']);
    } finally {
      await moved.close();
    }
    const neighbour = await addMerchant(gateway, 'neighbour');
    const forged = `https://gw.example/webhooks/klarna/${ours?.hookId}/${'x'.repeat(43)}`;
    const strange = `https://gw.example/webhooks/klarna/${randomUUID()}/${ours?.secret}`;
    const page = (name: string) => `https://shop.example/${name}`;
    for (const [as, push] of [
      ['demo:demo', forged],
      ['demo:demo', strange],
      [neighbour, ours?.url ?? ''],
    ] as const) {
      const urls = { terms: page('terms'), checkout: page('checkout'), confirmation: page('thanks'), push };
      const answer = await gateway.call('POST', CHECKOUTS, { body: checkoutOf(10_000, { merchant_urls: urls }), as });
      expect(urlsIn(answer)).toEqual(urls);
    }
  });

  it('is not withheld when the database can not say whose it is; the secret is, then', async () => {
    const { id } = await opened(gateway);
    const repository = gateway.app.get(HooksRepository, { strict: false });
    const byIds = repository.byIds.bind(repository);
    repository.byIds = () => Promise.reject(new Error('on purpose'));
    try {
      const shown = await gateway.get(`${CHECKOUTS}/${id}`);
      expect(shown.status).toBe(200);
      expect(oursIn(shown.text).map(({ secret }) => secret)).toEqual(['***', '***']);
    } finally {
      repository.byIds = byIds;
    }
    expect(oursIn((await gateway.get(`${CHECKOUTS}/${id}`)).text)).toEqual([]);
  });

  it('costs no statement where Klarna shows none of ours', async () => {
    const orderId = await gateway.order();
    const repository = gateway.app.get(HooksRepository, { strict: false });
    const byIds = repository.byIds.bind(repository);
    let asked = 0;
    repository.byIds = (...ids) => {
      asked += 1;
      return byIds(...ids);
    };
    try {
      expect((await gateway.get(ordersPath(orderId))).status).toBe(200);
      expect((await requests(gateway, { path: ordersPath(orderId), method: 'GET' })).length).toBeGreaterThan(0);
      expect(asked).toBe(0);
    } finally {
      repository.byIds = byIds;
    }
  });
});
