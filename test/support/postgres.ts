import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** The migrated database that every test's own is cloned from. */
export const TEMPLATE = 'gateway_template';

/** A database of one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Ends every connection to it and removes it. */
  drop(): Promise<void>;
}

/** Address of the run's Postgres, as its superuser. */
export function testPostgresUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined) throw new Error('TEST_POSTGRES_URL is not set: jest.config.mjs names test/support/global-setup.mjs');
  return url;
}

/** Clones the migrated template: a database with the whole schema and no rows, in some 30 ms. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await createFromTemplate(name);
  const url = new URL(testPostgresUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** An empty database, for tests of migrations. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(testPostgresUrl());
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function createFromTemplate(name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await administer(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
    } catch (error) {
      // Autovacuum visits the template now and then, and a template in use is not copied.
      if ((error as { code?: string }).code !== '55006' || attempt === 50) throw error;
      await pause(100);
    }
  }
}

async function administer(sql: string): Promise<void> {
  const client = new pg.Client(testPostgresUrl());
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
