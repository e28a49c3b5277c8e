import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { loadSettings } from '../../src/config/load-settings.js';
import { AddressRules } from '../../src/webhooks/deliveries/address-rules.js';
import { connected } from '../../src/webhooks/deliveries/pinned-connection.js';
import { NameResolver } from '../../src/webhooks/deliveries/resolver.js';
import { pauseMs, restMs, retryAfterMs } from '../../src/webhooks/deliveries/schedule.js';
import { type ShopExchange, ShopHttp } from '../../src/webhooks/deliveries/shop-http.js';

const LIMIT_MS = 700;

let server: Server;
let speak: (socket: Socket) => void;
const sockets = new Set<Socket>();
const timers = new Set<NodeJS.Timeout>();

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', () => speak(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const timer of timers) clearInterval(timer);
  timers.clear();
  // Whatever came of it, the connection is over.
  await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const http = new ShopHttp(new AddressRules(loadSettings({})), new NameResolver());
const exchange = (port = (server.address() as AddressInfo).port, stop?: AbortSignal): Promise<ShopExchange> =>
  http.exchange(
    { url: `http://127.0.0.1:${port}/hook?token=secret`, method: 'POST', headers: {}, body: Buffer.from('{}'), totalMs: LIMIT_MS },
    stop,
  );
const over = (socket: Socket, text: () => string) => {
  const timer = setInterval(() => socket.write(text()), 10);
  timers.add(timer);
  socket.on('close', () => clearInterval(timer));
};

describe('a receiver', () => {
  const NEVER: [what: string, speak: (socket: Socket) => void, code: string][] = [
    ['says nothing', () => undefined, 'TIMEOUT'],
    [
      'sends its headers drop by drop',
      (socket) => over(socket, () => 'X-A: b\r\n'.charAt(Math.floor(Math.random() * 8))),
      'TIMEOUT|HPE_.*',
    ],
    [
      'switches protocols',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      'SWITCHED_PROTOCOLS',
    ],
    [
      'switches protocols, and says no to which',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'),
      'SWITCHED_PROTOCOLS',
    ],
    ['sends interim answers for ever', (socket) => over(socket, () => 'HTTP/1.1 100 Continue\r\n\r\n'), 'TOO_MANY_INTERIM_ANSWERS'],
    [
      'sends early hints for ever',
      (socket) => over(socket, () => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
      'TOO_MANY_INTERIM_ANSWERS',
    ],
    ['sends headers without an end', (socket) => socket.write(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}`), 'HPE_HEADER_OVERFLOW'],
    [
      'sends many headers',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'X-A: 0123456789\r\n'.repeat(4_000)}\r\n`),
      'HPE_HEADER_OVERFLOW',
    ],
    ['hangs up', (socket) => socket.end(), 'ECONNRESET'],
    ['resets', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['speaks something else', (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'), 'HPE_.*'],
  ];

  it.each(NEVER)('that %s fails in time', async (_, how, code) => {
    speak = how;
    const outcome = await exchange();
    expect(outcome).toMatchObject({ kind: 'none', code: expect.stringMatching(new RegExp(`^(${code})$`)), reason: expect.any(String) });
    expect(outcome.durationMs).toBeLessThan(LIMIT_MS + 500);
    expect(JSON.stringify(outcome)).not.toMatch(/token|secret/);
  });

  const DONE: [what: string, speak: (socket: Socket) => void, whole: boolean, most: number][] = [
    ['answers', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), true, 2],
    ['answers after a hint', (socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'), true, 0],
    [
      'sends a body without an end',
      (socket) => (socket.write('HTTP/1.1 200 OK\r\n\r\n'), over(socket, () => 'x'.repeat(20_000))),
      false,
      65_536,
    ],
    ['sends a body drop by drop', (socket) => (socket.write('HTTP/1.1 202 OK\r\n\r\n'), over(socket, () => 'x')), false, 200],
    ['promises more than it sends', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok'), false, 2],
  ];

  it.each(DONE)('that %s has answered', async (_, how, whole, most) => {
    speak = how;
    const outcome = await exchange();
    expect(outcome).toMatchObject({ kind: 'answer', status: expect.any(Number), whole });
    if (outcome.kind === 'answer') {
      expect(Math.floor(outcome.status / 100)).toBe(2);
      expect(outcome.body.length).toBeLessThanOrEqual(most);
    }
    expect(outcome.durationMs).toBeLessThan(LIMIT_MS + 500);
  });

  it('that is not there fails at once', async () => {
    expect(await exchange(1)).toMatchObject({ kind: 'none', code: 'ECONNREFUSED', reason: 'The connection was refused' });
  });

  it('whose connection never comes about is given up, and its socket closed', async () => {
    const opened: Socket[] = [];
    const url = new URL('https://shop.example/');
    const hanging = () => {
      const socket = new Socket();
      opened.push(socket);
      return socket;
    };
    const never = new AbortController().signal;
    await expect(connected(url, ['8.8.8.8', '1.1.1.1'], 100, hanging, never)).rejects.toMatchObject({ code: 'CONNECT_TIMEOUT' });
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('is left when the process stops', async () => {
    speak = () => undefined;
    const stop = new AbortController();
    const outcome = exchange(undefined, stop.signal);
    stop.abort();
    expect(await outcome).toMatchObject({ kind: 'none', code: 'STOPPED' });
  });
});

describe('the schedule', () => {
  const MINUTE = 60_000;
  it.each(
    [2_000, 10_000, 30_000, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 240 * MINUTE, 240 * MINUTE, 240 * MINUTE].map((cap, n) => [n + 1, cap]),
  )('pauses after failure %i for anything up to %i ms', (failures, cap) => {
    expect([pauseMs(failures, 0), pauseMs(failures, 0.5), pauseMs(failures, 1)]).toEqual([0, cap / 2, cap]);
    expect(restMs(failures, 1)).toBe(Math.min(cap, 10 * MINUTE));
  });

  it.each([
    [undefined, 0],
    ['', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['0', 0],
    ['-5', 0],
    ['1.5', 0],
    ['86401', 86_400_000],
    ['99999999999999999999', 86_400_000],
    ['Fri, 20 Nov 2026 10:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2026 09:59:30 GMT', 0],
    ['Sat, 20 Nov 2027 10:00:00 GMT', 86_400_000],
    ['soon', 0],
    ['Tomorrow 5', 0],
  ])('reads Retry-After: %s', (header, ms) => expect(retryAfterMs(header, Date.parse('2026-11-20T10:00:00Z'))).toBe(ms));
});
