import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../support/client.js';
import { until } from '../support/until.js';
import type { Chaos } from './chaos.js';
import type { Finding } from './records.js';
import type { Topology } from './topology.js';

const JOBS_EVERY_MS = 50;
const HOLD_EVERY_MS = 6_000;
/** Shorter than a call may take. */
const HELD_MS = 1_300;
const JOB = /^(?:bull:operations:)?([0-9a-f-]{36})-(\d+)$/;

/** Looks, while the storm goes on, for what leaves no trace at its end. */
export class Probes {
  readonly noticed: Finding[] = [];
  /** How often the probes had something to look at. */
  readonly looks = { jobs: 0, held: 0 };
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #said = new Set<string>();

  constructor(
    private readonly topology: Topology,
    private readonly simulator: Client,
    private readonly chaos: Chaos,
  ) {}

  start(): void {
    this.#running.push(
      this.#often(JOBS_EVERY_MS, () => this.#jobs()),
      this.#often(HOLD_EVERY_MS, () => this.#transactions()),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }

  async #often(everyMs: number, look: () => Promise<void>): Promise<void> {
    // What can't be looked at now (Postgres is away) is looked at the next time.
    while (await pause(everyMs, true, { signal: this.#stop.signal }).catch(() => false)) await look().catch(() => undefined);
  }

  /**
   * A job is made after the commit of what it reminds of. One whose operation is not there, or is still leased under the very fence that
   * the job carries, was made before: a settlement gives the lease back in the transaction after which it may nudge.
   */
  async #jobs(): Promise<void> {
    const { redis, pool } = this.topology;
    if (redis === null) {
      const { rows } = await pool.query<{ id: string }>(`
        SELECT j.id FROM bullmq.job j LEFT JOIN operations o ON o.id::text = left(j.id, 36)
         WHERE j.queue = 'operations' AND j.id ~ '^[0-9a-f-]{36}-[0-9]+$'
           AND (o.id IS NULL OR o.lease_until IS NOT NULL AND o.fence::text = substr(j.id, 38))`);
      this.looks.jobs += 1;
      for (const { id } of rows) this.#early(id);
      return;
    }
    // Jobs first: whatever they remind of is committed when the rows are read.
    const jobs = await jobsIn(redis.url);
    const { rows } = await pool.query<{ id: string; fence: number }>(
      `SELECT t.id, t.fence FROM unnest($1::uuid[], $2::int[]) AS t(id, fence) LEFT JOIN operations o ON o.id = t.id
        WHERE o.id IS NULL OR o.lease_until IS NOT NULL AND o.fence = t.fence`,
      [jobs.map(([id]) => id), jobs.map(([, fence]) => fence)],
    );
    this.looks.jobs += 1;
    for (const { id, fence } of rows) this.#early(`${id}-${fence}`);
  }

  #early(job: string): void {
    this.#say({ column: 'mismatches', what: `job ${job} was made before what it reminds of was committed`, operation: job.slice(0, 36) });
  }

  /** While Klarna has a call, nobody holds a transaction open for it. */
  async #transactions(): Promise<void> {
    if (this.chaos.holding || this.topology.postgresDown) return;
    const match = { method: 'POST', path: '/ordermanagement/*' };
    const { id } = (await this.simulator.simulate('POST', '/simulator/gates', { match, at: 'before' })) as { id: string };
    try {
      const waiting = await until(
        'a call is at Klarna',
        async () => ((await this.simulator.simulate('GET', `/simulator/gates/${id}`)) as { waiting: number }).waiting > 0,
        { withinMs: 1_500 },
      ).catch(() => false);
      if (!waiting) return;
      const before = await this.#idle();
      await pause(HELD_MS);
      // A process that stands still, or whose bytes do, is excused: it was not Klarna that it waited for.
      if (this.chaos.holding || this.topology.postgresDown) return;
      const after = await this.#idle();
      this.looks.held += 1;
      for (const [transaction, query] of after) {
        if (!before.has(transaction)) continue;
        this.#say({
          column: 'mismatches',
          what: `a transaction stood open while Klarna had a call; its last statement: ${query.slice(0, 200)}`,
        });
      }
    } finally {
      await this.simulator.simulate('DELETE', `/simulator/gates/${id}`).catch(() => undefined);
    }
  }

  /** Transactions that wait for their client, by what makes them the same one later. */
  async #idle(): Promise<Map<string, string>> {
    const { rows } = await this.topology.pool.query<{ id: string; query: string }>(`
      SELECT pid || ' ' || xact_start || ' ' || state_change AS id, query FROM pg_stat_activity
       WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND application_name <> 'storm'`);
    return new Map(rows.map(({ id, query }) => [id, query]));
  }

  /** Once for each kind of finding and operation. */
  #say(finding: Finding): void {
    const name = `${finding.operation ?? ''}${finding.what.slice(0, 60)}`;
    if (this.#said.has(name)) return;
    this.#said.add(name);
    this.noticed.push(finding);
  }
}

/** Operations and fences of the jobs in Redis. */
async function jobsIn(url: string): Promise<[id: string, fence: number][]> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.keys('bull:operations:*')).flatMap((name): [string, number][] => {
      const found = JOB.exec(name);
      return found?.[1] === undefined ? [] : [[found[1], Number(found[2])]];
    });
  } finally {
    client.disconnect();
  }
}
