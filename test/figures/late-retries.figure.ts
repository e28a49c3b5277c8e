import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { derivedKey } from '../../src/operations/provider-key.js';
import { atATime } from '../support/at-a-time.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import {
  elsewhere,
  lasting,
  lastSequence,
  manyPlacedElsewhere,
  operation,
  operationIn,
  ordersPath,
  requests,
  rowsOf,
} from '../support/scene.js';
import { DAY, HOUR, pass } from '../support/time.js';
import { until } from '../support/until.js';

/** What becomes of a repeat that comes when Klarna has forgotten its key, and nobody knows whether the first one happened. */
const RETRIES = Number(process.env['FIGURE_RETRIES'] ?? '1000');
const CASES = RETRIES / 2;
const AT_A_TIME = 24;
const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
/** Longer than the quiet period and the time between two looks. */
const STEP_SECONDS = 100;

interface Story {
  readonly id: string;
  readonly key: string;
  readonly path: string;
  readonly operation: string;
  /** Ends what keeps Klarna from answering. */
  readonly answered: () => Promise<void>;
}

/** How a first request ends unknown. A twin was made elsewhere afterwards and looks like its effect: nobody can tell which is which. */
const KINDS = ['happened', 'did not happen', 'happened, with a twin', 'did not happen, with a twin'] as const;
type Kind = (typeof KINDS)[number];

describe.each([
  // Klarna has forgotten the keys; the authorizations are alive.
  ['25 hours', 25 * HOUR],
  // The authorizations are over, too.
  ['29 days', 29 * DAY],
])('repeats after %s', (named, seconds) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({
      // The clock of Klarna and the gateway stands, unless it is moved.
      env: { CLOCK: 'simulator', DATABASE_POOL: '20', RETRY_DELAYS_MS: '60000', QUIET_PERIOD_MS: '75000', READ_AGAIN_MS: '60000' },
    });
  });
  afterAll(() => gateway.close());

  it(`do no harm in ${CASES} cases: each is settled, or a person's with its reason`, async () => {
    const since = await lastSequence(gateway);
    const stories = new Map<Kind, Story[]>(KINDS.map((kind) => [kind, []]));
    const ids = await manyPlacedElsewhere(gateway, CASES);
    const all = await atATime(AT_A_TIME, ids, async (id, index) => {
      const kind = KINDS[index % KINDS.length]!;
      const story = await unanswered(id, kind);
      stories.get(kind)?.push(story);
      return story;
    });
    await until(
      'every operation waits for the schedule',
      async () => (await count('finished_at IS NULL AND next_at IS NOT NULL')) === CASES,
      { withinMs: 60_000, everyMs: 200 },
    );
    await atATime(
      AT_A_TIME,
      [...(stories.get('happened, with a twin') ?? []), ...(stories.get('did not happen, with a twin') ?? [])],
      async (story) => {
        await story.answered();
        await elsewhere(gateway, story.path, BODY);
      },
    );
    await pass(seconds, gateway);
    await gateway.simulate('DELETE', '/simulator/faults');

    const answers = new Map<string, number>();
    const ask = async ({ path, key }: Story): Promise<void> => {
      const { status, headers } = await gateway.call('POST', path, { body: BODY, key, headers: { Prefer: 'wait=1' } });
      const named = `${status}${headers['idempotent-replayed'] === undefined ? '' : ' replayed'}`;
      answers.set(named, (answers.get(named) ?? 0) + 1);
      expect([201, 202, 403, 409]).toContain(status);
    };
    // Every caller repeats, time passes, and they repeat once more, as often as it takes.
    for (let rounds = 0; (await count(`finished_at IS NULL AND state <> 'manual'`)) > 0; rounds += 1) {
      expect(rounds).toBeLessThan(12);
      await atATime(AT_A_TIME, rounds < 3 ? all : [], ask);
      await pass(STEP_SECONDS, gateway);
      await pause(500);
    }
    await atATime(AT_A_TIME, all, ask);

    const captures = (await requests(gateway, { method: 'POST', path: '/ordermanagement/*' }, since)).filter((each) => each.executed);
    const operationOf = new Map(
      all.flatMap(({ key, operation: id }) =>
        [key, ...[2, 3, 4].map((generation) => derivedKey(id, generation))].map((sent) => [sent, id] as const),
      ),
    );
    const times = new Map<string, number>();
    for (const { idempotency_key: key } of captures) {
      const of = key === null ? undefined : operationOf.get(key);
      if (of !== undefined) times.set(of, (times.get(of) ?? 0) + 1);
    }
    const ends = new Map<string, number>();
    for (const [kind, of] of stories) {
      for (const story of of) {
        const view = await operation(gateway, story.operation);
        const end = `${kind}: ${view.state}${view.reason === null ? '' : ` (${view.reason})`}, carried out ${times.get(story.operation) ?? 0} times`;
        ends.set(end, (ends.get(end) ?? 0) + 1);
        expect(times.get(story.operation) ?? 0).toBeLessThanOrEqual(1);
        // Whoever made the one capture that looks like ours did what was asked for: a second one would be the double.
        const carriedOut = kind === 'did not happen, with a twin' ? 0 : 1;
        if (view.state === 'succeeded') expect([kind, times.get(story.operation) ?? 0]).toEqual([kind, carriedOut]);
        else if (view.state === 'manual') expect([kind, view.reason]).toEqual([kind, expect.stringMatching(/./)]);
        else expect([kind, view.state, times.get(story.operation) ?? 0]).toEqual([kind, 'rejected', 0]);
      }
    }
    const doubles = [...times.values()].filter((each) => each > 1).length;
    process.stdout.write(
      `\n${CASES} repeats after ${named}: ${doubles} doubles\n${lines(ends)}\nwhat the repeats were answered:\n${lines(answers)}\n`,
    );
    expect(doubles).toBe(0);
  });

  /** A capture that nobody answers, and whose caller has gone. */
  async function unanswered(id: string, kind: Kind): Promise<Story> {
    const path = ordersPath(id, '/captures');
    const key = randomUUID();
    const silent = await lasting(gateway, kind.startsWith('happened') ? 'reset_after' : 'reset_before', { method: 'POST', path });
    // Reading would settle it at once.
    await lasting(gateway, 'status', { method: 'GET', path: `${ordersPath(id)}*` }, { code: 503 });
    const answer = await gateway.call('POST', path, { body: BODY, key, headers: { Prefer: 'respond-async' } });
    expect(answer.status).toBe(202);
    return { id, key, path, operation: operationIn(answer), answered: () => silent.end() };
  }

  async function count(where: string): Promise<number> {
    const [row] = await rowsOf<{ count: number }>(gateway.database, `SELECT count(*)::int AS count FROM operations WHERE ${where}`);
    return row?.count ?? 0;
  }
});

function lines(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort()
    .map(([what, count]) => `${String(count).padStart(6)}  ${what}`)
    .join('\n');
}
