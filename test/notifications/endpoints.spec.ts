import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { ENDPOINT_SECRET } from '../../src/persistence/repositories/notification-endpoints.repository.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

interface Endpoint {
  id: string;
  url: string;
  events: string[] | null;
  strict_order: boolean;
  disabled: boolean;
  disabled_reason: string | null;
  failing_since: string | null;
  rests_until: string | null;
  previous_secret_until: string | null;
  secret?: string;
}

const URL = 'https://shop.example/klarna-events';
const DAY_S = 86_400;

describe('endpoints', () => {
  let gateway: TestGateway;
  let as: string;
  let merchants = 0;
  // On the simulator's clock, so that a day can pass; nothing is sent, because this process is no worker.
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator', ROLE: 'api' } });
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    as = await addMerchant(gateway, `shop-${(merchants += 1)}`);
  });

  const call = (method: string, path: string, body?: unknown, who = as): Promise<Answer> =>
    gateway.call(method, `/notifications/endpoints${path}`, { as: who, ...(body === undefined ? {} : { body }) });
  const refused = ({ status, json }: Answer) => [status, (json as { code: string }).code];
  const detail = ({ json }: Answer) => (json as { detail: string }).detail;
  const given = (answer: Answer): Endpoint => {
    expect([answer.status, answer.text]).toEqual([answer.status < 300 ? answer.status : 'done', answer.text]);
    return answer.json as Endpoint;
  };
  const create = async (body: object = { url: URL }, who = as): Promise<Endpoint> => given(await call('POST', '', body, who));
  const row = async (id: string) =>
    (
      await rowsOf<{ version: number; secret: Buffer; previous_secret: Buffer | null }>(
        gateway.database,
        'SELECT version, secret, previous_secret FROM notification_endpoints WHERE id = $1',
        [id],
      )
    )[0];

  /** A delivery to it that is due in an hour, and a receiver that rests. */
  async function failing(id: string): Promise<string> {
    const delivery = uuidv7();
    await rowsOf(
      gateway.database,
      `INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, message_id, method, state, attempts, next_at, fence, give_up_at, created_at)
       SELECT $1, merchant_id, id::text, id, 'm', 'POST', 'due', 3, now() + interval '100 years', 3, now() + interval '101 years', now()
       FROM notification_endpoints WHERE id = $2`,
      [delivery, id],
    );
    await rowsOf(
      gateway.database,
      `INSERT INTO receivers (key, merchant_id, failures, failing_since, rests_until)
       SELECT id::text, merchant_id, 3, '2026-11-01T00:00:00Z', '2026-11-01T01:00:00Z' FROM notification_endpoints WHERE id = $1`,
      [id],
    );
    return delivery;
  }
  const isDueNow = async (delivery: string): Promise<boolean> =>
    (
      await rowsOf<{ soon: boolean }>(
        gateway.database,
        `SELECT next_at < now() + interval '50 years' AS soon FROM deliveries WHERE id = $1`,
        [delivery],
      )
    )[0]?.soon === true;

  it('are registered with a secret that is shown once and kept sealed', async () => {
    const answer = await call('POST', '', { url: URL, events: ['order.created', 'order.captured', 'order.created'], strict_order: true });
    expect(answer.status).toBe(201);
    const { secret = '', ...endpoint } = answer.json as Endpoint;
    expect(endpoint).toEqual({
      id: expect.any(String),
      url: URL,
      events: ['order.created', 'order.captured'],
      strict_order: true,
      ...{ disabled: false, disabled_reason: null, disabled_at: null, failing_since: null, rests_until: null, previous_secret_until: null },
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(key.length).toBeGreaterThanOrEqual(24);
    expect(key.length).toBeLessThanOrEqual(64);
    const stored = await row(endpoint.id);
    expect(stored?.secret.includes(key)).toBe(false);
    expect(gateway.app.get(SealedEnvelope).open(stored?.secret ?? Buffer.alloc(0), ENDPOINT_SECRET)).toEqual(key);
    for (const path of [`/${endpoint.id}`, '']) expect((await call('GET', path)).text).not.toContain('whsec_');
    expect(given(await call('GET', `/${endpoint.id}`))).toEqual(endpoint);
  });

  it('get every event in any order unless told, and are listed newest first', async () => {
    const first = await create();
    const second = await create({ url: URL, events: null, strict_order: null });
    expect([first, second].map(({ events, strict_order }) => [events, strict_order])).toEqual([
      [null, false],
      [null, false],
    ]);
    expect(first.secret).not.toBe(second.secret);
    const { items } = (await call('GET', '')).json as { items: Endpoint[] };
    expect(items.map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it.each<[string, object, RegExp]>([
    ['no URL', {}, /url/],
    ['a relative URL', { url: '/events' }, /URL/],
    ['another scheme', { url: 'ftp://shop.example/x' }, /URL/],
    ['plain http', { url: 'http://shop.example/x' }, /https/],
    ['credentials in it', { url: 'https://user:pass@shop.example/' }, /user name/],
    ['a private address', { url: 'https://10.1.2.3/x' }, /NOTIFY_ALLOW_CIDRS/],
    ['loopback', { url: 'https://127.0.0.1/x' }, /NOTIFY_ALLOW_CIDRS/],
    ['the metadata service', { url: 'https://169.254.169.254/latest' }, /NOTIFY_ALLOW_CIDRS/],
    ['an IPv4 address in IPv6', { url: 'https://[::ffff:10.0.0.1]/x' }, /NOTIFY_ALLOW_CIDRS/],
    ['an address as one number', { url: 'https://2130706433/' }, /NOTIFY_ALLOW_CIDRS/],
    ['more than 2000 characters', { url: `https://shop.example/${'x'.repeat(2_000)}` }, /url must be 1 to 2000/],
    ['an unknown event', { url: URL, events: ['order.created', 'order.eaten'] }, /events\[1\] must be one of order\.created/],
    ['no events', { url: URL, events: [] }, /events must be/],
    ['events as a text', { url: URL, events: 'order.created' }, /events must be a list/],
    ['strict order as a text', { url: URL, strict_order: 'yes' }, /strict_order must be true or false/],
  ])('are refused with %s, at registration and at a change', async (_, body, says) => {
    const answer = await call('POST', '', body);
    expect([...refused(answer), answer.headers['content-type']]).toEqual([400, 'BAD_VALUE', 'application/problem+json']);
    expect(detail(answer)).toMatch(says);
    if (!('url' in body)) return;
    const { id } = await create();
    const change = await call('PATCH', `/${id}`, body);
    expect(refused(change)).toEqual([400, 'BAD_VALUE']);
    expect(given(await call('GET', `/${id}`))).toMatchObject({ url: URL, events: null });
    expect((await row(id))?.version).toBe(1);
  });

  it('take a URL of 2000 characters', async () => {
    const url = `${URL}?${'x'.repeat(2_000 - URL.length - 1)}`;
    expect((await create({ url })).url).toBe(url);
  });

  it('are 50 at most, also when they come at once', async () => {
    for (let count = 0; count < 48; count += 1) await create();
    const answers = await Promise.all(Array.from({ length: 5 }, () => call('POST', '', { url: URL })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409, 409]);
    expect(answers.filter(({ status }) => status === 409).map(refused)[0]).toEqual([409, 'TOO_MANY_ENDPOINTS']);
    // Another merchant's do not count, and a removed one makes room.
    await create({ url: URL }, await addMerchant(gateway, 'roomy'));
    const { items } = (await call('GET', '')).json as { items: Endpoint[] };
    expect(items).toHaveLength(50);
    expect((await call('DELETE', `/${items[0]?.id}`)).status).toBe(204);
    await create();
  });

  it('change what is named and nothing else', async () => {
    const { id } = await create({ url: URL, events: ['order.created'], strict_order: true });
    expect(given(await call('PATCH', `/${id}`, { events: ['order.captured'] }))).toMatchObject({
      events: ['order.captured'],
      strict_order: true,
    });
    expect(given(await call('PATCH', `/${id}`, { strict_order: false }))).toMatchObject({
      events: ['order.captured'],
      strict_order: false,
    });
    expect(given(await call('PATCH', `/${id}`, { events: null }))).toMatchObject({ events: null, url: URL });
    expect(given(await call('PATCH', `/${id}`, {}))).toMatchObject({ events: null, url: URL, strict_order: false, disabled: false });
    expect((await row(id))?.version).toBe(1);
  });

  it('start anew at another URL: a new version, no rest, and what is due is due now', async () => {
    const { id } = await create();
    const delivery = await failing(id);
    expect(given(await call('GET', `/${id}`))).toMatchObject({
      failing_since: '2026-11-01T00:00:00.000Z',
      rests_until: '2026-11-01T01:00:00.000Z',
    });
    await call('PATCH', `/${id}`, { url: URL });
    expect([(await row(id))?.version, await isDueNow(delivery)]).toEqual([1, false]);
    const moved = given(await call('PATCH', `/${id}`, { url: `${URL}/2` }));
    expect(moved).toMatchObject({ url: `${URL}/2`, failing_since: null, rests_until: null });
    expect([(await row(id))?.version, await isDueNow(delivery)]).toEqual([2, true]);
  });

  it('without strict order any more: what waited behind another is due now, what has failed has its pause', async () => {
    const { id } = await create({ url: URL, strict_order: true });
    const [tried, behind] = [await failing(id), uuidv7()];
    await rowsOf(
      gateway.database,
      `INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, message_id, method, state, attempts, next_at, fence, give_up_at, created_at)
       SELECT $2, merchant_id, receiver, endpoint_id, 'n', 'POST', 'due', 0, next_at, 0, give_up_at, created_at FROM deliveries WHERE id = $1`,
      [tried, behind],
    );
    await call('PATCH', `/${id}`, { strict_order: true });
    expect([await isDueNow(tried), await isDueNow(behind)]).toEqual([false, false]);
    await call('PATCH', `/${id}`, { strict_order: false });
    expect([await isDueNow(tried), await isDueNow(behind)]).toEqual([false, true]);
  });

  it('are disabled and enabled again: a new version, no rest, and what is due is due now', async () => {
    const { id } = await create();
    const delivery = await failing(id);
    const disabled = given(await call('PATCH', `/${id}`, { disabled: true }));
    expect(disabled).toMatchObject({ disabled: true, disabled_reason: 'merchant', disabled_at: expect.any(String) });
    expect(given(await call('PATCH', `/${id}`, { disabled: true }))).toMatchObject({ ...disabled, updated_at: expect.any(String) });
    expect([(await row(id))?.version, await isDueNow(delivery)]).toEqual([1, false]);
    expect(given(await call('PATCH', `/${id}`, { disabled: false }))).toMatchObject({
      ...{ disabled: false, disabled_reason: null, disabled_at: null, failing_since: null, rests_until: null },
    });
    expect([(await row(id))?.version, await isDueNow(delivery)]).toEqual([2, true]);
    await call('PATCH', `/${id}`, { disabled: false });
    expect((await row(id))?.version).toBe(2);
  });

  it('stay disabled at another URL, until they are enabled', async () => {
    const { id } = await create();
    await rowsOf(gateway.database, `UPDATE notification_endpoints SET disabled_at = now(), disabled_reason = 'gone' WHERE id = $1`, [id]);
    expect(given(await call('PATCH', `/${id}`, { url: `${URL}/2` }))).toMatchObject({ disabled: true, disabled_reason: 'gone' });
    expect(given(await call('PATCH', `/${id}`, { disabled: false }))).toMatchObject({ disabled: false });
  });

  it('exchange their secret once in 24 hours, with both keys until then', async () => {
    const { id, secret: before } = await create();
    const exchanged = given(await call('POST', `/${id}/rotate-secret`));
    expect(exchanged.secret).toMatch(/^whsec_/);
    expect(exchanged.secret).not.toBe(before);
    expect(exchanged.previous_secret_until).not.toBeNull();
    const stored = await row(id);
    const opened = [stored?.secret, stored?.previous_secret].map((sealed) =>
      gateway.app
        .get(SealedEnvelope)
        .open(sealed ?? Buffer.alloc(0), ENDPOINT_SECRET)
        .toString('base64'),
    );
    expect(opened.map((key) => `whsec_${key}`)).toEqual([exchanged.secret, before]);
    const again = await call('POST', `/${id}/rotate-secret`);
    expect(refused(again)).toEqual([409, 'SECRET_IN_EXCHANGE']);
    expect(await row(id)).toEqual(stored);
    await gateway.advance(DAY_S + 60);
    await until('the day is over', async () => given(await call('GET', `/${id}`)).previous_secret_until === null);
    expect(given(await call('POST', `/${id}/rotate-secret`)).secret).not.toBe(exchanged.secret);
  });

  it('are removed for good, with what is known of them kept for their deliveries', async () => {
    const { id } = await create();
    const delivery = await failing(id);
    const answer = await call('DELETE', `/${id}`);
    expect([answer.status, answer.text]).toEqual([204, '']);
    for (const [method, body] of [['GET'], ['PATCH', {}], ['DELETE']] as const)
      expect(refused(await call(method, `/${id}`, body))).toEqual([404, 'NOT_FOUND']);
    expect(refused(await call('POST', `/${id}/rotate-secret`))).toEqual([404, 'NOT_FOUND']);
    expect((await call('GET', '')).json).toEqual({ items: [] });
    expect((await gateway.call('GET', `/notifications/${delivery}`, { as })).status).toBe(200);
  });

  it('of another merchant, unknown ones and what is no id are not there', async () => {
    const { id } = await create();
    const rival = await addMerchant(gateway, `rival-${merchants}`);
    for (const other of [id, uuidv7(), 'x', "';--"]) {
      for (const [method, suffix, body] of [
        ['GET', ''],
        ['PATCH', '', { disabled: true }],
        ['POST', '/rotate-secret'],
        ['DELETE', ''],
      ] as const)
        expect(refused(await call(method, `/${encodeURIComponent(other)}${suffix}`, body, rival))).toEqual([404, 'NOT_FOUND']);
    }
    expect((await call('GET', '', undefined, rival)).json).toEqual({ items: [] });
    expect(given(await call('GET', `/${id}`)).disabled).toBe(false);
  });

  it('need credentials', async () => {
    expect((await gateway.call('GET', '/notifications/endpoints', { as: null })).status).toBe(401);
  });
});
