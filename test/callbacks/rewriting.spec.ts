import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { BodyRetention } from '../../src/operations/body-retention.js';
import { HookRetention } from '../../src/webhooks/hooks/hook-retention.js';
import { HooksRepository } from '../../src/persistence/repositories/hooks.repository.js';
import { checkoutOf, CHECKOUTS } from '../support/checkouts.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lastSequence, rowsOf } from '../support/scene.js';
import { DAY, pass } from '../support/time.js';
import {
  type HookRow,
  oursIn,
  PAGES,
  prepared,
  PUBLIC_URL,
  SESSIONS,
  sentTo,
  sha256,
  templateOf,
  textWith,
  WRITES,
  type WriteName,
} from './support.js';

/** What becomes of an entry that the caller sent, and of one that the caller did not send. */
type Fate = 'ours' | 'own';
const TABLE: Record<WriteName, { told: string[]; added: string[]; query: string; days: number }> = {
  'create session': {
    ...{ told: ['push', 'notification', 'authorization'], added: ['push', 'notification', 'authorization'] },
    ...{ query: '?session_id={session.id}&order_id={order.id}', days: 30 },
  },
  'update session': {
    ...{ told: ['push', 'notification', 'authorization'], added: [] },
    ...{ query: '?session_id={session.id}&order_id={order.id}', days: 30 },
  },
  'create order': {
    ...{ told: ['push', 'notification', 'authorization'], added: [] },
    ...{ query: '?session_id={session.id}&order_id={order.id}', days: 200 },
  },
  'create checkout': { told: ['push', 'notification'], added: ['notification'], query: '?order_id={checkout.order.id}', days: 30 },
  'update checkout': { told: ['push', 'notification'], added: [], query: '?order_id={checkout.order.id}', days: 30 },
  'token order': { told: ['push', 'notification'], added: [], query: '?session_id={session.id}&order_id={order.id}', days: 200 },
  'create page': { told: ['status_update'], added: [], query: '?session_id={{session_id}}&order_id={{order_id}}', days: 30 },
};
const ENTRIES = [
  ...['push', 'notification', 'authorization', 'status_update', 'confirmation', 'success'],
  ...['validation', 'address_update', 'country_change', 'shipping_option_update'],
];
const CASES = WRITES.flatMap((write) =>
  ENTRIES.map((entry): [WriteName, string, Fate] => [write, entry, TABLE[write].told.includes(entry) ? 'ours' : 'own']),
);
const OWN = 'https://shop.example/told?o={checkout.order.id}&s={session.id}';

/** Everything that is written to the terminal from here on, until it is let through again. */
function captured(): { text: () => string; end: () => void } {
  const lines: string[] = [];
  const { stdout, stderr } = process;
  const before = [stdout.write.bind(stdout), stderr.write.bind(stderr)];
  const write = (line: string | Uint8Array) => lines.push(String(line)) > 0;
  Object.assign(stdout, { write });
  Object.assign(stderr, { write });
  const end = () => {
    Object.assign(stdout, { write: before[0] });
    Object.assign(stderr, { write: before[1] });
    // Nest's logger is the process's: the last application's would go on for all of them.
    Logger.overrideLogger(false);
  };
  return { text: () => lines.join(''), end };
}

function without(members: Record<string, string>, name: string): [string, string][] {
  return Object.entries(members).filter(([each]) => each !== name);
}

