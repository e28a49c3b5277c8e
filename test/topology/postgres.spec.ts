import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EmbeddedPostgres } from '../../src/persistence/embedded/embedded-postgres.js';
import type { Answer } from '../support/client.js';
import { CrashStage, type Player } from '../support/crash-stage.js';
import { expectDoneOnce, prepare } from '../support/deeds.js';
import { loseAllJobs } from '../support/lost-queue.js';
import { temporaryFolder } from '../support/processes.js';
import { expectRowsLikeLedger, lasting, ordersPath, rowsOf, settled, told } from '../support/scene.js';
import { until } from '../support/until.js';
import { expectWholeRows } from '../support/whole-rows.js';

describe('An api and a worker whose queue lives in Postgres', () => {
  let stage: CrashStage;
  let api: Player;

  beforeAll(async () => {
    stage = await CrashStage.open();
    [api] = await Promise.all([stage.start('api'), stage.start('worker')]);
  }, 60_000);
  afterAll(() => stage.close(), 30_000);

  it('finish what waits when the tables of the queue are emptied', async () => {
    const scenes = await Promise.all(
      (['capture', 'refund', 'cancel', 'release'] as const).map(async (name) => {
        const deed = await prepare[name](api.shop);
        const broken = await lasting(api.shop, 'status', { method: 'POST', path: deed.path }, { code: 503 });
        const answer = await deed.ask(api.shop, { Prefer: 'respond-async' });
        expect(answer.status).toBe(202);
        return { deed, answer, broken };
      }),
    );
    await loseAllJobs((sql) => rowsOf(stage.database, sql));
    for (const { deed, answer, broken } of scenes) {
      await broken.end();
      expect((await settled(api.shop, answer)).state).toBe('succeeded');
      await expectDoneOnce(deed, await deed.ask(api.shop), stage.insider(api));
    }
    await expectWholeRows(stage.database);
  });
});

describe('A gateway whose Postgres is taken away under load', () => {
  const folder = temporaryFolder('restarted-postgres-');
  let server: EmbeddedPostgres;
  let stage: CrashStage;
  let gateway: Player;

  const start = () => EmbeddedPostgres.start({ dataDir: folder.path, quick: true });
  beforeAll(async () => {
    server = await start();
    stage = await CrashStage.open({}, { url: server.url, drop: () => Promise.resolve() });
    gateway = await stage.start('all');
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await server.stop();
    folder.remove();
  }, 30_000);

  it.each([
    {
      how: 'restarted in order',
      restart: async (whileDown: () => void) => {
        await server.stop();
        whileDown();
        server = await start();
      },
    },
    {
      how: 'killed, and recovers',
      restart: async (whileDown: () => void) => {
        const { pid } = server;
        process.kill(pid, 'SIGKILL');
        whileDown();
        await until('it runs again', () => server.pid !== pid);
      },
    },
  ])(
    'ends 50 captures on 10 orders exactly once when it is $how',
    async ({ restart }) => {
      const { shop } = gateway;
      const orders = await Promise.all(Array.from({ length: 10 }, () => shop.order(10_000)));
      // Slow enough to be met in the middle.
      const slow = await lasting(shop, 'latency', { method: 'POST', path: '/ordermanagement/*' }, { ms: 60 });
      const captures = orders.flatMap((orderId) =>
        [100, 200, 300, 400, 500].map((amount) => {
          const key = randomUUID();
          return { orderId, ask: () => shop.post(ordersPath(orderId, '/captures'), { captured_amount: amount }, key) };
        }),
      );
      const captured = async () => {
        const ledgers = await Promise.all(orders.map((orderId) => shop.ledger(orderId)));
        return ledgers.reduce((sum, ledger) => sum + ledger.captures.length, 0);
      };
      const asked: Promise<Answer>[] = [];
      const askFor = (from: number, to: number) => asked.push(...captures.slice(from, to).map(({ ask }) => ask()));
      askFor(0, 35);
      await until('some have happened', async () => (await captured()) >= 5);
      expect(await captured()).toBeLessThan(35);
      await restart(() => askFor(35, 50));
      const answers = await Promise.all(asked);
      await slow.end();
      // Each is told the truth: done, on its way, or not recorded.
      expect([...new Set(answers.map(({ status }) => status))].filter((status) => ![201, 202, 503].includes(status))).toEqual([]);

      const final = await Promise.all(
        captures.map(({ ask }) => {
          let last: Answer | undefined;
          return until('it is final', async () => (last = await ask()).status === 201 && last, {
            withinMs: 40_000,
            everyMs: 100,
            hint: () => `${last?.status} ${last?.text}`,
          });
        }),
      );
      answers.forEach((answer, index) => {
        if (answer.status === 201) expect(told(final[index]!)).toEqual(told(answer));
      });
      for (const orderId of orders) {
        const ledger = await expectRowsLikeLedger(stage.insider(gateway), orderId);
        expect(ledger.captures.map(({ captured_amount }) => captured_amount).sort((a, b) => a - b)).toEqual([100, 200, 300, 400, 500]);
      }
      await expectWholeRows(stage.database);
    },
    90_000,
  );
});
