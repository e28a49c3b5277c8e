import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { createReceiver } from '../../docs/examples/receiver.js';
import { NotVerified, verifyNotification } from '../../docs/examples/verify-notification.js';

const exec = promisify(execFile);
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const OTHER = `whsec_${randomBytes(32).toString('base64')}`;
const event = (order_id: string, sequence: number, type = 'order.captured') =>
  JSON.stringify({ type, timestamp: '2026-01-01T00:00:00.000Z', data: { order_id, sequence } });
const signed = (body: string, id = 'msg_1', secret = SECRET, at = new Date()) => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, at, body),
});

describe('the verification helper of the docs', () => {
  it('takes what the independent package signed, also among several signatures, and an empty body', () => {
    const body = event('a', 1);
    expect(verifyNotification(SECRET, signed(body), body)).toBe('msg_1');
    const two = {
      ...signed(body),
      'webhook-signature': `${signed(body, 'msg_1', OTHER)['webhook-signature']} ${signed(body)['webhook-signature']}`,
    };
    expect(verifyNotification(SECRET, two, Buffer.from(body))).toBe('msg_1');
    expect(verifyNotification(SECRET, signed(''), '')).toBe('msg_1');
  });

  it.each([
    ['another body', (h: Record<string, string>) => [h, event('a', 2)]],
    ['another id', (h: Record<string, string>) => [{ ...h, 'webhook-id': 'msg_2' }, event('a', 1)]],
    [
      'another time',
      (h: Record<string, string>) => [{ ...h, 'webhook-timestamp': String(Number(h['webhook-timestamp']) + 1) }, event('a', 1)],
    ],
    ['no signature', (h: Record<string, string>) => [{ ...h, 'webhook-signature': '' }, event('a', 1)]],
    [
      'a signature of another version',
      (h: Record<string, string>) => [{ ...h, 'webhook-signature': h['webhook-signature']!.replace('v1,', 'v2,') }, event('a', 1)],
    ],
  ])('refuses %s', (_, change) => {
    const [headers, body] = change(signed(event('a', 1))) as [Record<string, string>, string];
    expect(() => verifyNotification(SECRET, headers, body)).toThrow(NotVerified);
  });

  it('refuses what is older than five minutes', () => {
    const body = event('a', 1);
    expect(() => verifyNotification(SECRET, signed(body, 'msg_1', SECRET, new Date(Date.now() - 301_000)), body)).toThrow('too old');
  });
});

describe('the example receiver of the docs', () => {
  let server: Server;
  let url: string;
  let taken: number[] = [];
  let failures = 0;
  beforeAll(async () => {
    server = createReceiver(SECRET, ({ data }) => {
      if (failures-- > 0) throw new Error('the database of the shop is away');
      taken.push(data.sequence);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    taken = [];
    failures = 0;
  });
  const send = async (body: string, headers: Record<string, string>) => (await fetch(url, { method: 'POST', body, headers })).status;

  it('takes each message once, also one that comes after a newer one, and refuses forged ones', async () => {
    expect(await send(event('x', 2), signed(event('x', 2), 'two'))).toBe(204);
    expect(await send(event('x', 2), signed(event('x', 2), 'two'))).toBe(204);
    expect(await send(event('x', 1), signed(event('x', 1), 'one'))).toBe(204);
    expect(await send(event('x', 1), signed(event('x', 1), 'one'))).toBe(204);
    expect(await send(event('x', 3), signed(event('x', 3), 'three'))).toBe(204);
    expect(await send(event('x', 4), signed(event('x', 4), 'four', OTHER))).toBe(401);
    expect(taken).toEqual([2, 1, 3]);
  });

  it('takes the repeat of a message that it failed to take, once', async () => {
    const message = [event('f', 1), signed(event('f', 1), 'failed')] as const;
    failures = 1;
    expect(await send(...message)).toBe(500);
    expect(taken).toEqual([]);
    expect(await send(...message)).toBe(204);
    expect(await send(...message)).toBe(204);
    expect(taken).toEqual([1]);
  });

  it('takes the repeat of a stop also when the next event of the order came in between', async () => {
    const stop = event('s', 5, 'order.fraud.stopped');
    failures = 1;
    expect(await send(stop, signed(stop, 'stop'))).toBe(500);
    expect(await send(event('s', 6), signed(event('s', 6), 'next'))).toBe(204);
    expect(await send(stop, signed(stop, 'stop'))).toBe(204);
    expect(taken).toEqual([6, 5]);
  });

  it('takes what the docs sign with openssl and send with curl', async () => {
    const script = /```bash\n(# sign-and-send[\s\S]*?)```/.exec(readFileSync('docs/notifications.md', 'utf8'))?.[1];
    expect(script).toBeDefined();
    const { stdout } = await exec('bash', ['-c', script!], { env: { ...process.env, SECRET, URL: url, BODY: event('y', 7) } });
    expect(stdout.trim()).toBe('204');
    expect(taken).toEqual([7]);
  });

  it('agrees with the check that the docs do with openssl', async () => {
    const script = /```bash\n(# verify[\s\S]*?)```/.exec(readFileSync('docs/notifications.md', 'utf8'))?.[1];
    expect(script).toBeDefined();
    const body = event('z', 1);
    const headers = signed(body, 'msg_9');
    const run = async (given: string) => {
      const request = {
        BODY: given,
        ID: headers['webhook-id'],
        TIMESTAMP: headers['webhook-timestamp'],
        SIGNATURES: headers['webhook-signature'],
      };
      return (await exec('bash', ['-c', script!], { env: { ...process.env, SECRET, ...request } })).stdout.trim();
    };
    expect(await run(body)).toBe('verified');
    expect(await run(`${body} `)).toBe('NOT verified');
  });
});
