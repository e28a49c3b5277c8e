import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../support/client.js';
import { until } from '../support/until.js';
import type { StormClock } from './clock.js';
import { callbacksAtKlarna, collectTold } from './collect-told.js';
import { Draws } from './random.js';
import { type Habit, Receiver } from './receiver.js';
import { SHOP, type StormEndpoint, type Told } from './records-told.js';
import type { Topology } from './topology.js';

/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:1/endpoint';
interface Wanted extends Pick<StormEndpoint, 'name' | 'types' | 'strict' | 'living'> {
  /** null: it can't be reached at all. */
  readonly habit: Habit | null;
}

/** Who wants to be told. */
const ENDPOINTS: readonly Wanted[] = [
  { name: 'all', types: null, strict: false, living: true, habit: 'fair' },
  { name: 'strict', types: null, strict: true, living: true, habit: 'fair' },
  { name: 'strict-failing', types: null, strict: true, living: true, habit: 'failing' },
  { name: 'money', types: ['order.captured', 'order.refunded', 'order.cancelled'], strict: false, living: true, habit: 'fair' },
  { name: 'failing', types: null, strict: false, living: true, habit: 'failing' },
  { name: 'dead', types: null, strict: false, living: false, habit: null },
  { name: 'hanging', types: null, strict: true, living: false, habit: 'hanging' },
];
/** Klarna repeats a callback for a day, and what it has said is looked at for two. */
const DRAIN_SECONDS = 50 * 3_600;
/** So long nothing may happen, on the wall's clock: what lags behind by thousands takes its time. */
const DRAIN_STANDS_MS = 60_000;
/** Nothing is due: time moves to what is due next, and at most so far at once. */
const LONGEST_HOP_SECONDS = 1_800;
/** So long processes have for what is due, before more time passes. */
const STAYS_MS = 400;

/** Everything that merchants are told in a storm: who wants it, who gets it, and what is left at its end. */
export class Telling {
  readonly #replayed = new Set<string>();
  endpoints: StormEndpoint[] = [];

  private constructor(
    private readonly topology: Topology,
    private readonly simulator: Client,
    readonly receiver: Receiver,
  ) {}

  /** Opens the receivers and registers the endpoints: whatever happens from now on is told to them. */
  static async open(topology: Topology, simulator: Client, seed: number): Promise<Telling> {
    const telling = new Telling(topology, simulator, await Receiver.open(new Draws(seed, 'receivers')));
    await telling.#register();
    return telling;
  }

