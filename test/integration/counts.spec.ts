import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { testDatabase, testPostgresUrl } from '../support/postgres.js';
import { ordersPath, rowsOf } from '../support/scene.js';

/** Only what callers cause: no sweep, no refresher, and no lease is renewed meanwhile. */
const QUIET = { ROLE: 'api', LEASE_MS: '60000' };

describe('a capture that Klarna answers at once', () => {
  let gateway: TestGateway;
  let postgres: pg.Client;
  beforeAll(async () => {
    gateway = await testGateway({ env: QUIET });
    // Another database of the same server: its own statements are not in the way.
    postgres = new pg.Client(testPostgresUrl());
    await postgres.connect();
    await postgres.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  });
  afterAll(async () => {
    await postgres.end();
    await gateway.close();
  });

  /** Statements that reached the gateway's database meanwhile, each by its beginning, with how often it ran. */
  async function statements(work: () => Promise<unknown>): Promise<Record<string, number>> {
    const name = new URL(gateway.database.url).pathname.slice(1);
    await postgres.query('SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = $1))', [name]);
    await work();
    const { rows } = await postgres.query<{ query: string; calls: string }>(
      `SELECT query, calls FROM pg_stat_statements
        WHERE toplevel AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)`,
      [name],
    );
    return Object.fromEntries(rows.map(({ query, calls }) => [query.replace(/\s+/g, ' ').trim(), Number(calls)]));
  }

  it('costs two commits, and these statements: no more', async () => {
    const id = await gateway.order();
    const capture = () => gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 }, randomUUID());
    // Credentials and account are remembered for some seconds.
    await capture();
    const counted = await statements(capture);
    const expected: [what: string, statement: RegExp][] = [
      ['whose order it is', /^SELECT id, merchant_id .* FROM orders WHERE provider_order_id = \$1/],
      ['T1: key, lane, operation, provider key, attempt; a commit of its own', /^WITH input AS .* INSERT INTO attempts /],
      // Klarna is called here.
      ['T2 begins', /^BEGIN$/],
      ['lock the lane', /^SELECT \S+ FROM lanes .* FOR UPDATE OF lanes$/],
      ['lock the operation', /^SELECT o\.id, o\.merchant_id, .* FOR UPDATE OF o$/],
      ['append the answer', /^UPDATE attempts a SET /],
      ['read all its attempts', /^SELECT .* FROM attempts /],
      ['lock the order', /^SELECT .* FROM orders .* FOR (NO KEY )?UPDATE/],
      ['the capture', /^INSERT INTO captures /],
      ['the order and its timeline', /^WITH saved AS \( UPDATE orders .* INSERT INTO timeline /],
      ['the event, and a delivery for everyone who wants it', /^WITH unknown AS .* INSERT INTO events .* INSERT INTO deliveries /],
      ['the operation, and its place in the lane', /^WITH t AS .* UPDATE lanes .* UPDATE operations /],
      ['T2 ends', /^COMMIT$/],
      ['the reply', /^SELECT o\.id, o\.merchant_id, .* WHERE o\.id = \$1$/],
    ];
    const whats = (text: string) => expected.filter(([, statement]) => statement.test(text)).map(([what]) => what);
    const found = Object.entries(counted).map(([text, times]) => [whats(text).join() || text, times] as const);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected.map(([what]) => [what, 1])));
  });
});