describe('the callback entries of merchant_urls', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { PUBLIC_URL, CLOCK: 'simulator' } });
  });
  afterAll(() => gateway.close());

  const hooksSince = (id: string) => rowsOf<HookRow>(gateway.database, 'SELECT * FROM hooks WHERE id > $1 ORDER BY id', [id]);
  const newest = async () => (await rowsOf<HookRow>(gateway.database, 'SELECT id FROM hooks ORDER BY id DESC LIMIT 1'))[0]?.id;
  const NOBODY = '00000000-0000-0000-0000-000000000000';
  const post = (path: string, body: string, headers: Record<string, string> = {}) => gateway.call('POST', path, { body, headers });

  /** Sends a write with these `merchant_urls`. */
  async function send(write: WriteName, urlsOf: (required: Record<string, string>) => string, headers: Record<string, string> = {}) {
    const { path, request, required, kind } = await prepared[write](gateway);
    const body = textWith(request, urlsOf(required));
    const [since, before] = [await lastSequence(gateway), (await newest()) ?? NOBODY];
    const answer = await post(path, body, headers);
    const [sent, ...more] = await sentTo(gateway, path, since);
    expect(more).toEqual([]);
    return { path, kind, body, answer, sent, hooks: await hooksSince(before) };
  }

  /** The bytes with our URLs taken out again: what the caller sent in place of them, or nothing with its comma. */
  function undone(sent: string, hooks: readonly HookRow[], written: (url: string) => string = (url) => JSON.stringify(url)): string {
    return oursIn(sent).reduceRight((text, { hookId, start, end }) => {
      const hook = hooks.find(({ id }) => id === hookId);
      const template = hook && templateOf(hook);
      if (template) return text.slice(0, start - 1) + written(template) + text.slice(end + 1);
      return text.replace(new RegExp(`,?"${hook?.entry}":"${text.slice(start, end).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"`), '');
    }, sent);
  }

  it.each(CASES)('%s: %s, sent, is %s at Klarna, and no other byte differs', async (write, entry, fate) => {
    const { body, sent, hooks, kind, answer } = await send(write, (required) => JSON.stringify({ ...required, [entry]: OWN }));
    expect([answer.status < 300, answer.text]).toEqual([true, expect.any(String)]);
    const { told, added, query, days } = TABLE[write];
    const own = JSON.parse(body) as { merchant_urls: Record<string, string> };
    const replaced = told.filter((each) => own.merchant_urls[each] !== undefined);
    const wanted = [...new Set([...replaced, ...added])].sort();
    expect(hooks.map((hook) => hook.entry).sort()).toEqual(wanted);
    expect(replaced.includes(entry)).toBe(fate === 'ours');
    const shown = JSON.parse(sent ?? '') as { merchant_urls: Record<string, string> };
    for (const hook of hooks) {
      const url = shown.merchant_urls[hook.entry] ?? '';
      const secret = /([\w-]{43})\?/.exec(url)?.[1] ?? '';
      expect(url).toBe(`${PUBLIC_URL}/webhooks/klarna/${hook.id}/${secret}${query}`);
      expect(url.length).toBeLessThanOrEqual(2000);
      expect(hook.secret_hash).toEqual(sha256(secret));
      expect(templateOf(hook)).toBe(own.merchant_urls[hook.entry] ?? null);
      // Made a moment before T1 says its time.
      const lifeMs = hook.expires_at.getTime() - hook.created_at.getTime();
      expect(Math.abs(lifeMs - days * DAY * 1000)).toBeLessThan(1_000);
      const [operation] = await rowsOf<{ kind: string; same: boolean }>(
        gateway.database,
        `SELECT kind, (o.data_subject, o.merchant_id, o.provider_account_id, o.created_at)
                    = (h.data_subject, h.merchant_id, h.provider_account_id, h.created_at) AS same
         FROM operations o JOIN hooks h ON h.operation_id = o.id WHERE h.id = $1`,
        [hook.id],
      );
      expect(operation).toEqual({ kind, same: true });
    }
    expect(undone(sent ?? '', hooks)).toBe(body);
  });

  it.each(WRITES)(
    '%s: without the entries only what creates a purchase gets any, and only in a merchant_urls that is there',
    async (write) => {
      const { added } = TABLE[write];
      const { body, sent, hooks } = await send(write, (required) => JSON.stringify(required));
      const there = Object.keys((JSON.parse(body) as { merchant_urls: object }).merchant_urls);
      const replaced = TABLE[write].told.filter((entry) => there.includes(entry));
      expect(hooks.map((hook) => hook.entry).sort()).toEqual([...new Set([...replaced, ...added])].sort());
      expect(undone(sent ?? '', hooks)).toBe(body);
      if (write === 'create checkout') return;
      const { path, request } = await prepared[write](gateway);
      const [since, before, bare] = [await lastSequence(gateway), (await newest()) ?? NOBODY, JSON.stringify(request)];
      expect((await post(path, bare)).status).toBeLessThan(300);
      expect(await sentTo(gateway, path, since)).toEqual([bare]);
      expect(await hooksSince(before)).toEqual([]);
    },
  );

  it.each(WRITES)('%s: what is no text, empty, or there twice is judged as if nothing were rewritten', async (write) => {
    const [entry = ''] = TABLE[write].told;
    for (const value of ['7', '["https://s/p"]', '{}', `"https://s/a","${entry}":"https://s/b"`]) {
      const { answer, sent, hooks } = await send(write, (required) => {
        return `{${[...without(required, entry).map(([name, url]) => `"${name}":"${url}"`), `"${entry}":${value}`].join(',')}}`;
      });
      expect([answer.status, sent, hooks]).toEqual([400, undefined, []]);
    }
    // Null and empty are no URL: they are the caller's, whoever judges them.
    for (const value of ['null', '""']) {
      const { body, sent, hooks } = await send(write, (required) => {
        return `{${[...without(required, entry).map(([name, url]) => `"${name}":"${url}"`), `"${entry}":${value}`].join(',')}}`;
      });
      expect(hooks.map((hook) => hook.entry)).not.toContain(entry);
      if (sent !== undefined) expect(undone(sent, hooks)).toBe(body);
      else expect(hooks).toEqual([]);
    }
  });

  it.each(WRITES)('%s: escaped slashes, wide white space and odd letters stay around our URL', async (write) => {
    const [entry = ''] = TABLE[write].told;
    const written = '"https:\\/\\/shop.example\\/å?o={order.id}"';
    const { body, sent, hooks, answer } = await send(write, (required) => {
      const members = without(required, entry).map(([name, url]) => `\r\n\t "${name}"\t: "${url}" `);
      return `{${[`\n  "${entry}" :\n ${written} `, ...members].join(',')} }`;
    });
    expect(answer.status).toBeLessThan(300);
    expect(hooks.find((hook) => hook.entry === entry)).toBeDefined();
    const back = undone(sent ?? '', hooks, (url) => (url.includes('å') ? written : JSON.stringify(url)));
    expect(back).toBe(body);
  });

  it('a URL that could not be passed on to stays, and so does one of ours', async () => {
    const [, page] = [0, (name: string) => `https://shop.example/${name}`];
    const urls = { terms: page('terms'), checkout: page('checkout'), confirmation: page('thanks') };
    const ours = `https://old.example/webhooks/klarna/${randomUUID()}/${'s'.repeat(43)}?order_id={checkout.order.id}`;
    for (const push of ['http://shop.example/push', ours, 'push']) {
      const before = (await newest()) ?? NOBODY;
      const since = await lastSequence(gateway);
      await gateway.post(CHECKOUTS, checkoutOf(10_000, { merchant_urls: { ...urls, push } }));
      const [sent = '{}'] = await sentTo(gateway, CHECKOUTS, since);
      expect((JSON.parse(sent) as { merchant_urls: { push: string } }).merchant_urls.push).toBe(push);
      expect((await hooksSince(before)).map((hook) => hook.entry)).toEqual(['notification']);
    }
    const local = await send('create checkout', () => JSON.stringify({ ...urls, push: 'http://127.0.0.1:1/push' }));
    expect(local.hooks.map((hook) => hook.entry).sort()).toEqual(['notification', 'push']);
  });

  it('what changes a session or a checkout says which one its addresses are about', async () => {
    const session = await send('update session', () => JSON.stringify({ push: OWN }));
    expect(session.hooks).toMatchObject([{ resource_id: session.path.split('/').at(-1) }]);
    const checkout = await send('update checkout', (required) => JSON.stringify(required));
    expect(checkout.hooks).toMatchObject([{ resource_id: checkout.path.split('/').at(-1) }]);
    const created = await send('create session', () => '{}');
    expect(created.hooks.map((hook) => hook.resource_id)).toEqual([null, null, null]);
  });

  describe('once for one intent', () => {
    it.each<[WriteName, Record<string, string>]>([
      ['create order', {}],
      ['token order', { 'Klarna-Idempotency-Key': randomUUID() }],
      ['create checkout', { 'Klarna-Idempotency-Key': randomUUID() }],
    ])('%s: equal repeats join or replay, with the addresses of the first', async (write, headers) => {
      const { path, request, required } = await prepared[write](gateway);
      const body = textWith(request, JSON.stringify({ ...required, push: OWN }));
      const [since, before] = [await lastSequence(gateway), (await newest()) ?? NOBODY];
      const answers = await Promise.all(Array.from({ length: 4 }, () => post(path, body, headers)));
      answers.push(await post(path, body, headers));
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      const sent = await sentTo(gateway, path, since);
      expect(sent).toHaveLength(1);
      const hooks = await hooksSince(before);
      expect(hooks.map(({ id }) => id).sort()).toEqual(
        oursIn(sent[0] ?? '')
          .map(({ hookId }) => hookId)
          .sort(),
      );
      if (write !== 'token order') return;
      const other = await post(path, body.replace(OWN, `${OWN}&x=1`), headers);
      expect([other.status, other.json]).toMatchObject([422, { error_code: 'IDEMPOTENCY_KEY_REUSED' }]);
      expect(await hooksSince(before)).toHaveLength(hooks.length);
    });

    it('every re-send carries the same bytes', async () => {
      const { path, request, required } = await prepared['token order'](gateway);
      const [since, before] = [await lastSequence(gateway), (await newest()) ?? NOBODY];
      await gateway.fault('reset_before', { method: 'POST', path }, { times: 2 });
      const body = textWith(request, JSON.stringify({ ...required, push: OWN }));
      expect((await post(path, body, { 'Klarna-Idempotency-Key': randomUUID() })).status).toBe(200);
      const sent = await sentTo(gateway, path, since);
      expect(sent).toHaveLength(3);
      expect(new Set(sent).size).toBe(1);
      expect(await hooksSince(before)).toHaveLength(1);
    });

    it('a create order whose bytes were erased is sent again in those of its caller', async () => {
      const { path, request } = await prepared['create order'](gateway);
      const body = textWith(request, JSON.stringify({ push: OWN }));
      const since = await lastSequence(gateway);
      await gateway.fault('timeout_before', { method: 'POST', path }, { times: 1 });
      expect((await post(path, body, { Prefer: 'wait=1' })).status).toBe(503);
      const [first = ''] = await sentTo(gateway, path, since);
      expect(oursIn(first)).toHaveLength(1);
      await rowsOf(gateway.database, `UPDATE operations SET request = NULL WHERE kind = 'payments.create-order' AND state <> 'succeeded'`);
      const again = await post(path, body);
      expect(again.status).toBe(200);
      expect((await sentTo(gateway, path, since)).at(-1)).toBe(body);
    });
  });

  describe('are left alone', () => {
    const directed = (headers: Record<string, string>, as?: string) =>
      gateway.call('POST', SESSIONS, { body: cartOf(10_000, { merchant_urls: { push: OWN } }), headers, ...(as ? { as } : {}) });
    const lastSent = async (work: () => Promise<{ status: number }>) => {
      const since = await lastSequence(gateway);
      const { status } = await work();
      return { status, urls: (await sentTo(gateway, SESSIONS, since)).map((text) => oursIn(text).length) };
    };

    it('for a request that says direct; any other word is refused', async () => {
      expect(await lastSent(() => directed({ 'Gateway-Callbacks': 'direct' }))).toEqual({ status: 200, urls: [0] });
      expect(await lastSent(() => directed({ 'Gateway-Callbacks': 'gateway' }))).toEqual({ status: 200, urls: [3] });
      for (const word of ['Direct', 'none', '', 'direct, direct']) {
        const refused = await directed({ 'Gateway-Callbacks': word });
        expect([refused.status, refused.json]).toMatchObject([400, { error_messages: ['Bad value: Gateway-Callbacks'] }]);
      }
    });

    it('for a merchant that has them direct, unless a request says otherwise', async () => {
      const as = await addMerchant(gateway, 'direct');
      await rowsOf(gateway.database, `UPDATE merchants SET callbacks = 'direct' WHERE name = 'direct'`);
      expect(await lastSent(() => directed({}, as))).toEqual({ status: 200, urls: [0] });
      expect(await lastSent(() => directed({ 'Gateway-Callbacks': 'gateway' }, as))).toEqual({ status: 200, urls: [3] });
    });
  });

  it('the secret is in no log and in no column, in any form', async () => {
    const log = captured();
    const loud = await testGateway({ env: { PUBLIC_URL }, loud: true });
    try {
      const since = await lastSequence(loud);
      const body = cartOf(10_000, { merchant_urls: { push: OWN } });
      expect((await loud.post(SESSIONS, body)).status).toBe(200);
      const ours = oursIn((await sentTo(loud, SESSIONS, since))[0] ?? '');
      const secrets = ours.map(({ secret }) => secret);
      const [quoted] = ours;
      const refusal = { error_code: 'BAD_VALUE', error_messages: [`Bad value: merchant_urls.push ${quoted?.url}`], correlation_id: 'c' };
      await loud.fault('status', { method: 'POST', path: SESSIONS }, { code: 400, body: JSON.stringify(refusal) });
      expect((await loud.post(SESSIONS, body)).text).toContain(`Bad value: merchant_urls.push ${OWN}`);
      expect(secrets).toHaveLength(3);
      expect(log.text()).toContain('POST /payments/v1/sessions 200');
      const tables = await rowsOf<{ name: string }>(
        loud.database,
        `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
      );
      const columns = await Promise.all(
        tables.map(({ name }) => rowsOf<{ row: string }>(loud.database, `SELECT t::text AS row FROM ${name} t`)),
      );
      const everything = columns
        .flat()
        .map(({ row }) => row)
        .join('\n');
      for (const secret of secrets) {
        const bytes = Buffer.from(secret);
        for (const form of [secret, bytes.toString('hex'), Buffer.from(secret, 'base64url').toString('hex'), bytes.toString('base64')]) {
          expect(log.text()).not.toContain(form);
          expect(everything).not.toContain(form);
        }
      }
      expect(everything).not.toContain('shop.example/told');
    } finally {
      await loud.close();
      log.end();
    }
  });

  it("Klarna's callbacks go to our URLs, with what they are about filled in", async () => {
    const { session_id: id } = (await gateway.post(SESSIONS, cartOf(10_000, { merchant_urls: {} }))).json as { session_id: string };
    await gateway.simulate('POST', `/simulator/sessions/${id}/authorize`, {});
    const { callbacks } = (await gateway.simulate('GET', '/simulator/callbacks')) as { callbacks: { url: string }[] };
    const [url] = callbacks.map((each) => each.url).filter((each) => each.includes(id));
    const [found] = oursIn(url ?? '');
    expect(found?.query).toMatch(new RegExp(`^\\?session_id=${id}&order_id=`));
    const hook = await gateway.app.get(HooksRepository, { strict: false }).find(found?.hookId ?? '');
    expect(hook).toMatchObject({ entry: 'authorization', secretHash: sha256(found?.secret ?? ''), template: null });
  });

  it('addresses end: erased when their time is over, unless a callback came to them', async () => {
    const { hooks } = await send('create session', () => JSON.stringify({ push: OWN }));
    const kept = hooks[0]?.id ?? '';
    await rowsOf(
      gateway.database,
      `INSERT INTO callbacks (id, hook_id, merchant_id, provider_account_id, entry, fingerprint, repeats, received_at, last_received_at,
         state, attempts, fence)
       SELECT gen_random_uuid(), id, merchant_id, provider_account_id, entry, '', 0, now(), now(), 'done', 0, 0 FROM hooks WHERE id = $1`,
      [kept],
    );
    const order = await send('create order', () => JSON.stringify({ push: OWN }));
    const bought = await send('create session', () => JSON.stringify({ push: OWN }));
    await rowsOf(gateway.database, `UPDATE payment_sessions SET status = 'complete' WHERE provider_session_id = $1`, [
      (bought.answer.json as { session_id: string }).session_id,
    ]);
    const erase = () => gateway.app.get(HookRetention, { strict: false }).erase();
    await pass(30 * DAY - 3_600, gateway);
    await erase();
    const ids = async () => (await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM hooks')).map(({ id }) => id);
    expect(await ids()).toEqual(expect.arrayContaining(hooks.map(({ id }) => id)));
    await pass(2 * 3_600, gateway);
    // What stands in a body that is still kept stays, too.
    await erase();
    expect(await ids()).toEqual(expect.arrayContaining(hooks.map(({ id }) => id)));
    await gateway.app.get(BodyRetention, { strict: false }).erase();
    expect(await erase()).toBeGreaterThan(0);
    const left = await ids();
    // The order that came of it may live for much longer.
    expect(
      bought.hooks
        .filter(({ id }) => left.includes(id))
        .map(({ entry }) => entry)
        .sort(),
    ).toEqual(['notification', 'push']);
    await pass(169 * DAY, gateway);
    await erase();
    expect((await ids()).filter((id) => bought.hooks.some((hook) => hook.id === id))).toHaveLength(2);
    await pass(2 * DAY, gateway);
    await erase();
    expect((await ids()).filter((id) => bought.hooks.some((hook) => hook.id === id))).toEqual([]);
    expect(hooks.map(({ id }) => left.includes(id))).toEqual(hooks.map(({ id }) => id === kept));
    expect(left).toEqual(expect.arrayContaining(order.hooks.map(({ id }) => id)));
  });
});

describe('without a PUBLIC_URL that Klarna can reach', () => {
  it.each([
    [{}, "PUBLIC_URL is not set: Klarna's callbacks go to the shops' own URLs"],
    [{ PUBLIC_URL: 'http://gw.example' }, "PUBLIC_URL is not https: Klarna's callbacks go to the shops' own URLs"],
    [{ PUBLIC_URL, CALLBACKS: 'direct' }, undefined],
  ])('nothing is rewritten, which is said at the start: %j', async (env, said) => {
    const log = captured();
    const gateway = await testGateway({ env, loud: true });
    try {
      const told = log
        .text()
        .split('\n')
        .filter((line) => line.includes("Klarna's callbacks go"));
      expect(told).toEqual(said === undefined ? [] : [expect.stringContaining(said)]);
      for (const name of WRITES) {
        const { path, request, required } = await prepared[name](gateway);
        const body = textWith(request, JSON.stringify({ ...required, [TABLE[name].told[0] ?? '']: OWN }));
        const since = await lastSequence(gateway);
        expect((await gateway.call('POST', path, { body })).status).toBeLessThan(300);
        expect(await sentTo(gateway, path, since)).toEqual([body]);
      }
      expect(await rowsOf(gateway.database, 'SELECT id FROM hooks')).toEqual([]);
    } finally {
      await gateway.close();
      log.end();
    }
  });
});

it('is in the API document of every write that has callback entries', async () => {
  const gateway = await testGateway();
  try {
    const { paths } = (await gateway.get('/docs-json')).json as {
      paths: Record<string, { post?: { parameters?: { name: string; schema: object }[] } }>;
    };
    const documented = Object.keys(paths).filter((path) => paths[path]?.post?.parameters?.some(({ name }) => name === 'Gateway-Callbacks'));
    expect(documented.sort()).toEqual([
      ...['/checkout/v3/orders', '/checkout/v3/orders/{order_id}', '/customer-token/v1/tokens/{customerToken}/order', PAGES],
      ...['/payments/v1/authorizations/{authorizationToken}/order', SESSIONS, `${SESSIONS}/{session_id}`],
    ]);
  } finally {
    await gateway.close();
  }
});
