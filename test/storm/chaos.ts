import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../support/client.js';
import type { Stop } from '../support/turnpike.js';
import { until } from '../support/until.js';
import type { Callers } from './callers.js';
import type { StormClock } from './clock.js';
import { type Mishap, placeName, type Point, type Role } from './plan-chaos.js';
import type { StoryPlan } from './plan.js';
import { STATEMENTS } from './statements.js';
import type { Takeovers } from './takeover.js';
import type { Instance, Slot, Topology } from './topology.js';

/** How long a process has to come by the place where it is to die. */
const REACH_WITHIN_MS = 2_000;
/** There are fewer freezes than kills, and each boundary is to be met by one. */
const REACH_TO_FREEZE_MS = 4_000;
const { T1, BEGIN, T2, LOOK, LOOKED, INBOX, DUE, DELIVERED } = STATEMENTS;
const COMMIT = 'COMMIT\0';
/** What a shop sends in order to change something has a length; what it only asks for has none. */
const CHANGE = 'Content-Length: ';
/** Klarna's APIs, and those whose answers nobody hears for a while. */
const APIS = ['/ordermanagement/*', '/payments/*', '/customer-token/*', '/checkout/*', '/hpp/*'];
const DEAF = ['/ordermanagement/*', '/customer-token/*'];
/** How Order Management is changed. */
const METHODS = ['POST', 'PATCH'];
/** Longer than any answer that is only slow: what is on its way then has arrived. */
const CALM_MS = 3_300;
const OUTAGE_MS = 1_500;
/** After this much more time what others wait for is due: the two looks that prove absence are so far apart. */
const LOOKS_APART_SECONDS = 100;
/** So long others have for what has become due, before more time passes. */
const LOOK_MS = 1_200;
/** A process that slept longer than its connections wait (17 s) would not find the answer that was held for it. */
const SLEEP_AT_MOST_MS = 14_500;
/** So long a process has to record what it is asked for. */
const RECORD_WITHIN_MS = 5_000;
/** So long a process that woke up has to do what it must not do. */
const AWAKE_MS = 2_500;

/** Something stands still at a step boundary of one process. */
interface Armed {
  readonly reached: () => boolean;
  /** After the process was killed, or stopped: what was held goes on, or is lost. */
  readonly afterwards: (bytesArrive: boolean) => Promise<void>;
}

export interface ChaosCounts {
  kills: number;
  freezes: number;
  restarts: number;
  flushes: number;
  outages: number;
  /**
   * Processes that stood still, with a capture recorded and not sent, while most of a day passed and others carried it out under a new
   * key: woken up, they must not send it.
   */
  sleeps: number;
  /** Kills and freezes by the boundary at which they happened. */
  readonly at: Map<string, number>;
}

/** Does what the schedule says, as far as the processes come by. */
export class Chaos {
  readonly counts: ChaosCounts = { kills: 0, freezes: 0, restarts: 0, flushes: 0, outages: 0, sleeps: 0, at: new Map() };
  /** Things that stand still somewhere: no long time passes meanwhile. */
  #held = 0;
  #calm: Promise<void> | null = null;
  readonly #stop = new AbortController();
  /** Boundaries at which a process was to be frozen and did not come by: the next one that is frozen anywhere is frozen there. */
  readonly #missed: { role: Role; point: Point }[] = [];
  /** Purchases whose captures are begun by processes that fall asleep. */
  readonly #sleepers: StoryPlan[];
  /** Step boundaries at Klarna's door stop everybody: one at a time. */
  #door: Promise<void> = Promise.resolve();

  constructor(
    private readonly topology: Topology,
    private readonly simulator: Client,
    private readonly clock: StormClock,
    private readonly callers: Callers,
    private readonly takeovers: Takeovers,
    sleepers: readonly StoryPlan[],
  ) {
    this.#sleepers = [...sleepers];
  }

  /** Whether a process or a byte stands still somewhere by the storm's doing. */
  get holding(): boolean {
    return this.#held > 0;
  }

