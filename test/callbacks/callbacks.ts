import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { HOOK_TEMPLATE } from '../../src/persistence/repositories/hooks.repository.js';
import type { Answer } from '../support/client.js';
import type { TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

/** An address of ours as Klarna would have it. */
export interface AHook {
  id: string;
  /** The path with its secret, without a query. */
  path: string;
  secret: string;
}

export interface HookGiven {
  entry?: string;
  /** The caller's own URL. */
  template?: string | null;
  merchantId?: string;
  dataSubject?: string;
  operationId?: string;
  expiresAt?: Date;
}

/** Puts an address of ours there, as T1 would have; by default the demo merchant's, for nothing that is known. */
export async function aHook(gateway: TestGateway, given: HookGiven = {}): Promise<AHook> {
  const [id, secret] = [randomUUID(), randomBytes(32).toString('base64url')];
  const { entry = 'push', template = null, dataSubject = randomUUID(), operationId = randomUUID() } = given;
  await rowsOf(
    gateway.database,
    `INSERT INTO hooks (id, merchant_id, provider_account_id, operation_id, entry, secret_hash, template, data_subject, expires_at, created_at)
     SELECT $1, m.merchant_id, m.provider_account_id, $2, $3, $4, $5, $6, $7, now()
     FROM merchant_provider_accounts m WHERE $8::uuid IS NULL OR m.merchant_id = $8 LIMIT 1`,
    [
      ...[id, operationId, entry, createHash('sha256').update(secret).digest()],
      template === null ? null : gateway.app.get(SealedEnvelope).seal(Buffer.from(template), HOOK_TEMPLATE),
      ...[dataSubject, given.expiresAt ?? new Date('2099-01-01'), given.merchantId ?? null],
    ],
  );
  return { id, secret, path: `/webhooks/klarna/${id}/${secret}` };
}

/** Klarna calls, without credentials. */
export function callback(
  gateway: TestGateway,
  { path }: AHook,
  query = '',
  body?: unknown,
  headers?: Record<string, string>,
): Promise<Answer> {
  return gateway.call('POST', path + query, { as: null, body, ...(headers === undefined ? {} : { headers }) });
}

export interface StoredRow {
  id: string;
  entry: string;
  provider_order_id: string | null;
  provider_session_id: string | null;
  event_type: string | null;
  body: Buffer | null;
  repeats: number;
  state: string;
  result: string | null;
  attempts: number;
  next_at: Date | null;
  finished_at: Date | null;
}

export function rowsOfHook(gateway: TestGateway, { id }: AHook): Promise<StoredRow[]> {
  return rowsOf<StoredRow>(gateway.database, 'SELECT * FROM callbacks WHERE hook_id = $1 ORDER BY received_at, id', [id]);
}

/** Waits until every callback of an address has come to this. */
export async function cameTo(gateway: TestGateway, hook: AHook, result: string): Promise<StoredRow[]> {
  let rows: StoredRow[] = [];
  return until(
    `callbacks of the address are ${result}`,
    async () => {
      rows = await rowsOfHook(gateway, hook);
      return rows.length > 0 && rows.every((row) => row.result === result) && rows;
    },
    { hint: () => JSON.stringify(rows.map(({ state, result: is, attempts }) => ({ state, is, attempts }))) },
  );
}

/** Makes the callbacks of an address due now, as if their pauses were over. */
export async function lookAgain(gateway: TestGateway, { id }: AHook): Promise<void> {
  await rowsOf(gateway.database, `UPDATE callbacks SET next_at = received_at WHERE hook_id = $1 AND next_at IS NOT NULL`, [id]);
}

/** Whose data a payment session's, an order's or a checkout's is. */
export async function subjectOf(
  gateway: TestGateway,
  table: 'payment_sessions' | 'orders' | 'checkout_orders',
  providerId: string,
): Promise<string> {
  const column = table === 'payment_sessions' ? 'provider_session_id' : 'provider_order_id';
  const [row] = await rowsOf<{ data_subject: string }>(gateway.database, `SELECT data_subject FROM ${table} WHERE ${column} = $1`, [
    providerId,
  ]);
  if (row === undefined) throw new Error(`${table} has no ${providerId}`);
  return row.data_subject;
}

/** What is on its way to the caller's own URL because of an address. */
export function passedOn(
  gateway: TestGateway,
  hook: AHook,
): Promise<{ id: string; url: Buffer; body: Buffer | null; method: string; receiver: string; state: string; message_id: string }[]> {
  return rowsOf(
    gateway.database,
    `SELECT d.id, d.url, d.body, d.method, d.receiver, d.state, d.message_id FROM deliveries d JOIN callbacks c ON c.id = d.callback_id
     WHERE c.hook_id = $1 ORDER BY d.id`,
    [hook.id],
  );
}
