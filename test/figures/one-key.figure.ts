import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { atATime } from '../support/at-a-time.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, manyPlacedElsewhere, ordersPath, requests, rowsOf, told } from '../support/scene.js';

/** How often Klarna carries a request out that many callers send at the same moment, to two processes. */
const KEYS = Number(process.env['FIGURE_KEYS'] ?? '500');
const CALLERS = 64;
const KEYS_AT_A_TIME = 4;
const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
/** What Klarna does with the first call of a key, in turn: it was carried out and nobody hears of it, or it never arrived. */
const HARM = [null, 'reset_after', null, 'reset_before', null, 'garbage_after'] as const;

describe(`${CALLERS} callers with one key`, () => {
  let gateways: TestGateway[];
  beforeAll(async () => {
    // So many callers on two cores wait for one another, not for Klarna.
    const env = { DATABASE_POOL: '20', ANSWER_WAIT_MS: '20000', KLARNA_TIMEOUT_MS: '10000', LEASE_MS: '3000' };
    const first = await testGateway({ env });
    gateways = [first, await testGateway({ env, database: first.database, simulator: first.simulator })];
  });
  afterAll(async () => {
    for (const gateway of gateways.reverse()) await gateway.close();
  });

  it(`bring about exactly ${KEYS} captures with ${KEYS} keys, and hear the same of each`, async () => {
    const [gateway] = gateways as [TestGateway, TestGateway];
    const orders = await manyPlacedElsewhere(gateway, KEYS);
    const since = await lastSequence(gateway);
    const began = performance.now();
    let requestsSent = 0;

    /** Asks until the answer is final, as a caller does. */
    const ask = async (caller: number, path: string, key: string): Promise<Answer> => {
      for (;;) {
        requestsSent += 1;
        const answer = await gateways[caller % gateways.length]!.post(path, BODY, key);
        if (answer.status !== 202 && answer.status !== 503) return answer;
        await pause(20);
      }
    };
    const one = async (id: string, index: number): Promise<void> => {
      const path = ordersPath(id, '/captures');
      const kind = HARM[index % HARM.length] ?? null;
      if (kind !== null) await gateway.fault(kind, { method: 'POST', path }, kind === 'garbage_after' ? { variant: 'truncated_json' } : {});
      const key = randomUUID();
      const answers = await Promise.all(Array.from({ length: CALLERS }, (_, caller) => ask(caller, path, key)));
      const heard = new Set(answers.map((answer) => JSON.stringify(told(answer))));
      expect([answers[0]?.status, [...heard]]).toEqual([201, [JSON.stringify(told(answers[0]!))]]);
    };
    await atATime(KEYS_AT_A_TIME, orders, one);

    const executed = (await requests(gateway, { method: 'POST', path: '/ordermanagement/*' }, since)).filter((each) => each.executed);
    const perOrder = new Set(executed.map(({ path }) => path));
    const [row] = await rowsOf<{ operations: number; captures: number }>(
      gateway.database,
      'SELECT (SELECT count(*) FROM operations)::int AS operations, (SELECT count(*) FROM captures)::int AS captures',
    );
    process.stdout.write(
      `\n${CALLERS} callers x ${KEYS} keys: ${requestsSent} requests in ${((performance.now() - began) / 1_000).toFixed(0)} s, ` +
        `${executed.length} executions on ${perOrder.size} orders, ${row?.operations} operations, ${row?.captures} captures on record\n`,
    );
    expect([executed.length, perOrder.size]).toEqual([KEYS, KEYS]);
    expect(row).toEqual({ operations: KEYS, captures: KEYS });
  });
});
