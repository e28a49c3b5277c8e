import { setTimeout as pause } from 'node:timers/promises';
import type { Birth, Instance, Topology } from './topology.js';

const LOOK_EVERY_MS = 100;
/** Attempts that began longer before the death are over, or were looked at before. */
const RECENT_MS = 20_000;
const GIVE_UP_MS = 60_000;
/** An operation of a killed process is taken over within this time. */
export const TAKEOVER_WITHIN_MS = 5_000;

const MOST_SESSIONS = 200;

/** A takeover: how long an operation of a dead process lay still while somebody could have taken it. */
export interface Takeover {
  readonly operation: string;
  readonly of: string;
  readonly ms: number;
  /** What Postgres' sessions did when it had lain still for longer than it may. */
  readonly meanwhile: readonly string[];
}

/** Watches what becomes of the operations that a process had when it was killed. */
export class Takeovers {
  readonly seen: Takeover[] = [];
  readonly #watching = new Set<Promise<void>>();
  #unavailableMs = 0;
  #last = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly topology: Topology) {
    this.#timer = setInterval(() => this.#tick(), 50);
    this.#timer.unref();
  }

  /** To be called right after the death. */
  watch(instance: Instance): void {
    const watching = this.#watch(instance)
      .catch(() => undefined)
      .finally(() => this.#watching.delete(watching));
    this.#watching.add(watching);
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#watching]);
    clearInterval(this.#timer);
  }

  /** Nobody takes over while no worker runs, or Postgres is away: that time is not the gateway's. */
  #tick(): void {
    const now = performance.now();
    if (this.topology.postgresDown || this.topology.live('worker').length === 0) this.#unavailableMs += now - this.#last;
    this.#last = now;
  }

  async #watch(instance: Instance): Promise<void> {
    const died = instance.died ?? performance.now();
    const unavailable = this.#unavailableMs;
    const recent = (births: ReadonlyMap<string, Birth>): string[] =>
      [...births].flatMap(([uuid, { by, at }]) => (by === instance && at > died - RECENT_MS ? [uuid] : []));
    const [attempts, looks] = [recent(this.topology.births), recent(this.topology.lookers)];
    if (attempts.length + looks.length === 0) return;
    // Of one that is looked for, the lease is not an attempt's.
    let held = await this.topology.rows<{ id: string; fence: number }>(
      `SELECT o.id, o.fence FROM operations o LEFT JOIN attempts a ON a.operation_id = o.id AND a.fence = o.fence
        WHERE (a.id = ANY($1::uuid[]) AND a.outcome IS NULL OR o.id = ANY($2::uuid[]) AND (a.id IS NULL OR a.outcome IS NOT NULL))
          AND o.lease_until IS NOT NULL AND o.finished_at IS NULL`,
      [attempts, looks],
    );
    const meanwhile: string[] = [];
    const standing = new Map<string, number>();
    let looked = performance.now();
    while (held.length > 0 && performance.now() - died < GIVE_UP_MS) {
      await pause(LOOK_EVERY_MS);
      const still = await this.topology.rows<{ id: string; fence: number }>(
        `SELECT o.id, o.fence FROM operations o JOIN unnest($1::uuid[], $2::int[]) AS t(id, fence) ON t.id = o.id AND t.fence = o.fence
          WHERE o.lease_until IS NOT NULL AND o.finished_at IS NULL`,
        [held.map(({ id }) => id), held.map(({ fence }) => fence)],
      );
      this.#tick();
      const left = new Set(still.map(({ id }) => id));
      for (const id of await this.#behindStanding(held)) standing.set(id, (standing.get(id) ?? 0) + performance.now() - looked);
      looked = performance.now();
      const since = Math.round(looked - died - (this.#unavailableMs - unavailable));
      const late = since > TAKEOVER_WITHIN_MS - 2 * LOOK_EVERY_MS && meanwhile.length < MOST_SESSIONS;
      if (late) meanwhile.push(...(await this.#sessions(since)));
      for (const { id } of held) {
        if (!left.has(id)) this.seen.push({ operation: id, of: instance.name, ms: Math.round(since - (standing.get(id) ?? 0)), meanwhile });
      }
      held = still;
    }
    for (const { id } of held) this.seen.push({ operation: id, of: instance.name, ms: GIVE_UP_MS, meanwhile });
  }

  /** Those whose row, or lane, is held by a transaction that stands still: another process was killed or frozen in the middle of it. */
  async #behindStanding(held: readonly { id: string }[]): Promise<string[]> {
    const rows = await this.topology.rows<{ id: string }>(
      `SELECT DISTINCT o.id FROM operations o LEFT JOIN lanes l ON l.provider_account_id = o.provider_account_id AND l.lane = o.lane
         JOIN pg_stat_activity s ON s.backend_xid = o.xmax OR s.backend_xid = l.xmax
        WHERE o.id = ANY($1::uuid[]) AND o.lease_until < now() AND s.state = 'idle in transaction' AND s.state_change < now() - interval '500 milliseconds'`,
      [held.map(({ id }) => id)],
    );
    return rows.map(({ id }) => id);
  }

  async #sessions(ms: number): Promise<string[]> {
    const sessions = await this.topology.rows<{ said: string }>(
      `SELECT concat_ws(' ', pid, application_name, state, round(1000 * extract(epoch FROM now() - xact_start)), 'ms, blocked by',
                        pg_blocking_pids(pid)::text, left(regexp_replace(query, '\\s+', ' ', 'g'), 90)) AS said
         FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid() ORDER BY xact_start`,
      [],
    );
    return [`after ${ms} ms:`, ...sessions.map(({ said }) => `  ${said}`)];
  }
}
