import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { loadSettings } from '../../src/config/load-settings.js';
import { createDataSource, pendingMigrations } from '../../src/persistence/data-source.js';
import { CommitUnknown, Database, DatabaseUnavailable, isConnectionLost } from '../../src/persistence/database.js';
import { migrate, waitUntilMigrated } from '../../src/persistence/migrate.js';
import { emptyDatabase, testDatabase, type TestDatabase } from '../support/postgres.js';
import { Proxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const settingsOf = (url: string) => loadSettings({ DATABASE_URL: url, KLARNA_BASE_URL: 'http://127.0.0.1:1' });

beforeAll(() => void Logger.overrideLogger(false));

describe('Database', () => {
  let home: TestDatabase;
  let proxy: Proxy;
  let dataSource: DataSource;
  let database: Database;

  beforeAll(async () => {
    home = await testDatabase();
    proxy = await Proxy.before(home.url);
    dataSource = await createDataSource(settingsOf(proxy.url(home.url)).with({ databasePool: 4 })).initialize();
    database = new Database(dataSource);
    await database.query('CREATE TABLE t (id int PRIMARY KEY, amount bigint)');
  });
  afterEach(() => database.query('DELETE FROM t'));
  afterAll(async () => {
    await dataSource.destroy();
    await proxy.cut();
    await home.drop();
  });

  const rows = () => database.query<{ id: number; amount: string }>('SELECT * FROM t ORDER BY id');

  it('gives rows, also of UPDATE and DELETE with RETURNING, and bigints as text', async () => {
    expect(await database.query('INSERT INTO t VALUES ($1, $2) RETURNING *', [1, '9007199254740993'])).toEqual([
      { id: 1, amount: '9007199254740993' },
    ]);
    expect(await database.query('UPDATE t SET amount = 5 RETURNING amount')).toEqual([{ amount: '5' }]);
    expect(await database.query('DELETE FROM t RETURNING id')).toEqual([{ id: 1 }]);
    expect(await database.query('DELETE FROM t')).toEqual([]);
  });

  it('keeps a connection for what must not stand in line', async () => {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const busy = Array.from({ length: 6 }, () => database.transaction(() => held));
    let inLine = false;
    const last = database.query('SELECT 1').then(() => (inLine = true));
    try {
      expect(await database.ahead.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(inLine).toBe(false);
    } finally {
      letGo();
      await Promise.all([...busy, last]);
    }
    expect(inLine).toBe(true);
  });

  it('commits what the function did, and gives its result', async () => {
    const result = await database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1, 1)');
      expect(await rows()).toEqual([]);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await rows()).toHaveLength(1);
  });

  it('rolls back when the function throws, and throws the same', async () => {
    const error = new Error('no');
    const work = database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1, 1)');
      throw error;
    });
    await expect(work).rejects.toBe(error);
    expect(await rows()).toEqual([]);
  });

  it('does not call a transaction committed when an error in it was swallowed', async () => {
    const work = database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1, 1)');
      await tx.query('INSERT INTO t VALUES (1, 1)').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('an error of one of its statements was swallowed');
    expect(await rows()).toEqual([]);
  });

  it('tells a refused statement, with its code, from a lost connection', async () => {
    await database.query('INSERT INTO t VALUES (1, 1)');
    const refused = await database.query('INSERT INTO t VALUES (1, 1)').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: '23505' });
    expect(isConnectionLost(refused)).toBe(false);
  });

  it('survives connections that die idle, in use, and during a transaction', async () => {
    const cutBackends = async () => {
      // From a connection that is not among those it ends.
      await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
    };
    await Promise.all([1, 2, 3, 4].map(() => database.query('SELECT pg_sleep(0.01)')));
    const inUse = database.query('SELECT pg_sleep(20)').catch((error: unknown) => error);
    const inTransaction = database
      .transaction(async (tx) => {
        await tx.query('INSERT INTO t VALUES (7, 7)');
        await tx.query('SELECT pg_sleep(20)');
      })
      .catch((error: unknown) => error);
    await until('both run', async () => {
      const found = await database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query = 'SELECT pg_sleep(20)' AND state = 'active'`,
      );
      return found.length === 2;
    });
    await cutBackends();
    expect(await inUse).toBeInstanceOf(DatabaseUnavailable);
    expect(await inTransaction).toBeInstanceOf(DatabaseUnavailable);
    await until('it works again', async () => (await rows()).length === 0);
  });

  it('says so when the answer to COMMIT got lost', async () => {
    const work = database.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (1, 1)');
      await proxy.cut();
    });
    await expect(work).rejects.toBeInstanceOf(CommitUnknown);
    await expect(database.query('SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailable);
    await proxy.open();
    await until('it works again', () => database.query('SELECT 1'));
  });

  it('ends a transaction that a stopped process left open, so that its locks go', async () => {
    const [setting] = await database.query<{ value: string }>(`SELECT current_setting('idle_in_transaction_session_timeout') AS value`);
    expect(setting).toEqual({ value: '2s' });
  });
});

describe('migrate', () => {
  it('applies everything once when several processes start at once, and a worker waits for it', async () => {
    const home = await emptyDatabase();
    const open = () => createDataSource(settingsOf(home.url)).initialize();
    const sources = await Promise.all([open(), open(), open()]);
    const worker = await open();
    const waited: string[][] = [];
    const waiting = waitUntilMigrated(worker, (pending) => waited.push(pending), 20);
    await until('the worker waits', () => waited.length > 0);
    const applied = await Promise.all(sources.map(migrate));
    await waiting;
    expect(waited[0]!.length).toBeGreaterThan(0);
    expect(applied.flat()).toEqual(waited[0]);
    expect(await pendingMigrations(worker)).toEqual([]);
    await Promise.all([...sources, worker].map((source) => source.destroy()));
    await home.drop();
  });
});
