import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, Client } from '../support/client.js';
import { CrashStage, killed, type Player } from '../support/crash-stage.js';
import { askUntilFinal, type Deed, DEEDS, executions, expectDoneOnce, prepare } from '../support/deeds.js';
import { holding, stuckAt } from '../support/held-transaction.js';
import { type Gate, gateAt, requests, rowsOf, settled } from '../support/scene.js';
import { Turnpike } from '../support/turnpike.js';
import { until } from '../support/until.js';
import { expectWholeRows } from '../support/whole-rows.js';

const ALL = DEEDS.length;
/** How much of the five deeds has happened: on record in Postgres, carried out by Klarna, settled in Postgres. */
type Progress = { recorded: number; executed: number; settled: number };

/** Where the process dies. */
interface CrashPoint {
  readonly name: string;
  /** Puts up what stops the deeds there, before they begin. */
  readonly arm: (scene: Scene) => Promise<Armed>;
  readonly progress: Progress;
}

interface Armed {
  /** Resolves when all of them are stopped there. */
  readonly reached: () => Promise<unknown>;
  /** After the kill: what becomes of what was stopped. */
  readonly afterwards: () => unknown;
  /** When everything is over: what still comes late. */
  readonly late?: () => Promise<unknown>;
}

let stage: CrashStage;
/** Answers the callers' repeats, and never works by itself: whoever takes over is the process that is started after the kill. */
let survivor: Player;
let victim: Player;

/** One crash: the five deeds, all of which are under way when the process dies. */
class Scene {
  readonly since = new Date();

  constructor(
    readonly deeds: readonly Deed[],
    /** Between the callers and the process that dies. */
    readonly callers: Turnpike,
  ) {}

  async progress(): Promise<Progress> {
    const rows = await this.operations();
    const done = await Promise.all(this.deeds.map((deed) => executions(deed, survivor.shop)));
    return {
      recorded: rows.length,
      executed: done.reduce((sum, each) => sum + each, 0),
      settled: rows.filter(({ finished_at }) => finished_at !== null).length,
    };
  }

  operations(): Promise<{ id: string; kind: string; lane: string | null; finished_at: Date | null }[]> {
    return rowsOf(stage.database, 'SELECT id, kind, lane, finished_at FROM operations WHERE created_at >= $1', [this.since]);
  }

  gates(at: 'before' | 'after'): Promise<Gate[]> {
    return Promise.all(this.deeds.map((deed) => gateAt(survivor.shop, at, deed.path)));
  }
}

const allWaitAt = (gates: Gate[]) => Promise.all(gates.map((gate) => gate.waiting()));
const openAll = (gates: Gate[]) => Promise.all(gates.map((gate) => gate.open()));
const T1 = 'INSERT INTO idempotency_keys';
const COMMIT = 'COMMIT\0';
/** What T2 alone does. */
const T2 = 'UPDATE attempts a SET ended_at';

/** Every check of a foreign key wants its merchant's row: T1 has written everything then, and not ended. */
const T1_IN_POSTGRES = async () => {
  const lock = await holding(stage.database, 'SELECT 1 FROM merchants FOR UPDATE');
  return { lock, stuck: () => stuckAt(stage.database, '%WITH input AS%', ALL) };
};

/** Lets the calls come to Klarna, then puts an obstacle between its answers and what T2 does with them. */
async function beforeT2(scene: Scene, obstacle: () => Promise<Armed>): Promise<Armed> {
  const gates = await scene.gates('before');
  let armed: Armed | undefined;
  return {
    reached: async () => {
      await allWaitAt(gates);
      armed = await obstacle();
      await openAll(gates);
      await armed.reached();
    },
    afterwards: () => armed?.afterwards(),
  };
}

