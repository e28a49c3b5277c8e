import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { STATEMENTS } from '../storm/statements.js';
import { cartOf } from '../support/client.js';
import { CrashStage, killed, type Player } from '../support/crash-stage.js';
import { Front } from '../support/front.js';
import { rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

let stage: CrashStage;
/** Where Klarna reaches whichever api it is led to. */
let front: Front;
/** Lives on, and looks at nothing by itself. */
let api: Player;
let shop: Server;
/** `webhook-id` of everything that the shop got, in order. */
const got: string[] = [];

const callbacksOf = (sessionId: string) =>
  rowsOf<{ state: string; repeats: number }>(stage.database, 'SELECT state, repeats FROM callbacks WHERE provider_session_id = $1', [
    sessionId,
  ]);

/** A session whose authorization Klarna will tell us of. */
async function session(): Promise<string> {
  // Where there are URLs, ours are added: this shop wants to hear of it by its endpoint alone.
  const merchant_urls = { confirmation: 'https://shop.example/thanks' };
  const answer = await api.shop.post('/payments/v1/sessions', cartOf(10_000, { merchant_urls }));
  expect(answer.status).toBe(200);
  return (answer.json as { session_id: string }).session_id;
}

/** The shopper authorizes it, and the process that Klarna reaches dies where the statement stands that keeps the callback. */
async function diesAtTheInbox(sessionId: string, at: 'request' | 'answer'): Promise<{ keptBefore: number; answers: (number | null)[] }> {
  const victim = await stage.start('api', true);
  front.leadTo(() => victim.process.url);
  const stop = stage.roads.postgres.stop(STATEMENTS.INBOX, at);
  await api.shop.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {});
  await stop.waiting(1);
  if (at === 'answer') await until('it is on record', async () => (await callbacksOf(sessionId)).length > 0);
  await killed(victim);
  stop.drop();
  front.leadTo(() => api.process.url);
  const keptBefore = (await callbacksOf(sessionId)).length;
  const attempts = async (): Promise<(number | null)[]> => {
    const { callbacks } = (await api.shop.simulate('GET', '/simulator/callbacks')) as {
      callbacks: { session_id: string; attempts: { status: number | null }[] }[];
    };
    return callbacks.filter((each) => each.session_id === sessionId).flatMap((each) => each.attempts.map(({ status }) => status));
  };
  await until('Klarna has given up this attempt', async () => (await attempts()).length === 1);
  await api.shop.advance(1);
  await until('Klarna has tried again', async () => (await attempts()).length === 2);
  return { keptBefore, answers: await attempts() };
}

describe('A process that dies with what Klarna or the shop was told', () => {
  beforeAll(async () => {
    front = await Front.open();
    shop = createServer((request, response) => {
      got.push(String(request.headers['webhook-id']));
      request.resume().on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    const loopback = { API_LIMITS: 'report', NOTIFY_ALLOW_CIDRS: '127.0.0.0/8' };
    stage = await CrashStage.open({ PUBLIC_URL: front.url, CLOCK: 'simulator', ...loopback });
    api = await stage.start('api');
    const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/events`;
    expect((await api.shop.post('/notifications/endpoints', { url, events: ['authorization.received'] })).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    await front.close();
    await stage.close();
    shop.closeAllConnections();
    await new Promise((resolve) => shop.close(resolve));
  }, 30_000);

  it('has answered no callback that is not on record: Klarna comes again', async () => {
    const sessionId = await session();
    expect(await diesAtTheInbox(sessionId, 'request')).toEqual({ keptBefore: 0, answers: [null, 200] });
    expect(await callbacksOf(sessionId)).toEqual([{ state: 'received', repeats: 0 }]);
  }, 60_000);

  it('keeps a callback once that it could not answer any more', async () => {
    const sessionId = await session();
    expect(await diesAtTheInbox(sessionId, 'answer')).toEqual({ keptBefore: 1, answers: [null, 200] });
    expect(await callbacksOf(sessionId)).toEqual([{ state: 'received', repeats: 1 }]);
  }, 60_000);

  it('leaves a message that the shop took to whoever comes next, under the same id', async () => {
    const stop = stage.roads.postgres.stop(STATEMENTS.DELIVERED, 'request');
    const victim = await stage.start('worker', true);
    await stop.waiting(1);
    await killed(victim);
    stop.drop();
    // Whom nobody has reached yet gets one at a time.
    expect(got).toHaveLength(1);
    const states = () =>
      rowsOf<{ id: string; state: string }>(stage.database, 'SELECT message_id AS id, state FROM deliveries ORDER BY id');
    expect((await states()).every(({ state }) => state === 'due')).toBe(true);
    await stage.start('worker');
    const delivered = async () => (await states()).filter(({ state }) => state === 'delivered').map(({ id }) => id);
    await until('both are delivered', async () => (await delivered()).length === 2, { withinMs: 40_000 });
    expect([...new Set(got)].sort()).toEqual((await delivered()).sort());
    expect(got.filter((id) => id === got[0])).toHaveLength(2);
    expect(got).toHaveLength(3);
  }, 90_000);
});