  async #register(): Promise<void> {
    const shown = await this.#asked<{ secret: string }>('GET', '/notifications/signing-secret');
    this.receiver.trust(SHOP, shown.secret);
    this.endpoints.push({ name: SHOP, id: null, types: [], strict: false, living: true });
    for (const { name, types, strict, living, habit } of ENDPOINTS) {
      const url = habit === null ? NOBODY : this.receiver.place(name, habit);
      const body = { url, strict_order: strict, ...(types === null ? {} : { events: types }) };
      const { id, secret } = await this.#asked<{ id: string; secret: string }>('POST', '/notifications/endpoints', body);
      if (habit !== null) this.receiver.trust(name, secret);
      this.endpoints.push({ name, id, types, strict, living });
    }
  }

  /**
   * Everybody who lives takes everything from now on; waits, in business time, until nothing is left for them: no callback that Klarna would
   * repeat or that is still looked at, no message that is due, no operation that follows from them. What was given up because much time
   * passed at once is sent again on demand, as its merchant would ask for it; what Klarna says of an order's assessment and lost on the
   * way, it says late.
   * @returns what is left; empty: nothing
   */
  async drain(clock: StormClock): Promise<string[]> {
    this.receiver.calm();
    await this.#releaseLost();
    const from = await clock.now();
    let last = Infinity;
    let moved = performance.now();
    for (;;) {
      await this.#replayDead();
      const left = await this.#left();
      const now = await clock.now();
      if (left.length === 0) return [];
      if (left.length !== last) [last, moved] = [left.length, performance.now()];
      if (performance.now() - moved > DRAIN_STANDS_MS || now - from > DRAIN_SECONDS * 1_000) {
        return left.map(({ what, at }) => `${what} (${at === null ? 'under way' : `due in ${Math.round((at - now) / 1_000)} s`})`);
      }
      const rested = performance.now() + STAYS_MS;
      while (performance.now() < rested && (await this.#left()).some(({ at }) => at === null || at <= now)) await pause(40);
      const next = Math.min(...(await this.#left()).flatMap(({ at }) => (at === null ? [] : [at])));
      const seconds = Number.isFinite(next) ? Math.ceil((next - now) / 1_000) : 1;
      await clock.advance(Math.min(LONGEST_HOP_SECONDS, Math.max(1, seconds)));
    }
  }

  /** Whether nothing is left, at this moment of business time. */
  async isDrained(): Promise<boolean> {
    return (await this.#left()).length === 0;
  }

  collect(): Promise<Told> {
    return collectTold(this.topology, this.simulator, this.receiver, this.endpoints, this.#replayed);
  }

  async #releaseLost(): Promise<void> {
    const callbacks = await callbacksAtKlarna(this.simulator);
    const ids = callbacks.filter(({ kind, withheld }) => kind === 'notification' && withheld === 'lost').map((each) => each.callback_id);
    if (ids.length > 0) await this.simulator.simulate('POST', '/simulator/callbacks/release', { callback_ids: ids });
  }

  async #replayDead(): Promise<void> {
    const rows = await this.topology.rows<{ id: string }>(
      `SELECT id FROM deliveries WHERE state = 'dead' AND (endpoint_id IS NULL OR endpoint_id = ANY($1::uuid[])) LIMIT 1000`,
      [this.#livingIds],
    );
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => id).filter((id) => !this.#replayed.has(id));
    if (ids.length === 0) return;
    for (const id of ids) this.#replayed.add(id);
    await this.#asked('POST', '/notifications/replay', { ids });
  }

  get #livingIds(): string[] {
    return this.endpoints.flatMap(({ id, living }) => (living && id !== null ? [id] : []));
  }

  /** What is not at its end, with the business time at which it is due; null: it is under way. */
  async #left(): Promise<{ what: string; at: number | null }[]> {
    const rows = await this.topology.rows<{ what: string; at: number | null }>(
      `SELECT * FROM (
         SELECT concat_ws(' ', 'delivery', id, 'to', receiver, 'tried', attempts, 'times') AS what, lease_until,
                GREATEST(next_at, rests_until) AS next_at FROM deliveries LEFT JOIN receivers ON key = receiver
          WHERE state = 'due' AND (endpoint_id IS NULL OR endpoint_id = ANY($1::uuid[]))
         UNION ALL
         SELECT 'callback ' || id || ' (' || entry || ') is ' || coalesce(result, state), lease_until, next_at FROM callbacks WHERE state = 'received'
         UNION ALL
         SELECT 'operation ' || id || ' ' || kind || ' is ' || state, lease_until, next_at FROM operations
          WHERE kind = 'order-management.acknowledge' AND finished_at IS NULL AND state <> 'manual' AND next_at IS NOT NULL
       ) open, LATERAL (SELECT CASE WHEN lease_until > now() THEN NULL ELSE (1000 * extract(epoch FROM next_at))::float8 END AS at) due`,
      [this.#livingIds],
    );
    const callbacks = await callbacksAtKlarna(this.simulator);
    const coming = callbacks.flatMap(({ callback_id: id, kind, next_at: next }) =>
      next === null ? [] : [{ what: `callback ${id} (${kind}) is still sent by Klarna`, at: Date.parse(next) }],
    );
    return [...rows, ...coming];
  }

  /** Asks whichever api runs, until one answers. */
  async #asked<T>(method: string, path: string, body?: object): Promise<T> {
    return until(
      `${method} ${path} is answered`,
      async () => {
        const [api] = this.topology.live('api');
        if (api === undefined) return undefined;
        const answer = await new Client(api.process.url, this.simulator.simulatorUrl).call(method, path, { body, patienceMs: 5_000 });
        if (answer.status >= 400 && answer.status < 500) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
        return answer.status < 300 ? (answer.json as T) : undefined;
      },
      { withinMs: 20_000 },
    );
  }
}