  /** Goes through the schedule; what comes too late is done at once. Ends with the schedule, or with `stop`. */
  async run(mishaps: readonly Mishap[]): Promise<void> {
    const began = performance.now();
    const of = (...what: Mishap['what'][]): Mishap[] => mishaps.filter((each) => what.includes(each.what));
    // One of a role is always spared; one hand for each of the others, so that one that waits at a boundary does not keep the rest.
    const kills = (role: Role): Mishap[][] => {
      const hands = Math.max(1, this.topology.slots.filter((slot) => slot.role === role).length - 1);
      const all = mishaps.filter((each) => each.what === 'kill' && each.role === role);
      return Array.from({ length: hands }, (_, hand) => all.filter((__, index) => index % hands === hand));
    };
    const hands = [...kills('api'), ...kills('worker'), of('freeze'), of('flush', 'restart-postgres', 'outage', 'sleep')];
    await Promise.all(
      hands.map(async (hand) => {
        for (const mishap of hand) {
          const wait = mishap.at - (performance.now() - began);
          if (wait > 0) await pause(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
          if (this.#stop.signal.aborted) return;
          await this.#do(mishap);
        }
      }),
    );
  }

  stop(): void {
    this.#stop.abort();
  }

  async #do(mishap: Mishap): Promise<void> {
    switch (mishap.what) {
      case 'kill':
        return this.#kill(mishap.role, mishap.point, mishap.bytesArrive);
      case 'freeze':
        return this.#freeze(mishap.role, mishap.point, mishap.forMs);
      case 'flush':
        await this.topology.flushQueue();
        this.counts.flushes += 1;
        return;
      case 'restart-postgres':
        await this.topology.restartPostgres();
        this.counts.restarts += 1;
        return;
      case 'outage':
        return this.#outage(mishap.passSeconds, () => this.#deaf());
      case 'sleep':
        return this.#sleep(mishap.passSeconds);
    }
  }

  async #kill(role: Role, point: Point | null, bytesArrive: boolean): Promise<void> {
    const { slot, instance } = await this.#victim(role);
    await this.#holding(async () => {
      try {
        const armed = await this.#reach(instance, point);
        let afterwards = Promise.resolve();
        await this.topology.kill(slot, instance, () => {
          this.takeovers.watch(instance);
          if (armed) afterwards = armed.afterwards(bytesArrive);
        });
        await afterwards;
        this.#count('kills', placeName(role, 'killed', armed ? point : null));
      } finally {
        slot.taken = false;
      }
    });
  }

  /** A process that stands still for longer than its lease and then goes on is a zombie: others have taken over. */
  async #freeze(drawnRole: Role, drawnPoint: Point | null, forMs: number): Promise<void> {
    const isNew = drawnPoint !== null && !this.counts.at.has(placeName(drawnRole, 'frozen', drawnPoint));
    const { role, point } = (isNew ? undefined : this.#missed.shift()) ?? { role: drawnRole, point: drawnPoint };
    const { slot, instance } = await this.#victim(role);
    await this.#holding(async () => {
      try {
        const armed = await this.#reach(instance, point, REACH_TO_FREEZE_MS);
        if (armed === undefined && point !== null) this.#missed.push({ role, point });
        instance.freeze();
        // What it waited for lies in its sockets: it hears of it when it goes on.
        await armed?.afterwards(true);
        await pause(forMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
        instance.thaw();
        this.#count('freezes', placeName(role, 'frozen', armed ? point : null));
      } finally {
        slot.taken = false;
      }
    });
  }

  /**
   * Klarna carries out what it gets and answers nobody; then it is away, and much time passes: keys are forgotten, authorizations end.
   * Nothing stands still anywhere while it does.
   */
  async #outage(passSeconds: number, before: () => Promise<void>, after = (): Promise<void> => Promise.resolve()): Promise<void> {
    let calm = (): void => undefined;
    this.#calm = new Promise((resolve) => (calm = resolve));
    let end = (): void => undefined;
    try {
      await until('nothing stands still', () => this.#held === 0, { withinMs: 30_000 });
      // The oldest fault goes first: what was drawn for single writes is over.
      await this.simulator.simulate('DELETE', '/simulator/faults');
      await before();
      this.callers.pauseUntil(new Promise((resolve) => (end = resolve)));
      const away = await Promise.all(APIS.map((path) => this.#fault('reset_before', path)));
      await this.simulator.simulate('DELETE', '/simulator/gates');
      await pause(CALM_MS);
      for (const fault of away) await fault.over();
      await this.topology.noteTemplates();
      await this.clock.pass(passSeconds);
      await after();
    } finally {
      calm();
      this.#calm = null;
      end();
    }
    this.counts.outages += 1;
    await this.callers.repeatLate();
  }

  /** For a while Klarna carries out what it gets and answers nobody. */
  async #deaf(): Promise<void> {
    const deaf = await Promise.all(DEAF.flatMap((path) => METHODS.map((method) => this.#fault('reset_after', path, method))));
    await pause(OUTAGE_MS);
    for (const fault of deaf) await fault.over();
  }

  /**
   * An api stands still after it has recorded a capture and before it has sent it; Klarna is away, and nearly a day passes. Others take
   * over, look, and send with a new key. Then the first one goes on: what it was about to send, under a key that Klarna has never seen,
   * must not go out.
   */
  async #sleep(passSeconds: number): Promise<void> {
    const story = this.#sleepers.shift();
    const capture = story === undefined ? null : await this.callers.orderFor(story);
    if (capture === null) return;
    const { slot, instance } = await this.#victim('api');
    let asleepSince: number | null = null;
    let asking: Promise<unknown> = Promise.resolve();
    try {
      const fallAsleep = async (): Promise<void> => {
        // What others send for it in the meantime does not get there.
        await this.#fault('reset_before', '/ordermanagement/*');
        const since = performance.now();
        const armed = await this.#arm(instance, 't1-answer');
        asking = this.callers.askAt(instance, capture);
        const recorded = (): Promise<boolean> => this.#anyBegun(instance, since, `o.kind = 'order-management.capture'`);
        if (await comesTrue(recorded, since + RECORD_WITHIN_MS)) {
          asleepSince = performance.now();
          instance.freeze();
        }
        await armed.afterwards(true);
      };
      const wakeUp = async (): Promise<void> => {
        if (asleepSince === null) return;
        await this.simulator.simulate('DELETE', '/simulator/faults');
        const since = asleepSince - RECORD_WITHIN_MS;
        // Nothing stands anywhere and nothing goes wrong: what becomes due now gets through.
        const carriedOut = (): Promise<boolean> =>
          this.#anyBegun(instance, since, `o.kind = 'order-management.capture' AND o.state = 'succeeded' AND o.generation > a.generation`);
        const latest = asleepSince + SLEEP_AT_MOST_MS;
        let done = false;
        while (!done && performance.now() < latest) {
          done = await comesTrue(carriedOut, Math.min(latest, performance.now() + LOOK_MS));
          if (!done) await this.clock.advance(LOOKS_APART_SECONDS);
        }
        if (done) this.counts.sleeps += 1;
        instance.thaw();
        await pause(AWAKE_MS);
      };
      await this.#outage(passSeconds, fallAsleep, wakeUp);
    } finally {
      if (instance.state === 'frozen') instance.thaw();
      slot.taken = false;
      await asking;
    }
  }

  async #anyBegun(instance: Instance, since: number, condition: string): Promise<boolean> {
    const rows = await this.topology.rows(
      `SELECT FROM operations o JOIN attempts a ON a.operation_id = o.id WHERE a.id = ANY($1::uuid[]) AND ${condition}`,
      [this.#begunBy(instance, since)],
    );
    return rows.length > 0;
  }

  #begunBy(instance: Instance, since: number): string[] {
    return [...this.topology.births].flatMap(([uuid, { by, at }]) => (by === instance && at >= since ? [uuid] : []));
  }

  async #fault(kind: string, path: string, method?: string): Promise<{ readonly over: () => Promise<void> }> {
    const match = { path, ...(method === undefined ? {} : { method }) };
    const { id } = (await this.simulator.simulate('POST', '/simulator/faults', { kind, times: 1_000_000, match })) as { id: string };
    return { over: async () => void (await this.simulator.simulate('DELETE', `/simulator/faults/${id}`)) };
  }

  async #holding(work: () => Promise<void>): Promise<void> {
    while (this.#calm !== null) await this.#calm;
    this.#held += 1;
    try {
      await work();
    } finally {
      this.#held -= 1;
    }
  }

  /** One of this role, while another one of it runs on. */
  async #victim(role: Role): Promise<{ slot: Slot; instance: Instance }> {
    const candidates = (): { slot: Slot; instance: Instance }[] => {
      const found = this.topology.slots.flatMap((slot) =>
        slot.role === role && !slot.taken && slot.instance?.state === 'up' ? [{ slot, instance: slot.instance }] : [],
      );
      const alone = this.topology.slots.filter((slot) => slot.role === role).length === 1;
      return found.length > 1 || alone ? found : [];
    };
    for (;;) {
      await until('somebody can be spared', () => candidates().length > 0, { withinMs: 120_000, everyMs: 20 });
      // Another hand may have been quicker.
      const found = candidates();
      const victim = found[this.counts.kills % Math.max(1, found.length)];
      if (victim === undefined) continue;
      victim.slot.taken = true;
      return victim;
    }
  }

  /** Waits until the process stands at the boundary. @returns undefined when it did not come by: it is as good as any other moment */
  async #reach(instance: Instance, point: Point | null, withinMs = REACH_WITHIN_MS): Promise<Armed | undefined> {
    if (point === null) return undefined;
    const armed = await this.#arm(instance, point);
    const end = performance.now() + withinMs;
    while (performance.now() < end && !armed.reached() && !this.#stop.signal.aborted) await pause(5);
    if (armed.reached()) return armed;
    await armed.afterwards(true);
    return undefined;
  }

  async #arm(instance: Instance, point: Point): Promise<Armed> {
    const bytes = (stop: Stop): Armed => ({
      reached: () => stop.held > 0,
      afterwards: (arrive) => {
        if (arrive) stop.release();
        else stop.drop();
        return Promise.resolve();
      },
    });
    switch (point) {
      case 't1-request':
        return bytes(instance.road.stop(T1, 'request'));
      case 't1-answer':
        return bytes(instance.road.stop(T1, 'answer'));
      case 'begin-request':
        return bytes(instance.road.stop(COMMIT, 'request', BEGIN));
      case 'begin-answer':
        return bytes(instance.road.stop(COMMIT, 'answer', BEGIN));
      case 't2-request':
        return bytes(instance.road.stop(T2, 'request'));
      case 't2-commit-request':
        return bytes(instance.road.stop(COMMIT, 'request', T2));
      case 't2-commit-answer':
        return bytes(instance.road.stop(COMMIT, 'answer', T2));
      case 'look-answer':
        return bytes(instance.road.stop(COMMIT, 'answer', LOOK));
      case 'looked-request':
        return bytes(instance.road.stop(LOOKED, 'request'));
      case 'looked-answer':
        return bytes(instance.road.stop(COMMIT, 'answer', LOOKED));
      case 'caller-answer':
        return bytes(instance.door.stop(CHANGE, 'answer'));
      case 'inbox-request':
        return bytes(instance.road.stop(INBOX, 'request'));
      case 'inbox-answer':
        return bytes(instance.road.stop(INBOX, 'answer'));
      case 'due-answer':
        return bytes(instance.road.stop(COMMIT, 'answer', DUE));
      case 'delivered-request':
        return bytes(instance.road.stop(DELIVERED, 'request'));
      case 'delivered-answer':
        return bytes(instance.road.stop(DELIVERED, 'answer'));
      case 'klarna-lost':
      case 'klarna-before':
      case 'klarna-after':
        return this.#atKlarna(instance, point);
    }
  }

  /** Stops what comes to Klarna until this process has begun an attempt, which stands there then. */
  async #atKlarna(instance: Instance, point: 'klarna-lost' | 'klarna-before' | 'klarna-after'): Promise<Armed> {
    await this.#door;
    let free = (): void => undefined;
    this.#door = new Promise((resolve) => (free = resolve));
    const lost = point === 'klarna-lost';
    const place = lost ? 'faults' : 'gates';
    const ids: string[] = [];
    for (const method of METHODS) {
      const match = { method, path: '/ordermanagement/*' };
      const what = lost ? { kind: 'timeout_before', times: 1_000, match } : { match, at: point === 'klarna-before' ? 'before' : 'after' };
      ids.push(((await this.simulator.simulate('POST', `/simulator/${place}`, what)) as { id: string }).id);
    }
    const since = performance.now();
    return {
      // A moment after its attempt is on record, its request is at Klarna.
      reached: () => instance.lastAttempt > since && performance.now() - instance.lastAttempt > 60,
      afterwards: async () => {
        free();
        for (const id of ids) await this.simulator.simulate('DELETE', `/simulator/${place}/${id}`).catch(() => undefined);
      },
    };
  }

  #count(what: 'kills' | 'freezes', where: string): void {
    this.counts[what] += 1;
    this.counts.at.set(where, (this.counts.at.get(where) ?? 0) + 1);
  }
}

/** @param latest on the clock of `performance` @returns whether it was true by then */
async function comesTrue(condition: () => Promise<boolean>, latest: number): Promise<boolean> {
  while (!(await condition())) {
    if (performance.now() > latest) return false;
    await pause(50);
  }
  return true;
}
