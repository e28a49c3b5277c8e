import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CrashStage, type Player } from '../support/crash-stage.js';
import { askUntilFinal, type Deed, executions, expectDoneOnce, prepare } from '../support/deeds.js';
import { gateAt, lasting, requests, rowsOf, settled, told } from '../support/scene.js';
import { until } from '../support/until.js';
import { expectWholeRows } from '../support/whole-rows.js';

interface AttemptRow {
  number: number;
  fence: number;
  outcome: string | null;
  code: string | null;
}

let stage: CrashStage;
let sleeper: Player;
/** Takes over what the sleeper holds, when its lease has run out. */
let successor: Player;

const T1 = 'INSERT INTO idempotency_keys';

const idOf = (deed: Deed, since: Date) =>
  until('it is on record', async () => {
    const rows = await rowsOf<{ id: string }>(stage.database, 'SELECT id FROM operations WHERE kind = $1 AND created_at >= $2', [
      deed.kind,
      since,
    ]);
    return rows[0]?.id;
  });
const rowOf = async (id: string) => (await rowsOf(stage.database, 'SELECT * FROM operations WHERE id = $1', [id]))[0];
const attemptsOf = (id: string) =>
  rowsOf<AttemptRow>(stage.database, 'SELECT number, fence, outcome, code FROM attempts WHERE operation_id = $1 ORDER BY number', [id]);
/** How often Klarna was asked for it. */
const sent = async (deed: Deed) => (await requests(successor.shop, { method: 'POST', path: deed.path })).length;
/** Waits until the sleeper, awake again, has said what became of its attempt. */
const firstAttemptEnds = (id: string) =>
  until('the first attempt has its evidence', async () => {
    const first = (await attemptsOf(id))[0];
    return first?.outcome && first;
  });

describe('A process that stands still for longer than its lease', () => {
  beforeAll(async () => {
    stage = await CrashStage.open({ RETRY_DELAYS_MS: '100,100,200,200,400,400,400,60000' });
    [sleeper, successor] = await Promise.all([
      // Only so does its call outlive its sleep: timers that have run out are heard before sockets.
      stage.start('all', true, { KLARNA_TIMEOUT_MS: '20000', ASK_AGAIN_MS: '1000', ANSWER_WAIT_MS: '20000' }),
      stage.start('all'),
    ]);
  }, 60_000);
  afterAll(() => stage.close(), 30_000);

  /** Lets it sleep, and wakes it when that is over. */
  const whileAsleep = async (over: () => Promise<unknown>) => {
    sleeper.process.kill('SIGSTOP');
    try {
      await over();
    } finally {
      sleeper.process.kill('SIGCONT');
    }
  };

  it.each(['capture', 'cancel', 'create order'] as const)(
    'brings a late answer of a %s as evidence, and changes nothing by it',
    async (name) => {
      const deed = await prepare[name](successor.shop);
      const since = new Date();
      const gate = await gateAt(successor.shop, 'after', deed.path);
      const first = deed.ask(sleeper.shop);
      await gate.waiting();
      const id = await idOf(deed, since);
      let before: unknown;
      await whileAsleep(async () => {
        await gate.open();
        expect((await settled(successor.shop, id)).state).toBe('succeeded');
        before = await rowOf(id);
        expect((await attemptsOf(id))[0]).toMatchObject({ fence: 1, outcome: null });
      });
      expect(await firstAttemptEnds(id)).toMatchObject({ fence: 1, outcome: 'succeeded' });
      const answer = await first;
      expect(await rowOf(id)).toEqual(before);
      await expectDoneOnce(deed, answer, stage.insider(successor));
      // Once by each of the two: nobody has sent anything since.
      expect([await sent(deed), (await attemptsOf(id)).length]).toEqual([2, 2]);
      await expectWholeRows(stage.database);
    },
  );

  it.each(['capture', 'refund', 'create order'] as const)('does not send a %s that it had not sent when it fell asleep', async (name) => {
    const deed = await prepare[name](successor.shop);
    const since = new Date();
    const stop = stage.roads.postgres.stop(T1, 'answer');
    const first = deed.ask(sleeper.shop);
    const id = await idOf(deed, since);
    let sentMeanwhile = 0;
    await whileAsleep(async () => {
      stop.release();
      await settled(successor.shop, id);
      sentMeanwhile = await sent(deed);
    });
    expect(await firstAttemptEnds(id)).toMatchObject({ fence: 1, outcome: 'retry', code: 'NOT_SENT' });
    const answer = await first;
    expect(await sent(deed)).toBe(sentMeanwhile);
    // Without a caller, nobody sends an order: the repeat does.
    if (name === 'create order') expect([sentMeanwhile, answer.status]).toEqual([0, 503]);
    else expect(answer.status).toBe(deed.status);
    await expectDoneOnce(deed, await askUntilFinal(deed, successor.shop), stage.insider(successor));
    await expectWholeRows(stage.database);
  });

  it('does not reschedule what another process has scheduled', async () => {
    const deed = await prepare.capture(successor.shop);
    const since = new Date();
    const stop = stage.roads.klarna.stop(`POST ${deed.path}`, 'request');
    const first = deed.ask(sleeper.shop, { Prefer: 'wait=1' });
    await stop.waiting(1);
    stop.keep();
    const id = await idOf(deed, since);
    const broken = await lasting(successor.shop, 'status', { method: 'POST', path: deed.path }, { code: 500 });
    let before: Record<string, unknown> | undefined;
    await whileAsleep(async () => {
      // The last step of the schedule is a minute away.
      before = await until('it waits for long', async () => {
        const row = await rowOf(id);
        return row?.['lease_until'] === null && Number(row['steps']) >= 8 && row;
      });
      stop.drop();
    });
    expect(await firstAttemptEnds(id)).toMatchObject({ fence: 1, outcome: 'unknown' });
    expect(await rowOf(id)).toEqual(before);
    expect((await first).status).toBe(202);
    await broken.end();
    await successor.shop.post(`/operations/${id}/retry`);
    expect((await settled(successor.shop, id)).state).toBe('succeeded');
    await expectDoneOnce(deed, await deed.ask(successor.shop), stage.insider(successor));
    await expectWholeRows(stage.database);
  });

  it('does not ask again what another process has settled meanwhile', async () => {
    const deed = await prepare.refund(successor.shop);
    const since = new Date();
    await successor.shop.fault('status_after', { method: 'POST', path: deed.path }, { code: 500 });
    const first = deed.ask(sleeper.shop);
    const id = await idOf(deed, since);
    await until('it pauses between two calls', async () => (await attemptsOf(id))[0]?.outcome === 'unknown');
    await whileAsleep(() => settled(successor.shop, id));
    const answer = await first;
    expect(await sent(deed)).toBe(2);
    expect((await attemptsOf(id)).map(({ fence, outcome }) => [fence, outcome])).toEqual([
      [1, 'unknown'],
      // Taken over under 2, sent under 3.
      [3, 'succeeded'],
    ]);
    expect(told(await deed.ask(successor.shop))).toEqual(told(answer));
    expect(await executions(deed, successor.shop)).toBe(1);
    await expectDoneOnce(deed, answer, stage.insider(successor));
    await expectWholeRows(stage.database);
  });
});
