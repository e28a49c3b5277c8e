import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { Database } from '../../src/persistence/database.js';
import { DeliveriesRepository, receiverOf } from '../../src/persistence/repositories/deliveries.repository.js';
import { EventsRepository, type EventType } from '../../src/persistence/repositories/events.repository.js';
import type { TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';

/** A merchant of a test, by the name that `addMerchant` was given. */
export interface Shop {
  /** As `Client.call` takes it. */
  as: string;
  merchantId: string;
  accountId: string;
}

export async function shopOf({ database }: TestGateway, as: string): Promise<Shop> {
  const [row] = await rowsOf<{ id: string; account: string }>(
    database,
    `SELECT m.id, a.provider_account_id AS account FROM merchants m JOIN merchant_provider_accounts a ON a.merchant_id = m.id
     WHERE m.name = $1 LIMIT 1`,
    [as.split(':')[0]],
  );
  if (row === undefined) throw new Error(`There is no merchant ${as}`);
  return { as, merchantId: row.id, accountId: row.account };
}

/** Registers an endpoint at a URL to which nothing is sent. @returns its id */
export async function anEndpoint(gateway: TestGateway, { as }: Shop, body: object = {}): Promise<string> {
  const answer = await gateway.call('POST', '/notifications/endpoints', { as, body: { url: 'https://shop.example/events', ...body } });
  if (answer.status !== 201) throw new Error(`No endpoint: ${answer.status} ${answer.text}`);
  return (answer.json as { id: string }).id;
}

/** An order as it stands there after it was told of. @returns our id and the provider's */
export async function anOrder({ database }: TestGateway, shop: Shop): Promise<{ id: string; providerOrderId: string }> {
  const [id, providerOrderId] = [uuidv7(), randomUUID()];
  await rowsOf(
    database,
    `INSERT INTO orders (id, merchant_id, provider, provider_account_id, provider_order_id, data_subject, captured_amount, refunded_amount, created_at,
       updated_at, announced_at, timeline_sequence, origin)
     VALUES ($1, $2, 'klarna', $3, $4, $1, 0, 0, now(), now(), now(), 0, 'created')`,
    [id, shop.merchantId, shop.accountId, providerOrderId],
  );
  return { id, providerOrderId };
}

export interface Told {
  type?: EventType;
  at?: Date;
  order?: { id: string; providerOrderId: string } | null;
  subject?: string;
  data?: Record<string, unknown>;
  secret?: Buffer | null;
}

/** Publishes an event, as what happened does it. @returns the ids of its deliveries, oldest endpoint first */
export async function told(gateway: TestGateway, { merchantId }: Shop, event: Told = {}): Promise<string[]> {
  const { type = 'order.captured', at = new Date(), order = null, subject = order?.id ?? uuidv7(), data = {}, secret = null } = event;
  const database = gateway.app.get(Database);
  await database.transaction((tx) =>
    gateway.app.get(EventsRepository).publish(tx, [
      {
        ...{ merchantId, subject, type, at, data, secret, operationId: null },
        ...{ orderId: order?.id ?? null, providerOrderId: order?.providerOrderId ?? null },
      },
    ]),
  );
  const rows = await database.query<{ id: string }>(
    `SELECT d.id FROM events e JOIN deliveries d ON d.event_id = e.id
     WHERE e.subject = $1 AND e.sequence = (SELECT last_sequence FROM event_subjects WHERE id = $1) ORDER BY d.endpoint_id`,
    [subject],
  );
  return rows.map(({ id }) => id);
}

/** Ends deliveries, as the worker does it. */
export async function ended({ database }: TestGateway, ids: readonly string[], state: string, reason: string | null = null): Promise<void> {
  await rowsOf(database, `UPDATE deliveries SET state = $2, reason = $3, next_at = NULL, ended_at = now() WHERE id = ANY ($1)`, [
    ids,
    state,
    reason,
  ]);
}

export interface CameIn {
  entry?: string;
  at?: Date;
  providerOrderId?: string | null;
  state?: string;
  /** Of another callback: the same address of ours. */
  hookId?: string;
}

/** A callback of the provider's in the inbox. @returns its id and its hook's */
export async function cameIn({ database }: TestGateway, shop: Shop, callback: CameIn = {}): Promise<{ id: string; hookId: string }> {
  const { entry = 'push', at = new Date(), providerOrderId = null, state = 'done', hookId = uuidv7() } = callback;
  const id = uuidv7({ msecs: at.getTime() });
  if (callback.hookId === undefined)
    await rowsOf(
      database,
      `INSERT INTO hooks (id, merchant_id, provider_account_id, operation_id, entry, secret_hash, data_subject, expires_at, created_at)
       VALUES ($1, $2, $3, $1, $4, '', $1, now(), now())`,
      [hookId, shop.merchantId, shop.accountId, entry],
    );
  await rowsOf(
    database,
    `INSERT INTO callbacks (id, hook_id, merchant_id, provider_account_id, entry, provider_order_id, fingerprint, repeats, received_at,
       last_received_at, state, result, attempts, fence)
     VALUES ($1, $2, $3, $4, $5, $6, $9, 2, $7, $7, $8, 'order-read', 1, 1)`,
    [id, hookId, shop.merchantId, shop.accountId, entry, providerOrderId, at, state, Buffer.from(id)],
  );
  return { id, hookId };
}

/** A callback that is passed on to a URL of the shop's own. @returns the delivery's id */
export async function passedOn(gateway: TestGateway, { merchantId }: Shop, callbackId: string, at = new Date()): Promise<string> {
  const url = 'https://own.shop.example:8443/push?order=secret';
  const [id = ''] = await gateway.app.get(DeliveriesRepository, { strict: false }).enqueue(gateway.app.get(Database), [
    {
      ...{
        merchantId,
        receiver: receiverOf(merchantId, url, 'push'),
        eventId: null,
        callbackId,
        messageId: callbackId,
        subject: null,
        sequence: null,
      },
      ...{ method: 'POST', url, body: null, at },
    },
  ]);
  return id;
}
