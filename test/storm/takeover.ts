import { setTimeout as pause } from 'node:timers/promises';
import type { Instance, Topology } from './topology.js';

const LOOK_EVERY_MS = 100;
/** Attempts that began longer before the death are over, or were looked at before. */
const RECENT_MS = 20_000;
const GIVE_UP_MS = 60_000;

/** A takeover: how long an operation of a dead process lay still while somebody could have taken it. */
export interface Takeover {
  readonly operation: string;
  readonly of: string;
  readonly ms: number;
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

  get slowest(): Takeover | null {
    return this.seen.reduce<Takeover | null>((worst, each) => (worst === null || each.ms > worst.ms ? each : worst), null);
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
    const attempts = [...this.topology.births].flatMap(([uuid, { by, at }]) => (by === instance && at > died - RECENT_MS ? [uuid] : []));
    if (attempts.length === 0) return;
    let held = await this.topology.rows<{ id: string; fence: number }>(
      `SELECT o.id, o.fence FROM operations o JOIN attempts a ON a.operation_id = o.id AND a.fence = o.fence
        WHERE a.id = ANY($1::uuid[]) AND a.outcome IS NULL AND o.lease_until IS NOT NULL AND o.finished_at IS NULL`,
      [attempts],
    );
    while (held.length > 0 && performance.now() - died < GIVE_UP_MS) {
      await pause(LOOK_EVERY_MS);
      const still = await this.topology.rows<{ id: string; fence: number }>(
        `SELECT o.id, o.fence FROM operations o JOIN unnest($1::uuid[], $2::int[]) AS t(id, fence) ON t.id = o.id AND t.fence = o.fence
          WHERE o.lease_until IS NOT NULL AND o.finished_at IS NULL`,
        [held.map(({ id }) => id), held.map(({ fence }) => fence)],
      );
      this.#tick();
      const left = new Set(still.map(({ id }) => id));
      const ms = Math.round(performance.now() - died - (this.#unavailableMs - unavailable));
      for (const { id } of held) if (!left.has(id)) this.seen.push({ operation: id, of: instance.name, ms });
      held = still;
    }
    for (const { id } of held) this.seen.push({ operation: id, of: instance.name, ms: GIVE_UP_MS });
  }
}
