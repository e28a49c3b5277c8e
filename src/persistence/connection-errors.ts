import { types } from 'node:util';

const { isNativeError } = types;

/** SQLSTATEs that say the connection or the server is gone: class 08, the shutdowns of 57P, an idle transaction that was cut, no slot left. */
const LOST_STATES = /^(08...|57P0[123]|25P03|53300)$/;
const LOST_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENOENT',
]);
/** What pg says without a code. */
const LOST_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Cannot use a pool after calling end|Connection ended unexpectedly/;

/** Postgres could not be asked, or did not answer. Whether a statement that writes has taken effect is not known. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable';
}

/** COMMIT was sent and its answer got lost: everything of the transaction is there, or nothing. Look it up before answering a caller. */
export class CommitUnknown extends DatabaseUnavailable {
  override readonly name = 'CommitUnknown';
}

/**
 * Whether an error of a database call means that the connection or the server is gone, as opposed to a statement that was refused.
 * Looks through `cause`, TypeORM's `driverError` and aggregated errors.
 */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  // Not `instanceof Error`: Node's own errors come from another realm under Jest.
  if (!isNativeError(error)) return false;
  const { code, driverError, errors } = error as { code?: unknown; driverError?: unknown; errors?: unknown };
  if (typeof code === 'string' && (LOST_STATES.test(code) || LOST_CODES.has(code))) return true;
  if (LOST_MESSAGES.test(error.message)) return true;
  return [driverError, error.cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])].some(
    (inner) => inner !== error && isConnectionLost(inner),
  );
}

/**
 * Whether Postgres gave up on a statement: it ran, or waited for a lock, for too long. Its transaction has certainly changed nothing; to
 * who asked it is the same as a server that does not answer.
 */
export function wasGivenUp(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '57014' || code === '55P03';
}

/** Whether Postgres rolled a transaction back because it and another one stood in each other's way: worth the same transaction again. */
export function wasInTheWay(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '40P01' || code === '40001';
}
