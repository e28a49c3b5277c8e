import { Injectable } from '@nestjs/common';
import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { DataSource } from 'typeorm';
import { CommitUnknown, DatabaseUnavailable, isConnectionLost, wasGivenUp, wasInTheWay } from './connection-errors.js';

export { CommitUnknown, DatabaseUnavailable, isConnectionLost };

const MOST_TRIES = 3;

/** Something SQL can be sent to: the database, or a transaction of it. */
export interface Queryable {
  /**
   * Sends one statement. bigint and numeric arrive as text, timestamptz as Date, bytea as Buffer, jsonb parsed.
   * @returns the rows, also of UPDATE and DELETE with RETURNING
   * @throws DatabaseUnavailable when the connection is gone or Postgres gave up on the statement, else pg's DatabaseError with its SQLSTATE in `code`
   */
  query<T extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<T[]>;
}

/** An open transaction. It ends with the function it was given to; keep nothing but SQL between its statements. */
export type Transaction = Queryable;

/** One of this many connections is kept for what must not wait behind ordinary work. */
const ONE_KEPT_OF = 4;

/** Postgres, by SQL. Shares TypeORM's pool; a connection is held only while a statement or a transaction runs. */
@Injectable()
export class Database implements Queryable {
  /**
   * The same, ahead of everybody: for what keeps the process' leases alive and takes over from the dead: single statements. It would come too late if it stood
   * in the line of all that a busy process has to do.
   */
  readonly ahead: Queryable;
  #line: BulkheadPolicy | null = null;

  constructor(private readonly dataSource: DataSource) {
    this.ahead = {
      query: (sql, params = []) => this.#withClient((client) => rowsOf(client, sql, params)),
    };
  }

  query<T extends object = Record<string, unknown>>(sql: string, params: readonly unknown[] = []): Promise<T[]> {
    return this.#inLine((client) => rowsOf<T>(client, sql, params));
  }

  /**
   * Runs the function in one transaction (READ COMMITTED): COMMIT when it resolves, ROLLBACK when it throws.
   * A transaction that Postgres sacrificed to another one (deadlock) is run again, so the function must change nothing but the database.
   * @throws CommitUnknown when the answer to COMMIT was lost, else what the function threw
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#tryTransaction(work);
      } catch (error) {
        if (tries === MOST_TRIES || !wasInTheWay(error)) throw error;
      }
    }
  }

  #tryTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#inLine(async (client) => {
      await rowsOf(client, 'BEGIN', []);
      let result: T;
      try {
        result = await work({ query: (sql, params = []) => rowsOf(client, sql, params) });
      } catch (error) {
        await rowsOf(client, 'ROLLBACK', []).catch((cause: unknown) => {
          throw new BrokenConnection(error, cause);
        });
        throw error;
      }
      await commit(client);
      return result;
    });
  }

  /** With one of the connections that are there for everybody. */
  async #inLine<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#line === null) {
      const { max } = poolOf(this.dataSource).options;
      this.#line = bulkhead(max - Math.floor(max / ONE_KEPT_OF), Infinity);
    }
    return this.#line.execute(() => this.#withClient(work));
  }

  async #withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await poolOf(this.dataSource).connect().catch(rethrow);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isConnectionLost(error) || error instanceof BrokenConnection;
      throw error instanceof BrokenConnection ? error.original : error;
    } finally {
      // A connection whose state is in doubt (a timeout on our side leaves its answer to come) is closed, never pooled.
      client.release(broken);
    }
  }
}

/** TypeORM's own pool of the main server. */
export function poolOf(dataSource: DataSource): Pool {
  if (!dataSource.isInitialized) throw new DatabaseUnavailable('The connection pool is closed');
  return (dataSource.driver as unknown as { master: Pool }).master;
}

/** Carries the work's own error past a ROLLBACK that failed. */
class BrokenConnection extends Error {
  constructor(
    readonly original: unknown,
    cause: unknown,
  ) {
    super('ROLLBACK failed', { cause });
  }
}

async function commit(client: PoolClient): Promise<void> {
  let result: QueryResult;
  try {
    result = await client.query('COMMIT');
  } catch (cause) {
    if (isConnectionLost(cause)) throw new CommitUnknown('The answer to COMMIT was lost', { cause });
    throw cause;
  }
  // Postgres answers COMMIT of a failed transaction with ROLLBACK and no error: a swallowed error must not look like a commit.
  if (result.command !== 'COMMIT') throw new Error('The transaction was rolled back: an error of one of its statements was swallowed');
}

async function rowsOf<T extends object>(client: PoolClient, sql: string, params: readonly unknown[]): Promise<T[]> {
  const result = await client.query<T>(sql, params as unknown[]).catch(rethrow);
  return result.rows;
}

function rethrow(cause: unknown): never {
  if (isConnectionLost(cause) || wasGivenUp(cause))
    throw new DatabaseUnavailable(`Postgres is not available: ${(cause as Error).message}`, { cause });
  throw cause;
}