const CRASH_POINTS: CrashPoint[] = [
  {
    name: 'before T1 has reached Postgres',
    progress: { recorded: 0, executed: 0, settled: 0 },
    arm: () => {
      const stop = stage.roads.postgres.stop(T1, 'request');
      return Promise.resolve({ reached: () => stop.waiting(ALL), afterwards: stop.drop });
    },
  },
  {
    name: 'while T1 writes, and Postgres ends T1 with its connection',
    progress: { recorded: 0, executed: 0, settled: 0 },
    arm: async () => {
      const { lock, stuck } = await T1_IN_POSTGRES();
      let backends: number[] = [];
      return {
        reached: async () => (backends = await stuck()),
        afterwards: async () => {
          await rowsOf(stage.database, 'SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [backends]);
          await lock.letGo();
        },
      };
    },
  },
  {
    name: 'while T1 writes, and Postgres commits T1 all the same',
    progress: { recorded: 0, executed: 0, settled: 0 },
    arm: async () => {
      const { lock, stuck } = await T1_IN_POSTGRES();
      return { reached: stuck, afterwards: lock.letGo };
    },
  },
  {
    name: 'when T1 is committed and it has not heard of it',
    progress: { recorded: ALL, executed: 0, settled: 0 },
    arm: (scene) => {
      const stop = stage.roads.postgres.stop(T1, 'answer');
      return Promise.resolve({
        reached: () => until('T1 is committed', async () => (await scene.operations()).length === ALL),
        afterwards: stop.drop,
      });
    },
  },
  {
    name: 'when its request is on the way to Klarna, and gets lost',
    progress: { recorded: ALL, executed: 0, settled: 0 },
    arm: () => {
      const stop = stage.roads.klarna.stop('POST /', 'request');
      return Promise.resolve({ reached: () => stop.waiting(ALL), afterwards: stop.drop });
    },
  },
  {
    name: 'when its request is on the way to Klarna, and arrives after everything was settled',
    progress: { recorded: ALL, executed: 0, settled: 0 },
    arm: (scene) => {
      const stop = stage.roads.klarna.stop('POST /', 'request');
      const arrivals = async () => {
        const counts = await Promise.all(scene.deeds.map(({ path }) => requests(survivor.shop, { method: 'POST', path })));
        return counts.flat().filter(({ status }) => status !== null).length;
      };
      return Promise.resolve({
        reached: () => stop.waiting(ALL),
        afterwards: stop.keep,
        late: async () => {
          const before = await arrivals();
          stop.release();
          await until('the late requests have arrived', async () => (await arrivals()) >= before + ALL);
        },
      });
    },
  },
  {
    name: 'when Klarna has its request and has not carried it out',
    progress: { recorded: ALL, executed: 0, settled: 0 },
    arm: async (scene) => {
      const gates = await scene.gates('before');
      return { reached: () => allWaitAt(gates), afterwards: () => openAll(gates) };
    },
  },
  {
    name: 'when Klarna has carried it out and not answered',
    progress: { recorded: ALL, executed: ALL, settled: 0 },
    arm: async (scene) => {
      const gates = await scene.gates('after');
      return { reached: () => allWaitAt(gates), afterwards: () => openAll(gates) };
    },
  },
  {
    name: 'when it has the answer and T2 waits for its first lock',
    progress: { recorded: ALL, executed: ALL, settled: 0 },
    arm: (scene) =>
      beforeT2(scene, async () => {
        const ids = (await scene.operations()).map(({ id }) => id);
        const lock = await holding(stage.database, 'SELECT 1 FROM operations WHERE id = ANY($1) FOR UPDATE', [ids]);
        return { reached: () => stuckAt(stage.database, '%FOR UPDATE OF o%', ALL), afterwards: lock.letGo };
      }),
  },
  {
    name: 'inside T2, when the answer is appended and the order not written',
    progress: { recorded: ALL, executed: ALL, settled: 0 },
    arm: (scene) =>
      beforeT2(scene, async () => {
        const lanes = (await scene.operations()).map(({ lane }) => lane);
        const lock = await holding(
          stage.database,
          `WITH sessions AS (SELECT 1 FROM payment_sessions FOR UPDATE)
           SELECT (SELECT count(*) FROM sessions) FROM orders WHERE provider_order_id = ANY($1) FOR UPDATE`,
          [lanes],
        );
        const stuck = async () => {
          // By its beginning: Postgres shows the first 1,023 bytes of a statement, and this one has many columns.
          await stuckAt(stage.database, 'SELECT o.id AS "id", o.merchant_id%', ALL - 1);
          await stuckAt(stage.database, '%UPDATE payment_sessions%', 1);
        };
        return { reached: stuck, afterwards: lock.letGo };
      }),
  },
  {
    name: 'when T2 has written everything and its COMMIT gets lost',
    progress: { recorded: ALL, executed: ALL, settled: 0 },
    arm: (scene) =>
      beforeT2(scene, () => {
        const stop = stage.roads.postgres.stop(COMMIT, 'request', T2);
        return Promise.resolve({ reached: () => stop.waiting(ALL), afterwards: stop.drop });
      }),
  },
  {
    name: 'when T2 is committed and it has not heard of it',
    progress: { recorded: ALL, executed: ALL, settled: ALL },
    arm: (scene) =>
      beforeT2(scene, () => {
        const stop = stage.roads.postgres.stop(COMMIT, 'answer', T2);
        return Promise.resolve({ reached: () => allSettled(scene), afterwards: stop.drop });
      }),
  },
  {
    name: 'when it has answered and the answer has not reached the caller',
    progress: { recorded: ALL, executed: ALL, settled: ALL },
    arm: (scene) => {
      const stop = scene.callers.stop('POST /', 'answer');
      return Promise.resolve({ reached: () => allSettled(scene), afterwards: stop.drop });
    },
  },
];

async function allSettled(scene: Scene): Promise<void> {
  let seen: Progress | undefined;
  const look = async () => (seen = await scene.progress()).settled === ALL;
  await until('T2 is committed', look, { hint: () => `${JSON.stringify(seen)}\n${victim.process.logs()}` });
}

describe('A gateway that is killed', () => {
  beforeAll(async () => {
    stage = await CrashStage.open();
    [survivor, victim] = await Promise.all([stage.start('api'), stage.start('all', true)]);
  }, 60_000);
  afterAll(() => stage.close(), 30_000);

  describe.each(CRASH_POINTS)('$name', ({ arm, progress }) => {
    let scene: Scene;
    let reached: Progress;
    let firstTold: PromiseSettledResult<Answer>[];
    let armed: Armed;
    const answers = new Map<Deed, Promise<Answer>>();

    beforeAll(async () => {
      const deeds = await Promise.all(DEEDS.map((name) => prepare[name](survivor.shop)));
      scene = new Scene(deeds, await Turnpike.before(victim.process.url));
      const shop = new Client(scene.callers.url(victim.process.url), stage.simulator.url);
      armed = await arm(scene);
      const first = Promise.allSettled(deeds.map((deed) => deed.ask(shop)));
      const tooEarly = first.then((each) => {
        throw new Error(
          `They were answered before they came there: ${JSON.stringify(each.map((one) => (one.status === 'fulfilled' ? one.value.status : String(one.reason))))}\n${victim.process.logs()}`,
        );
      });
      await Promise.race([armed.reached(), tooEarly]);
      tooEarly.catch(() => undefined);
      reached = await scene.progress();
      await killed(victim);
      await armed.afterwards();
      await scene.callers.close();
      firstTold = await first;
      // Callers ask again at once, and the process comes back.
      for (const deed of deeds) answers.set(deed, askUntilFinal(deed, survivor.shop));
      [victim] = await Promise.all([stage.start('all', true), Promise.allSettled(answers.values())]);
      await armed.late?.();
    }, 60_000);

    it('leaves its callers without an answer, and everything exactly there', () => {
      expect(firstTold.map(({ status }) => status)).toEqual(DEEDS.map(() => 'rejected'));
      expect(reached).toEqual(progress);
    });

    it.each(DEEDS)('%s: is done once, and the repeat gets the final answer', async (name) => {
      const deed = scene.deeds.find((each) => each.name === name)!;
      await expectDoneOnce(deed, (await answers.get(deed))!, stage.insider(survivor));
    });

    it('leaves no row half-written', async () => {
      const operations = await scene.operations();
      expect(operations.map(({ kind }) => kind).sort()).toEqual(scene.deeds.map(({ kind }) => kind).sort());
      for (const { id } of operations) expect((await settled(survivor.shop, id)).state).toBe('succeeded');
      await expectWholeRows(stage.database);
    });
  });
});
