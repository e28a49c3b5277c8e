import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { klarnaOperations, type KlarnaOperation } from '../support/klarna-operations.js';
import { until } from '../support/until.js';
import { call, type CallOptions, type RawAnswer } from './raw-client.js';
import { httpAnswer, RawServer } from './raw-server.js';

const MIB = 1_048_576;
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** What a shop sends; only the first four are Klarna's business. */
const PASSED = {
  'User-Agent': 'Library/Klarna.kco_rest_php_2.1.0 (Guzzle/6) OS/Linux_5.4 Language/PHP_7.4',
  'Accept-Language': 'sv-SE, en;q=0.5',
  'Klarna-Integrator': 'Butik-\xe5 "1.0"',
  'Klarna-Partner': 'partner-7',
};
const KEPT_BACK = {
  Accept: 'text/html',
  'Accept-Encoding': 'gzip, br',
  Cookie: 'session=secret',
  Forwarded: 'for=10.0.0.1',
  'X-Forwarded-For': '10.0.0.1',
  'X-Request-Id': 'r',
  'X-Internal-Token': 'secret',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  Referer: 'https://shop.example/admin',
  Origin: 'https://shop.example',
  'Klarna-Correlation-Id': 'the caller has none to give',
  'Klarna-Something': 'x',
  Prefer: 'wait=2',
};
const OURS = { accept: 'application/json', 'accept-encoding': 'identity', authorization: `Basic ${btoa('simulator:simulator')}` };
const LINE = { name: 'Sko', quantity: 1, unit_price: 1_250, tax_rate: 2_500, total_amount: 1_250, total_tax_amount: 250 };

interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** One request of the gateway's, byte by byte as latin1. */
function seen(request: string): Seen {
  const [head = '', ...rest] = request.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { method, path, headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}

const refused = (status: number, code: string) =>
  httpAnswer(status, JSON_TYPE, JSON.stringify({ error_code: code, error_messages: ['No.'], correlation_id: 'of-klarna' }));
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

describe('every operation of Klarna that is served', () => {
  let gateway: TestGateway;
  let klarna: RawServer;
  let operations: KlarnaOperation[];
  let answer: (request: Seen, earlier: number) => string;

  beforeAll(async () => {
    klarna = await RawServer.start((request) => {
      const one = seen(request);
      return answer(
        one,
        klarna.requests
          .slice(0, -1)
          .map(seen)
          .filter((other) => isSame(other, one)).length,
      );
    });
    const simulator = { url: klarna.url, port: Number(new URL(klarna.url).port), close: () => klarna.stop() };
    gateway = await testGateway({ simulator });
    operations = await klarnaOperations(gateway);
  });
  afterAll(async () => {
    await gateway.close();
    await klarna.stop();
  });
  beforeEach(() => {
    klarna.requests.length = 0;
    answer = () => refused(400, 'BAD_VALUE');
  });

  const isSame = (a: Seen, b: Seen) => a.method === b.method && a.path === b.path;
  const sentTo = (method: string, path: string) => klarna.requests.map(seen).filter((one) => isSame(one, { ...one, method, path }));
  const bodyOf = ({ example }: KlarnaOperation) => (example === undefined ? {} : { body: JSON.stringify(example) });
  const ask = ({ method }: KlarnaOperation, options: Omit<CallOptions, 'method'>) => call(gateway.url, { method, ...options });
  const withBodies = () => operations.filter(({ example }) => example !== undefined);
  /** Runs one check for each operation; what fails is named. */
  async function each(which: readonly KlarnaOperation[], check: (operation: KlarnaOperation) => Promise<unknown>): Promise<void> {
    const failures: string[] = [];
    for (const operation of which) {
      await check(operation).catch((error: unknown) => failures.push(`${operation.name}: ${(error as Error).message}`));
    }
    expect(failures).toEqual([]);
  }
  /** Klarna got exactly this body, and its refusal came back. */
  function arrived({ method }: KlarnaOperation, path: string, reply: RawAnswer, body: string): void {
    expect([reply.status, reply.body.toString()]).toEqual([400, expect.stringContaining('of-klarna')]);
    const sent = sentTo(method, path);
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.map((one) => one.body === latin1(body))).toEqual(sent.map(() => true));
  }

  it('is in the document, with an example of its body', () => {
    expect(operations).toHaveLength(35);
    expect(operations.filter(({ body, example }) => body !== undefined && example === undefined).map(({ name }) => name)).toEqual([]);
  });

  it('passes four headers of the caller on, and nothing else', () =>
    each(operations, async (operation) => {
      const path = operation.path();
      await ask(operation, { path, headers: { ...PASSED, ...KEPT_BACK }, ...bodyOf(operation) });
      const { host, connection, ...headers } = sentTo(operation.method, path)[0]?.headers ?? {};
      delete headers['klarna-idempotency-key'];
      const lower = Object.fromEntries(Object.entries(PASSED).map(([name, value]) => [name.toLowerCase(), value]));
      const length = operation.example && String(Buffer.byteLength(JSON.stringify(operation.example)));
      const bodied = length === undefined ? {} : { 'content-type': 'application/json', 'content-length': length };
      const { 'content-length': given, ...rest } = headers;
      // An empty POST may say that it is empty.
      expect({ ...rest, ...(given === undefined || given === '0' ? {} : { 'content-length': given }) }).toEqual({
        ...OURS,
        ...lower,
        ...bodied,
      });
      expect([host, connection !== undefined]).toEqual([new URL(klarna.url).host, true]);
    }));

  it('names the gateway where the caller has no name, and invents nothing else', () =>
    each(operations, async (operation) => {
      const path = operation.path();
      await ask(operation, { path, ...bodyOf(operation) });
      const { headers } = sentTo(operation.method, path)[0] ?? { headers: {} };
      expect(headers).toMatchObject({ ...OURS, 'user-agent': 'klarna-merchant-gateway' });
      expect(Object.keys(headers).filter((name) => /language|integrator|partner/.test(name))).toEqual([]);
    }));

  it.each(['application/json;charset=utf-8', 'application/json; charset="UTF-8"', 'Application/JSON ; Charset=UTF-8; v=1'])(
    'takes the content type %s, and Klarna gets its own',
    (type) =>
      each(operations, async (operation) => {
        const path = operation.path();
        const body = operation.example === undefined ? {} : bodyOf(operation);
        const reply = await ask(operation, { path, headers: { 'Content-Type': type }, ...body });
        arrived(operation, path, reply, body.body ?? '');
        expect(sentTo(operation.method, path)[0]?.headers['content-type']).toBe(body.body === undefined ? undefined : 'application/json');
      }),
  );

  it('is found with a slash at the end, too', () =>
    each(operations, async (operation) => {
      const path = operation.path();
      arrived(operation, path, await ask(operation, { path: `${path}/`, ...bodyOf(operation) }), bodyOf(operation).body ?? '');
    }));

  it("passes the caller's bytes on: unicode, escapes, numbers, members nobody knows", () =>
    each(withBodies(), async (operation) => {
      const path = operation.path();
      const text = JSON.stringify(operation.example, null, 1);
      const body = ` ${text.slice(0, -1)},\r\n "x_new" : ["\\u00e5\\ud83d\\ude00 å😀 \\/ 漢字", 1.50, 1e2, 12345678901234567890, null] } \n`;
      arrived(operation, path, await ask(operation, { path, body }), body);
    }));

  it('takes no body for one, where it needs one', () =>
    each(withBodies(), async (operation) => {
      for (const body of [undefined, '', ' ', 'null', '[]', '"text"', '7']) {
        const path = operation.path();
        const reply = await ask(operation, { path, headers: JSON_TYPE, ...(body === undefined ? {} : { body }) });
        expect([body, reply.status, (reply.json() as { error_code: string }).error_code]).toEqual([body, 400, 'BAD_REQUEST']);
        expect(sentTo(operation.method, path)).toEqual([]);
      }
    }));

  it('ignores a body where it takes none, and Klarna gets none', () =>
    each(
      operations.filter(({ body }) => body === undefined),
      async (operation) => {
        for (const body of ['{}', 'null', '[]', '{"captured_amount":1}']) {
          const path = operation.path();
          arrived(operation, path, await ask(operation, { path, body }), '');
          expect(sentTo(operation.method, path)[0]?.headers['content-type']).toBeUndefined();
        }
      },
    ));

  it('takes 1,000 order lines where it takes any', async () => {
    const lined = operations.filter(({ hasLines }) => hasLines);
    expect(lined.length).toBeGreaterThanOrEqual(9);
    await each(lined, async (operation) => {
      const path = operation.path();
      const body = JSON.stringify({ ...operation.example, order_lines: Array.from({ length: 1_000 }, () => LINE) });
      arrived(operation, path, await ask(operation, { path, body }), body);
    });
  });

  it('takes a body of 1 MiB, and not one byte more', () =>
    each(withBodies(), async (operation) => {
      const start = `${JSON.stringify(operation.example).slice(0, -1)},"x":"`;
      const padded = (size: number) => `${start}${'y'.repeat(size - Buffer.byteLength(start) - 2)}"}`;
      const [path, other] = [operation.path(), operation.path()];
      arrived(operation, path, await ask(operation, { path, body: padded(MIB) }), padded(MIB));
      klarna.requests.length = 0;
      const refusal = await ask(operation, { path: other, body: padded(MIB + 1) });
      expect([refusal.status, sentTo(operation.method, other)]).toEqual([413, []]);
    }));

  it("answers Klarna's success in its spelling: bare where it is bare, byte by byte where it is not", () =>
    each(operations, async (operation) => {
      const path = operation.path();
      const { status, headers: declared, body: shape } = operation.success;
      const id = path.split('/').find((segment) => /^[0-9a-f-]{36}$/.test(segment)) ?? randomUUID();
      const made = randomUUID();
      const shown = {
        ...{ order_id: id, session_id: id, token_id: id, status: 'AUTHORIZED', client_token: 't', fraud_status: 'ACCEPTED' },
        ...{ redirect_url: 'https://k.example/', session_url: `${klarna.url}/hpp/v1/sessions/${id}`, html_snippet: '<div>å</div>' },
        ...{
          purchase_country: 'SE',
          purchase_currency: 'SEK',
          locale: 'sv-SE',
          order_amount: 1,
          order_lines: [],
          captures: [],
          refunds: [],
        },
      };
      const text = shape === 'none' ? '' : latin1(` ${JSON.stringify(shape === 'list' ? [] : shown)} `);
      const values: Record<string, string> = { Location: `${klarna.url}${path}/${made}`, 'Capture-Id': made, 'Refund-Id': made };
      const sent = Object.fromEntries(declared.flatMap((name) => (values[name] === undefined ? [] : [[name.toLowerCase(), values[name]]])));
      answer = (request) => {
        if (!isSame(request, { ...request, method: operation.method, path })) return refused(404, 'NO_SUCH_ORDER');
        const head = {
          ...sent,
          'klarna-correlation-id': 'of-klarna',
          ...(text === '' ? {} : JSON_TYPE),
          'Content-Length': String(text.length),
        };
        return httpAnswer(status, head) + text;
      };
      const reply = await ask(operation, { path, ...bodyOf(operation) });
      // What a shop is meant to call is named at this service.
      const isPage = operation.method === 'POST' && path === '/hpp/v1/sessions';
      const told = isPage ? text.replace(`"${klarna.url}/hpp/`, `"${gateway.url}/hpp/`) : text;
      expect([reply.status, reply.body.toString('latin1')]).toEqual([status, told]);
      const names = reply.headers.map(([name]) => name);
      expect(names).toEqual(expect.arrayContaining(['Klarna-Correlation-Id', ...declared]));
      if (declared.includes('Location')) expect(reply.header('Location')).toBe(`${gateway.url}${path}/${made}`);
      if (text === '') expect(names).not.toContain('Content-Type');
    }));

  it('is asked again with the same bytes, key and headers, also by the queue when its caller is gone', async () => {
    answer = (_, earlier) => refused(earlier < 3 ? 500 : 400, earlier < 3 ? 'INTERNAL_SERVER_ERROR' : 'BAD_VALUE');
    const writes = operations.filter(({ method, keyed }) => method !== 'GET' && keyed);
    expect(writes.length).toBeGreaterThanOrEqual(14);
    await each(writes, async (operation) => {
      const path = operation.path();
      const reply = await ask(operation, { path, headers: { ...PASSED, ...KEPT_BACK, Prefer: 'wait=0' }, ...bodyOf(operation) });
      expect(reply.status).toBe(202);
      await until('it was sent three times', () => sentTo(operation.method, path).length >= 3);
      const [first, ...again] = sentTo(operation.method, path);
      expect(first?.headers['klarna-idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
      for (const one of again) expect(one).toEqual(first);
    });
  });
});