describe('the rows that Postgres reads', () => {
  const TABLES = ['orders', 'captures', 'timeline', 'operations', 'attempts', 'idempotency_keys', 'provider_keys', 'lanes'];

  /** Orders with what belongs to them, as many as asked for, of the merchant that the gateway's start has made. */
  const SEED = `
    WITH made AS (
      INSERT INTO orders (id, merchant_id, provider_account_id, provider, provider_order_id, data_subject, status, currency, order_amount,
        captured_amount, remaining_authorized_amount, created_at, updated_at, timeline_sequence)
      SELECT gen_random_uuid(), m.id, a.id, 'klarna', gen_random_uuid()::text, gen_random_uuid(), 'PART_CAPTURED', 'SEK', 10000, 2500, 7500,
        now() - n * interval '1 minute', now(), 1
      FROM generate_series(1, $1::int) n, merchants m, provider_accounts a
      RETURNING *
    ), done AS (
      INSERT INTO operations (id, merchant_id, provider_account_id, kind, class, state, lane, position, target, fingerprint, amount, fence,
        opened_at, waits_until, created_at, finished_at, caller_key, provider_key)
      SELECT gen_random_uuid(), merchant_id, provider_account_id, 'order-management.capture', 'durable', 'succeeded', provider_order_id, 1, '',
        sha256(id::text::bytea), 2500, 1, now(), now(), now(), now(), id::text, id::text FROM made
      RETURNING *
    ), lane AS (
      INSERT INTO lanes (provider_account_id, lane, open, position, revision) SELECT provider_account_id, lane, 0, 1, 2 FROM done
    ), key AS (
      INSERT INTO idempotency_keys (merchant_id, key, operation_id, fingerprint, created_at)
      SELECT merchant_id, caller_key, id, fingerprint, now() FROM done
    ), pinned AS (
      INSERT INTO provider_keys (provider_account_id, provider_key, operation_id) SELECT provider_account_id, provider_key, id FROM done
    ), attempt AS (
      INSERT INTO attempts (id, operation_id, number, generation, fence, started_at, ended_at, outcome)
      SELECT gen_random_uuid(), id, 1, 1, 1, now(), now(), 'succeeded' FROM done
    ), told AS (
      INSERT INTO timeline (order_id, sequence, at, type, data) SELECT id, 1, now(), 'order.captured', '{}' FROM made
    )
    INSERT INTO captures (id, order_id, merchant_id, provider_account_id, provider_capture_id, amount, created_at)
    SELECT gen_random_uuid(), id, merchant_id, provider_account_id, gen_random_uuid()::text, 2500, now() FROM made`;

  /** Rows read per table while the gateway served a story; its connections report when they end. */
  async function readBy(stored: number, story: (gateway: TestGateway) => Promise<unknown>): Promise<Record<string, number>> {
    const database = await testDatabase();
    try {
      await (await testGateway({ database, env: QUIET })).close();
      // As on any disk without a moving arm; else a thousand rows are read as a whole because that is cheaper there.
      await rowsOf(database, `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET random_page_cost = 1.1`);
      await rowsOf(database, SEED, [stored]);
      await rowsOf(database, 'VACUUM ANALYZE');
      await rowsOf(database, 'SELECT pg_stat_reset()');
      const gateway = await testGateway({ database, env: QUIET });
      await story(gateway);
      await gateway.close();
      const rows = await rowsOf<{ table: string; read: string }>(
        database,
        `SELECT relname AS table, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_user_tables
          WHERE relname = ANY($1)`,
        [TABLES],
      );
      return Object.fromEntries(rows.map(({ table, read }) => [table, Number(read)]));
    } finally {
      await database.drop();
    }
  }

  it.each<[string, (gateway: TestGateway) => Promise<unknown>]>([
    [
      'an order, its capture and the repeat of it',
      async (gateway) => {
        const id = await gateway.order();
        const key = randomUUID();
        for (let times = 0; times < 2; times += 1) {
          expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 100 }, key)).status).toBe(201);
        }
      },
    ],
    [
      'a page of orders',
      async (gateway) => {
        expect((await gateway.get('/orders?limit=20&status=PART_CAPTURED')).status).toBe(200);
      },
    ],
  ])('are as many with 1,000 orders stored as with 20,000: %s', async (_, story) => {
    const few = await readBy(1_000, story);
    const many = await readBy(20_000, story);
    // A row that is written beside is met in more than one version, or not: that is all by which two runs may differ.
    for (const table of TABLES) expect({ table, apart: Math.abs(many[table]! - few[table]!) > 10 }).toEqual({ table, apart: false });
    const sum = Object.values(few).reduce((all, read) => all + read, 0);
    expect(sum).toBeGreaterThan(10);
    expect(sum).toBeLessThan(200);
  });
});
