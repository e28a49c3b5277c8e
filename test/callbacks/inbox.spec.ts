import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import { CALLBACK_BODY } from '../../src/persistence/repositories/callbacks.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { atATime } from '../support/at-a-time.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { type TestDatabase, testDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { lastSequence, requests, rowsOf } from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { aHook, callback, cameTo, rowsOfHook } from './callbacks.js';

/** What an answer tells, without what belongs to the one exchange. */
function told({ status, text, headers }: Answer): unknown {
  const id = headers['klarna-correlation-id'] ?? '';
  return { status, text: text.replace(id, 'ID'), headers: Object.keys(headers).sort() };
}

/** Everything that is logged from here on, as one text. */
function listening(gateway: TestGateway): () => string {
  const lines: string[] = [];
  const hear = (...said: unknown[]) =>
    void lines.push(said.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(' '));
  const logger = { log: hear, error: hear, warn: hear, debug: hear, verbose: hear, fatal: hear };
  gateway.app.useLogger(logger);
  Logger.overrideLogger(logger);
  return () => lines.join('\n');
}

describe('the inbox', () => {
  let gateway: TestGateway;
  let heard: () => string;
  beforeAll(async () => {
    // Nobody looks: what is kept stays as it came.
    gateway = await testGateway({ env: { ROLE: 'api', CLOCK: 'simulator' } });
    heard = listening(gateway);
  });
  afterAll(() => gateway.close());

  const opened = (body: Buffer | null) => body && gateway.app.get(SealedEnvelope).open(body, CALLBACK_BODY);

  const BODIES: [string, Buffer | undefined, Record<string, string>][] = [
    ['none', undefined, {}],
    ['JSON', Buffer.from('{"order_id":"o-1","event_type":"FRAUD_RISK_ACCEPTED"}'), { 'Content-Type': 'application/json' }],
    ['JSON that is cut short', Buffer.from('{"order_id":'), { 'Content-Type': 'application/json' }],
    ['JSON of another charset', Buffer.from('{"ä":1}', 'latin1'), { 'Content-Type': 'application/json; charset=iso-8859-1' }],
    ['a form', Buffer.from('order_id=o-1'), { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['parts', Buffer.from('--x\r\n\r\n--x--'), { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['bytes', Buffer.from([0, 255, 1, 254]), { 'Content-Type': 'application/octet-stream' }],
    ['something of a type that is none', Buffer.from('x'), { 'Content-Type': 'nonsense' }],
    ['something packed', gzipSync('{}'), { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }],
    ['as much as is taken', Buffer.alloc(65_536, 'x'), { 'Content-Type': 'text/plain' }],
  ];
  it.each(BODIES)('keeps what comes, as it came, and answers 200 without a body: %s', async (_, body, headers) => {
    const hook = await aHook(gateway, { entry: 'notification' });
    const answer = await callback(gateway, hook, '', body, headers);
    expect([answer.status, answer.text]).toEqual([200, '']);
    const [row, ...more] = await rowsOfHook(gateway, hook);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ entry: 'notification', state: 'received', attempts: 0, repeats: 0 });
    expect(opened(row?.body ?? null)).toEqual(body ?? null);
  });

  it('reads ids from the address first, then from the body; what nobody filled in, or could not be an id, says nothing', async () => {
    const hook = await aHook(gateway, { entry: 'notification' });
    const ids = async (query: string, body?: unknown) => {
      const own = await aHook(gateway, { entry: 'notification' });
      expect((await callback(gateway, own, query, body)).status).toBe(200);
      const [row] = await rowsOfHook(gateway, own);
      return [row?.provider_order_id, row?.provider_session_id, row?.event_type];
    };
    expect(await ids('?session_id=s-1&order_id=o-1', { order_id: 'o-2', event_type: 'X' })).toEqual(['o-1', 's-1', 'X']);
    expect(await ids('?order_id={checkout.order.id}', { order_id: 'o-2' })).toEqual(['o-2', null, null]);
    expect(await ids('?order_id=%7Border.id%7D&session_id={{session_id}}')).toEqual([null, null, null]);
    expect(await ids('?order_id=a&order_id=b')).toEqual([null, null, null]);
    expect(await ids('?order_id=..&session_id=a%00b')).toEqual([null, null, null]);
    expect(await ids(`?order_id=${'x'.repeat(256)}`)).toEqual([null, null, null]);
    expect(await ids('?order_id=o%2F..%2F1')).toEqual(['o/../1', null, null]);
    expect(await ids('', { event_id: 'e', session: { session_id: 's-2', order_id: 'o-3' } })).toEqual(['o-3', 's-2', null]);
    expect(await ids('', '{"order_id":"a","order_id":"b"}')).toEqual([null, null, null]);
    expect(await rowsOfHook(gateway, hook)).toEqual([]);
  });

  it('has one answer for whatever is nobody’s address, does nothing, and says nothing about it', async () => {
    const hook = await aHook(gateway);
    const [id, secret] = [hook.id, hook.secret];
    const other = await aHook(gateway);
    const rest = [
      `/webhooks/klarna/${randomUUID()}/${secret}`,
      `/webhooks/klarna/${id}/${other.secret}`,
      `/webhooks/klarna/${id}/${secret.slice(0, -1)}`,
      `/webhooks/klarna/${id}/${secret}x`,
      `/webhooks/klarna/${id.toUpperCase()}/${secret}`,
      `/webhooks/klarna/x/${secret}`,
      `/webhooks/klarna/${id}/..`,
      `/webhooks/klarna/${id}/%00`,
      `/webhooks/klarna/%zz/${secret}`,
      `/webhooks/klarna/${id}/${'s'.repeat(3_000)}`,
      `/webhooks/klarna/${id}`,
      `/webhooks/klarna/${id}/${secret}/more`,
      `/webhooks/klarna`,
    ];
    const answers = await Promise.all(rest.map((path) => gateway.call('POST', path, { as: null, body: '{}' })));
    const [first] = answers.map(told);
    expect(first).toMatchObject({ status: 404 });
    for (const answer of answers) expect(told(answer)).toEqual(first);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect((await gateway.call(method, hook.path, { as: null })).status).toBe(404);
    }
    expect([...(await rowsOfHook(gateway, hook)), ...(await rowsOfHook(gateway, other))]).toEqual([]);
    // A body is not even read for nobody.
    const large = await gateway.call('POST', `/webhooks/klarna/${randomUUID()}/${secret}`, { as: null, body: Buffer.alloc(65_536) });
    expect(told(large)).toEqual(first);
  });

  it('does not take what is larger than any callback', async () => {
    const hook = await aHook(gateway);
    expect((await callback(gateway, hook, '', Buffer.alloc(65_537, 'x'))).status).toBe(413);
    expect(await rowsOfHook(gateway, hook)).toEqual([]);
  });

  it('keeps what comes late: as long as an address is there, what is answered 200 is on record', async () => {
    const hook = await aHook(gateway, { expiresAt: new Date('2020-01-01') });
    expect(await callback(gateway, hook, '?order_id=o-1')).toMatchObject({ status: 200, text: '' });
    expect(await rowsOfHook(gateway, hook)).toHaveLength(1);
  });

  it('counts the same again, however many come at once', async () => {
    const hook = await aHook(gateway);
    const answers = await Promise.all(Array.from({ length: 300 }, () => callback(gateway, hook, '?order_id=o-1')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await rowsOfHook(gateway, hook)).toMatchObject([{ repeats: 299, state: 'received' }]);
    await callback(gateway, hook, '?order_id=o-2');
    expect(await rowsOfHook(gateway, hook)).toHaveLength(2);
  });

  it('takes a hundred different ones of one address within the hour; to the rest it says: later', async () => {
    const hook = await aHook(gateway);
    const calm = await aHook(gateway);
    const send = (n: number) => callback(gateway, hook, '?order_id=o-1', { n });
    const statuses = (await Promise.all(Array.from({ length: 150 }, (_, n) => send(n)))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(50);
    expect(await rowsOfHook(gateway, hook)).toHaveLength(100);
    expect((await send(1_000)).status).toBe(429);
    // What is there already is only counted; others are none the worse.
    expect((await send(statuses.indexOf(200))).status).toBe(200);
    expect((await callback(gateway, calm)).status).toBe(200);
    expect(gateway.app.get(Alerts).count('callback.flood')).toBeGreaterThan(0);
    await pass(HOUR + 1, gateway);
    expect((await send(1_000)).status).toBe(200);
    expect(await rowsOfHook(gateway, hook)).toHaveLength(101);
  });

  it('is looked at again when it comes again after it was done, some time later', async () => {
    const hook = await aHook(gateway);
    await callback(gateway, hook, '?order_id=o-1');
    await rowsOf(
      gateway.database,
      `UPDATE callbacks SET state = 'done', next_at = NULL, attempts = 3, finished_at = received_at WHERE hook_id = $1`,
      [hook.id],
    );
    await pass(30, gateway);
    await callback(gateway, hook, '?order_id=o-1');
    expect(await rowsOfHook(gateway, hook)).toMatchObject([{ state: 'done', repeats: 1, next_at: null }]);
    await pass(61, gateway);
    await callback(gateway, hook, '?order_id=o-1');
    const [row] = await rowsOfHook(gateway, hook);
    expect(row).toMatchObject({ state: 'received', repeats: 2, attempts: 0, finished_at: null });
    expect(row?.next_at).toBeInstanceOf(Date);
  });

  it('says 500 in two words when a statement fails for good', async () => {
    const hook = await aHook(gateway);
    await rowsOf(gateway.database, 'ALTER TABLE callbacks RENAME TO callbacks_away');
    try {
      expect(await callback(gateway, hook, '?order_id=o-1')).toMatchObject({ status: 500, text: '' });
    } finally {
      await rowsOf(gateway.database, 'ALTER TABLE callbacks_away RENAME TO callbacks');
    }
    expect(heard()).toContain('failed:');
  });

  it('never says a secret to the logs, nor keeps one', async () => {
    const hook = await aHook(gateway);
    await callback(gateway, hook, '?order_id=o-1', { any: 'thing' });
    await callback(gateway, hook, '', Buffer.alloc(70_000));
    await gateway.call('GET', hook.path, { as: null });
    await gateway.call('POST', `${hook.path}/%zz`, { as: null });
    await gateway.call('POST', `/webhooks/klarna/${randomUUID()}/${hook.secret}`, { as: null });
    // Nor any of the tests before this one.
    expect(heard()).toContain('/webhooks/klarna/:hookId/:secret');
    expect(heard()).not.toContain(hook.secret);
    expect(heard()).not.toMatch(/webhooks\/klarna\/[0-9a-f]{8}/);
    const rows = await rowsOf(
      gateway.database,
      `SELECT callbacks::text || hooks::text AS row FROM callbacks JOIN hooks ON hooks.id = hook_id`,
    );
    expect(JSON.stringify(rows)).not.toContain(hook.secret);
  });
});

it('a worker takes no callbacks', async () => {
  const gateway = await testGateway({ env: { ROLE: 'api' } });
  const worker = await testGateway({ simulator: gateway.simulator, database: gateway.database, env: { ROLE: 'worker' } });
  try {
    const hook = await aHook(gateway);
    expect((await callback(worker, hook)).status).toBe(404);
    expect((await callback(gateway, hook)).status).toBe(200);
  } finally {
    await worker.close();
    await gateway.close();
  }
});

describe('while Postgres is away', () => {
  let simulator: Simulator;
  let database: TestDatabase;
  let proxy: Proxy;
  let gateway: TestGateway;
  beforeAll(async () => {
    simulator = await startSimulator();
    database = await testDatabase();
    proxy = await Proxy.before(database.url);
    gateway = await testGateway({ simulator, database: { ...database, url: proxy.url(database.url) }, env: { ROLE: 'api' } });
  });
  afterAll(async () => {
    await proxy.cut();
    await proxy.open();
    await gateway.close();
    await proxy.cut();
    await database.drop();
    await simulator.close();
  });

  it('callbacks are answered 503, so that Klarna repeats them; afterwards they are taken', async () => {
    const hook = await aHook(gateway);
    const unseen = await aHook(gateway);
    await callback(gateway, hook, '?order_id=o-0');
    await proxy.cut();
    const answers = await atATime(10, [hook, unseen, hook, unseen], (each) => callback(gateway, each, '?order_id=o-1'));
    expect(answers.map(({ status, text }) => [status, text])).toEqual(answers.map(() => [503, '']));
    await proxy.open();
    for (const each of [hook, unseen]) expect((await callback(gateway, each, '?order_id=o-1')).status).toBe(200);
    expect(await rowsOfHook({ ...gateway, database } as TestGateway, hook)).toHaveLength(2);
  });
});

describe('many callbacks of one order', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ROLE: 'api' } });
  });
  afterAll(() => gateway.close());

  it('cost one read, on whichever addresses they came', async () => {
    const orderId = randomUUID();
    const hooks = await Promise.all(Array.from({ length: 5 }, () => aHook(gateway, { entry: 'notification' })));
    await atATime(10, Array.from({ length: 100 }), (_, n) => callback(gateway, hooks[n % 5]!, `?order_id=${orderId}`, { n }));
    const since = await lastSequence(gateway);
    const worker = await testGateway({ simulator: gateway.simulator, database: gateway.database, env: { ROLE: 'worker' } });
    const second = await testGateway({ simulator: gateway.simulator, database: gateway.database, env: { ROLE: 'worker' } });
    try {
      for (const hook of hooks) await cameTo(gateway, hook, 'no-such-order');
      const reads = await requests(gateway, { method: 'GET', path: `/ordermanagement/v1/orders/${orderId}` }, since);
      const rows = (await Promise.all(hooks.map((hook) => rowsOfHook(gateway, hook)))).flat();
      expect(rows).toHaveLength(100);
      // All were due at once, and so is each later look at them, a second or more after the one before.
      const looks = Math.max(...rows.map(({ attempts }) => attempts));
      expect(reads.length).toBeGreaterThanOrEqual(1);
      expect(reads.length).toBeLessThanOrEqual(looks);
    } finally {
      await second.close();
      await worker.close();
    }
  });
});
