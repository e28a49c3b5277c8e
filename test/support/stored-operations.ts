import { v7 as uuidv7 } from 'uuid';
import type { TestGateway } from './gateway.js';
import { rowsOf } from './scene.js';

export interface StoredOperation {
  state?: string;
  kind?: string;
  /** The provider's order id. */
  lane?: string | null;
  /** Minor units. */
  amount?: number | null;
  /** Business time of its acceptance. */
  at?: Date;
  finishedAt?: Date | null;
  count?: number;
}

const FINAL = ['succeeded', 'rejected', 'abandoned', 'withdrawn'];

/** Writes operations as they would stand there, one ms apart, the last one at `at`. @returns their ids, oldest first */
export async function storeOperations(gateway: TestGateway, merchant: string, stored: StoredOperation): Promise<string[]> {
  const { state = 'succeeded', kind = 'order-management.capture', lane = null, amount = null, at = new Date(), count = 1 } = stored;
  const times = Array.from({ length: count }, (_, index) => new Date(at.getTime() - (count - 1 - index)));
  const ids = times.map((time) => uuidv7({ msecs: time.getTime() }));
  const finishedAt = stored.finishedAt === undefined ? (FINAL.includes(state) ? at : null) : stored.finishedAt;
  await rowsOf(
    gateway.database,
    `INSERT INTO operations (id, merchant_id, provider_account_id, kind, class, state, lane, target, request, fingerprint, amount, fence,
       opened_at, waits_until, answer_status, answer_headers, answer_body, created_at, finished_at)
     SELECT n.id, m.id, a.provider_account_id, $3, 'durable', $4, $5, '\\x00', '\\x01', gen_random_bytes.bytes, $6, 1,
       n.at, n.at, CASE WHEN $8::timestamptz IS NOT NULL THEN 201 END, '{}', '\\x02', n.at, $8
     FROM unnest($1::uuid[], $7::timestamptz[]) AS n(id, at)
     CROSS JOIN (SELECT id FROM merchants WHERE name = $2) m
     CROSS JOIN LATERAL (SELECT provider_account_id FROM merchant_provider_accounts WHERE merchant_id = m.id LIMIT 1) a
     CROSS JOIN LATERAL (SELECT decode(md5(n.id::text), 'hex') AS bytes) gen_random_bytes`,
    [ids, merchant, kind, state, lane, amount, times, finishedAt],
  );
  return ids;
}
