import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Answer, Client } from '../support/client.js';
import { CrashStage, killed, type Player } from '../support/crash-stage.js';
import { type Deed, DEEDS, expectDoneOnce, prepare } from '../support/deeds.js';
import { Proxy } from '../support/proxy.js';
import { findRedis, type TestRedis } from '../support/redis.js';
import { expectRowsLikeLedger, gateAt, lasting, operation, operationIn, ordersPath, settled } from '../support/scene.js';
import { expectWholeRows } from '../support/whole-rows.js';

const source = findRedis();

(source ? describe : describe.skip)('An api and two workers on one Postgres and one Redis', () => {
  let redis: TestRedis;
  let toRedis: Proxy;
  let stage: CrashStage;
  let api: Player;
  let workers: Player[];

  beforeAll(async () => {
    redis = await source!.start();
    await redis.flush();
    toRedis = await Proxy.before(redis.url);
    await toRedis.cut();
    stage = await CrashStage.open({ REDIS_URL: toRedis.url(redis.url) });
    [api, ...workers] = await Promise.all([stage.start('api'), stage.start('worker'), stage.start('worker')]);
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await toRedis.cut();
    await redis.stop();
  }, 40_000);

  const everybodyIsReady = async () => {
    for (const { process } of [api, ...workers]) expect((await fetch(`${process.url}/health/ready`)).status).toBe(200);
  };

  /** Everything that moves money, by a shop that gets every answer at once. */
  const moneyStory = async () => {
    const deeds = await Promise.all(DEEDS.map((name) => prepare[name](api.shop)));
    await Promise.all(deeds.map(async (deed) => expectDoneOnce(deed, await deed.ask(api.shop), stage.insider(api))));
  };

  /** A capture that Klarna does not carry out as long as the fault lasts: it is left to the workers. */
  const waiting = async () => {
    const deed = await prepare.capture(api.shop);
    const broken = await lasting(api.shop, 'status', { method: 'POST', path: deed.path }, { code: 503 });
    const answer = await deed.ask(api.shop, { Prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    return { deed, answer, broken };
  };
  const isDoneByAWorker = async (deed: Deed, answer: Answer) => {
    expect((await settled(api.shop, answer)).state).toBe('succeeded');
    await expectDoneOnce(deed, await deed.ask(api.shop), stage.insider(api));
  };

  // Redis is down from the start on.
  it('start, are ready and answer while Redis is down', async () => {
    await everybodyIsReady();
    await moneyStory();
  });

  it('finish what waits while Redis is down', async () => {
    const { deed, answer, broken } = await waiting();
    await broken.end();
    await isDoneByAWorker(deed, answer);
    await everybodyIsReady();
  });

  it('play the money story to the unit once Redis is up', async () => {
    await toRedis.open();
    await moneyStory();
    const orderId = await api.shop.order(10_000);
    const statuses: number[] = [];
    for (const [path, body] of [
      ['/captures', { captured_amount: 4_000 }],
      ['/captures', { captured_amount: 2_500 }],
      ['/refunds', { refunded_amount: 1_250 }],
      ['/release-remaining-authorization', undefined],
    ] as const)
      statuses.push((await api.shop.post(ordersPath(orderId, path), body, randomUUID())).status);
    expect(statuses).toEqual([201, 201, 201, 204]);
    const ledger = await expectRowsLikeLedger(stage.insider(api), orderId);
    expect(ledger).toMatchObject({ captured_amount: 6_500, refunded_amount: 1_250, remaining_authorized_amount: 0 });
  });

  it.each(['capture', 'refund', 'cancel', 'release'] as const)('let a worker finish a %s whose answer was lost', async (name) => {
    const deed = await prepare[name](api.shop);
    await api.shop.fault('reset_after', { method: 'POST', path: deed.path });
    const answer = await deed.ask(api.shop, { Prefer: 'respond-async' });
    expect(answer.status).toBe(202);
    await isDoneByAWorker(deed, answer);
    expect((await operation(api.shop, answer)).attempts).toBe(2);
  });

  it('let one worker take over from the other that is killed in the middle of a call', async () => {
    const [first, second] = workers as [Player, Player];
    const { deed, answer, broken } = await waiting();
    second.process.kill('SIGSTOP');
    const gate = await gateAt(api.shop, 'before', deed.path);
    await broken.end();
    await gate.waiting();
    await killed(first);
    second.process.kill('SIGCONT');
    await gate.open();
    workers = [second];
    await isDoneByAWorker(deed, answer);
    workers.push(await stage.start('worker'));
  }, 40_000);

  it('finish what waits when Redis forgets everything', async () => {
    const scenes = await Promise.all([waiting(), waiting()]);
    await redis.flush();
    for (const { broken } of scenes) await broken.end();
    await Promise.all(scenes.map(({ deed, answer }) => isDoneByAWorker(deed, answer)));
    await moneyStory();
  });

  it('answer, are ready and finish what waits when Redis dies', async () => {
    const { deed, answer, broken } = await waiting();
    await toRedis.cut();
    await moneyStory();
    await everybodyIsReady();
    await broken.end();
    await isDoneByAWorker(deed, answer);
    await toRedis.open();
    await moneyStory();
  });

  it('take no orders at a worker: it serves its health alone', async () => {
    const [{ shop }] = workers as [Player];
    const asked = (at: Client) => [
      at.get('/orders'),
      at.post('/payments/v1/sessions', {}),
      at.get('/docs'),
      at.get(`/operations/${randomUUID()}`),
    ];
    const answers = await Promise.all(asked(shop));
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect((await shop.get('/health/live')).status).toBe(200);
  });

  it('leave no row half-written', () => expectWholeRows(stage.database));

  it('let a caller wait for what a worker does', async () => {
    const deed = await prepare.capture(api.shop);
    const gate = await gateAt(api.shop, 'before', deed.path);
    const pending = await deed.ask(api.shop, { Prefer: 'respond-async' });
    const again = deed.ask(api.shop);
    await gate.waiting();
    await gate.open();
    expect((await again).headers['capture-id']).toBeDefined();
    expect((await operation(api.shop, operationIn(pending))).state).toBe('succeeded');
  });
});
