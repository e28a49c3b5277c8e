import { HttpService } from '@nestjs/axios';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { TestPermits } from '../../test/support/permits.js';
import { RawServer, httpAnswer } from '../../test/wire/raw-server.js';
import { Alerts } from '../telemetry/alerts.js';
import { Care, type CareLimits } from './care.js';
import type { KlarnaAccount, KlarnaCall } from './exchange.js';
import { KlarnaTransport, type TransportLimits } from './transport.js';

const OK = httpAnswer(200, { 'Content-Type': 'application/json' }, '{}');

describe('KlarnaTransport', () => {
  const started: RawServer[] = [];
  const transports: KlarnaTransport[] = [];

  afterEach(async () => {
    for (const transport of transports.splice(0)) transport.onApplicationShutdown();
    for (const server of started.splice(0)) await server.stop();
  });

  async function klarna(...args: Parameters<typeof RawServer.start>): Promise<RawServer> {
    const server = await RawServer.start(...args);
    started.push(server);
    return server;
  }

  const care = (limits: Partial<CareLimits> = {}) =>
    new Care({ windowMs: 10_000, calls: 20, restMs: 5_000, floorPerSecond: 1, ...limits }, new Alerts(), new TestPermits());

  function transport(limits: Partial<TransportLimits> = {}, careful = care()): KlarnaTransport {
    const made = new KlarnaTransport(new HttpService(axios.create()), careful, { totalMs: 2_000, ...limits });
    transports.push(made);
    return made;
  }

  const account = (baseUrl: string): KlarnaAccount => ({ id: 'a', baseUrl, username: 'PK1_ü', password: 'se:cret' });
  const post = (rest: Partial<KlarnaCall> = {}): KlarnaCall => ({ by: 'caller', method: 'POST', path: '/payments/v1/sessions', ...rest });
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('writes the bytes of the caller unchanged, with the key and the credentials', async () => {
    const server = await klarna(() => httpAnswer(201, { 'capture-id': 'c1', 'Klarna-Correlation-Id': 'k1' }));
    const body = Buffer.from('{ "a":100.0, "a2":12345678901234567890, "s":"\\u00e5\\/", "constructor":1 }\n');
    const exchange = await transport().exchange(
      account(server.url),
      post({ body, idempotencyKey: 'key-1', headers: { 'User-Agent': 'shop/1' } }),
    );

    const [head = '', sent = ''] = (server.requests[0] ?? '').split('\r\n\r\n');
    expect(sent).toBe(body.toString());
    expect(head).toMatch(/^POST \/payments\/v1\/sessions HTTP\/1\.1\r\n/);
    expect(head).toMatch(/\r\nContent-Type: application\/json\r\n/i);
    expect(head).toMatch(/\r\nKlarna-Idempotency-Key: key-1\r\n/);
    expect(head).toMatch(/\r\nUser-Agent: shop\/1\r\n/);
    const [, credentials = ''] = /\r\nAuthorization: Basic (\S+)/.exec(head) ?? [];
    expect(Buffer.from(credentials, 'base64').toString()).toBe('PK1_ü:se:cret');
    expect(exchange).toMatchObject({ kind: 'answer', status: 201, correlationId: 'k1', headers: { 'capture-id': 'c1' } });
  });

  it('names no content type when there are no bytes', async () => {
    const server = await klarna(() => httpAnswer(204, {}));
    await transport().exchange(account(server.url), post({ body: Buffer.alloc(0) }));
    expect(server.requests[0]).not.toMatch(/content-type/i);
    expect(server.requests[0]).toMatch(/content-length: 0/i);
  });

  it.each([302, 400, 500])('hands over an answer with status %d', async (status) => {
    const server = await klarna(() => httpAnswer(status, { Location: '/elsewhere' }, '<html>'));
    const exchange = await transport().exchange(account(server.url), post());
    expect(exchange).toMatchObject({ kind: 'answer', status, body: Buffer.from('<html>') });
    expect(server.requests).toHaveLength(1);
  });

  it('calls a refused connection and an unknown name not sent', async () => {
    const server = await klarna(() => OK);
    await server.stop();
    expect(await transport().exchange(account(server.url), post())).toMatchObject({ kind: 'not-sent', code: 'ECONNREFUSED' });
    const unknown = await transport().exchange(account('http://no-such-host.invalid'), post());
    expect(unknown.kind).toBe('not-sent');
  });

  it('calls a handshake that does not end not sent, after the connect limit', async () => {
    const server = await klarna(() => undefined);
    const exchange = await transport({ connectMs: 50 }).exchange(account(server.url.replace('http:', 'https:')), post());
    expect(exchange).toMatchObject({ kind: 'not-sent', code: 'CONNECT_TIMEOUT' });
  });

  it('calls a handshake that fails not sent', async () => {
    const server = await klarna(() => undefined);
    const sending = transport().exchange(account(server.url.replace('http:', 'https:')), post());
    await until(() => server.sockets.length > 0);
    server.sockets[0]?.end('this is not TLS');
    expect((await sending).kind).toBe('not-sent');
  });

  it.each([
    ['a reset after the request', (socket: import('node:net').Socket) => void socket.resetAndDestroy()],
    ['a close without an answer', (socket: import('node:net').Socket) => void socket.end()],
    [
      'a body cut short',
      (socket: import('node:net').Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"order_id":'),
    ],
    [
      'a chunked body cut short',
      (socket: import('node:net').Socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"or'),
    ],
    ['bytes that are no HTTP', (socket: import('node:net').Socket) => void socket.end('SSH-2.0-OpenSSH\r\n')],
  ])('calls %s no answer', async (_, act) => {
    const server = await klarna((_request, socket) => {
      act(socket);
      return undefined;
    });
    const exchange = await transport().exchange(account(server.url), post({ body: Buffer.from('{}') }));
    expect(exchange.kind).toBe('no-answer');
    expect(server.requests).toHaveLength(1);
  });

  it('calls an answer above 5 MB no answer', async () => {
    const server = await klarna(() => httpAnswer(200, {}, 'x'.repeat(5_000_001)));
    expect(await transport().exchange(account(server.url), post())).toMatchObject({ kind: 'no-answer', code: 'ERR_BAD_RESPONSE' });
  });

  it('ends a call at its total limit even when bytes keep coming', async () => {
    const timers: NodeJS.Timeout[] = [];
    const server = await klarna((_request, socket) => {
      timers.push(setInterval(() => void socket.write('x'), 20));
      return 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';
    });
    const exchange = await transport().exchange(account(server.url), post({ timeoutMs: 150 }));
    timers.forEach(clearInterval);
    expect(exchange).toMatchObject({ kind: 'no-answer', code: 'TIMEOUT' });
  });

  it('sends nothing when it may not', async () => {
    const server = await klarna(() => OK);
    expect(await transport().exchange(account(server.url), post({ maySend: () => false }))).toMatchObject({
      kind: 'not-sent',
      code: 'NOT_SENT',
    });
    expect(server.requests).toHaveLength(0);
  });

  it('asks again when the connection is made, before the first byte', async () => {
    const server = await klarna(() => OK);
    const answers = [true, false];
    const maySend = () => answers.shift() ?? false;
    expect(await transport().exchange(account(server.url), post({ maySend }))).toMatchObject({ kind: 'not-sent', code: 'NOT_SENT' });
    expect(server.sockets).toHaveLength(1);
    expect(server.requests).toHaveLength(0);
  });

  it('asks a waiting call when its turn comes, not when it was made', async () => {
    let release: (() => void) | undefined;
    const server = await klarna((_request, socket, count) => {
      if (count > 1) return OK;
      release = () => void socket.write(OK);
      return undefined;
    });
    const single = transport({ maxSockets: 1 });
    const first = single.exchange(account(server.url), post());
    await until(() => release !== undefined);
    let allowed = true;
    const second = single.exchange(account(server.url), post({ maySend: () => allowed }));
    allowed = false;
    release?.();
    expect(await first).toMatchObject({ kind: 'answer', status: 200 });
    expect(await second).toMatchObject({ kind: 'not-sent', code: 'NOT_SENT' });
    expect(server.requests).toHaveLength(1);
  });

  it('calls a call not sent that found no free connection within its limit', async () => {
    const server = await klarna(() => undefined);
    const single = transport({ maxSockets: 1 });
    const first = single.exchange(account(server.url), post({ timeoutMs: 300 }));
    await until(() => server.requests.length === 1);
    expect(await single.exchange(account(server.url), post({ timeoutMs: 50 }))).toMatchObject({ kind: 'not-sent', code: 'TIMEOUT' });
    expect(await first).toMatchObject({ kind: 'no-answer', code: 'TIMEOUT' });
  });

  it('uses a fresh connection again, and never one that was idle for too long', async () => {
    const server = await klarna(() => OK);
    const quick = transport({ idleMs: 80 });
    await quick.exchange(account(server.url), post());
    await quick.exchange(account(server.url), post());
    expect(server.sockets).toHaveLength(1);
    // The event loop is held, so that the agent's own timer can't have closed the socket before the next call.
    const end = process.hrtime.bigint() + 120_000_000n;
    while (process.hrtime.bigint() < end);
    expect(await quick.exchange(account(server.url), post())).toMatchObject({ kind: 'answer', status: 200 });
    expect(server.sockets).toHaveLength(2);
  });

  it('survives a server that closes its idle connections', async () => {
    const server = await klarna(() => OK);
    const steady = transport();
    for (let round = 0; round < 5; round++) {
      expect(await steady.exchange(account(server.url), post())).toMatchObject({ kind: 'answer' });
      server.sockets.at(-1)?.end();
      await new Promise((resolve) => server.sockets.at(-1)?.once('close', resolve));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(server.sockets).toHaveLength(5);
  });

  it('lets callers go before the service when connections are short', async () => {
    const held: (() => void)[] = [];
    const server = await klarna((_request, socket) => {
      held.push(() => void socket.write(OK));
      return undefined;
    });
    const single = transport({ maxSockets: 1 });
    const calls = [
      single.exchange(account(server.url), post({ path: '/a' })),
      single.exchange(account(server.url), post({ path: '/own', by: 'service' })),
      single.exchange(account(server.url), post({ path: '/b' })),
    ];
    for (let answered = 0; answered < calls.length; answered += 1) {
      await until(() => held.length > answered);
      held[answered]?.();
    }
    await Promise.all(calls);
    expect(server.requests.map((request) => request.split(' ')[1])).toEqual(['/a', '/b', '/own']);
  });

  it('withholds what is not to be sent now without a connection, and what stood in line meanwhile', async () => {
    const answers: (() => void)[] = [];
    const server = await klarna((_request, socket) => {
      answers.push(() => void socket.write(httpAnswer(503, {})));
      return undefined;
    });
    const single = transport({ maxSockets: 1 }, care({ calls: 2 }));
    const first = single.exchange(account(server.url), post());
    await until(() => answers.length === 1);
    const inLine = [single.exchange(account(server.url), post()), single.exchange(account(server.url), post())];
    answers[0]?.();
    expect(await first).toMatchObject({ kind: 'answer', status: 503 });
    await until(() => answers.length === 2);
    answers[1]?.();
    expect(await inLine[0]).toMatchObject({ kind: 'answer', status: 503 });
    // The breaker is open now.
    expect(await inLine[1]).toMatchObject({ kind: 'not-sent', code: 'BREAKER_OPEN' });
    expect(await single.exchange(account(server.url), post())).toMatchObject({ kind: 'not-sent', code: 'BREAKER_OPEN' });
    expect(server.requests).toHaveLength(2);
  });

  it('opens no more connections than it may', async () => {
    const server = await klarna(() => OK);
    const narrow = transport({ maxSockets: 3 });
    const exchanges = await Promise.all(Array.from({ length: 40 }, () => narrow.exchange(account(server.url), post())));
    expect(exchanges.every(({ kind }) => kind === 'answer')).toBe(true);
    expect(server.sockets.length).toBeLessThanOrEqual(3);
  });
});
