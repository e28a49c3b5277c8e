import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { ordersPath, rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

interface Message {
  headers: Record<string, string>;
  body: string;
  type: string;
}

describe('a registered endpoint', () => {
  let gateway: TestGateway;
  let server: Server;
  let url: string;
  let status = 200;
  const messages: Message[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        messages.push({ headers: request.headers as Record<string, string>, body, type: (JSON.parse(body) as { type: string }).type });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
    gateway = await testGateway({ env: { NOTIFY_ALLOW_CIDRS: '127.0.0.0/8' } });
  });
  afterAll(async () => {
    await gateway.close();
    server.closeAllConnections();
    server.close();
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await gateway.call(method, `/notifications${path}`, body === undefined ? {} : { body });
    expect([answer.status < 300, answer.text]).toEqual([true, answer.text]);
    return answer.json as Record<string, string>;
  };
  const come = (what: string, fits: (message: Message) => boolean) => until(what, () => messages.find(fits));
  /** With the independent package; the signature of any key that is named among several suffices. */
  const isSignedBy = (secret: string | undefined, { headers, body }: Message): boolean => {
    try {
      new Webhook(secret ?? '').verify(body, headers);
      return true;
    } catch {
      return false;
    }
  };

  it('is told, by either secret while they are exchanged, again when it is asked for, and when it is back', async () => {
    const { id, secret } = await call('POST', '/endpoints', { url });
    const orderId = await gateway.order();
    const created = await come('the order is told of', ({ type }) => type === 'order.created');
    expect(isSignedBy(secret, created)).toBe(true);

    const { secret: newSecret } = await call('POST', `/endpoints/${id}/rotate-secret`);
    await gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 100 });
    const captured = await come('the capture is told of', ({ type }) => type === 'order.captured');
    expect([secret, newSecret].map((each) => isSignedBy(each, captured))).toEqual([true, true]);

    // What was taken, once more: the same id, another attempt of the same message.
    const { items } = (await call('GET', '?type=order.captured')) as unknown as { items: { id: string }[] };
    const sent = items[0]?.id ?? '';
    await until('it is delivered', async () => (await call('GET', `/${sent}`))['state'] === 'delivered');
    messages.length = 0;
    await call('POST', `/${sent}/replay`);
    const again = await come('it comes again', ({ type }) => type === 'order.captured');
    expect([again.headers['webhook-id'], again.body]).toEqual([captured.headers['webhook-id'], captured.body]);
    const shown = await until('both attempts are on record', async () => {
      const found = (await call('GET', `/${sent}`)) as unknown as { state: string; attempts: number; history: { status: number }[] };
      return found.state === 'delivered' && found;
    });
    expect([shown.attempts, shown.history.map((attempt) => attempt.status)]).toEqual([2, [200, 200]]);

    // It answers that it is gone: what is for it is cancelled, until it is enabled and a replay asks for it.
    status = 410;
    await gateway.post(ordersPath(orderId, '/refunds'), { refunded_amount: 50 });
    await until('it is disabled', async () => (await call('GET', `/endpoints/${id}`))['disabled_reason'] === 'gone');
    const cancelled = await until('its message is cancelled', async () => {
      const page = (await call('GET', '?state=cancelled&type=order.refunded')) as unknown as { items: { id: string }[] };
      return page.items[0];
    });
    expect((await gateway.post(`/notifications/${cancelled.id}/replay`)).status).toBe(409);
    status = 200;
    messages.length = 0;
    await call('PATCH', `/endpoints/${id}`, { disabled: false });
    expect(await call('POST', '/replay', { endpoint_id: id })).toMatchObject({ skipped: 0 });
    const refunded = await come('the refund is told of', ({ type }) => type === 'order.refunded');

    // Sequences of the order are without gaps, and what came is what can be read.
    const events = (await call('GET', `/events?order_id=${orderId}`)) as unknown as {
      items: { id: string; type: string; timestamp: string; data: { sequence: number } }[];
    };
    expect(events.items.map(({ data }) => data.sequence)).toEqual(events.items.map((_, index) => index + 1));
    const { id: eventId, ...told } = events.items.find(({ type }) => type === 'order.refunded') ?? { id: '' };
    expect([eventId, told]).toEqual([refunded.headers['webhook-id'], JSON.parse(refunded.body)]);

    // Nothing more comes to one that is removed.
    messages.length = 0;
    await call('DELETE', `/endpoints/${id}`);
    await gateway.post(ordersPath(orderId, '/captures'), { captured_amount: 200 });
    await until('the second capture is an event', async () => {
      const rows = await rowsOf(gateway.database, `SELECT FROM events WHERE type = 'order.captured'`);
      return rows.length === 2;
    });
    expect(await rowsOf(gateway.database, `SELECT FROM deliveries WHERE state = 'due'`)).toEqual([]);
    expect(messages).toEqual([]);
  }, 60_000);
});
