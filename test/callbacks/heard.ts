import { randomUUID } from 'node:crypto';
import { DeliveriesRepository, EVENT_SECRET } from '../../src/persistence/repositories/deliveries.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import type { TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';

/** Registers an endpoint of the demo merchant's that takes everything; nobody need listen there. @returns its id */
export async function anEndpoint(gateway: TestGateway, events: string[] | null = null): Promise<string> {
  const id = randomUUID();
  await rowsOf(
    gateway.database,
    `INSERT INTO notification_endpoints (id, merchant_id, url, events, strict_order, secret, version, created_at, updated_at)
     SELECT $1, merchant_id, 'https://shop.invalid/events', $2, false, '', 1, now(), now() FROM merchant_provider_accounts LIMIT 1`,
    [id, events],
  );
  return id;
}

export interface HeardEvent {
  subject: string;
  data: Record<string, unknown>;
  provider_order_id: string | null;
  /** The members that are sealed. */
  secret: Record<string, unknown> | null;
  deliveries: { state: string; reason: string | null }[];
}

/** Events of a type about what the data names by this member. */
export async function eventsOf(gateway: TestGateway, type: string, member: string, value: string): Promise<HeardEvent[]> {
  const rows = await rowsOf<Omit<HeardEvent, 'secret'> & { secret: Buffer | null }>(
    gateway.database,
    `SELECT e.subject, e.data, e.provider_order_id, e.secret,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('state', d.state, 'reason', d.reason)), '[]') FROM deliveries d WHERE d.event_id = e.id)
              AS deliveries
       FROM events e WHERE e.type = $1 AND (e.data ->> $2 = $3 OR ($2 = 'order' AND e.provider_order_id = $3)) ORDER BY e.sequence`,
    [type, member, value],
  );
  const envelope = gateway.app.get(SealedEnvelope);
  return rows.map(({ secret, ...row }) => ({
    ...row,
    secret: secret && (JSON.parse(envelope.open(secret, EVENT_SECRET).toString()) as Record<string, unknown>),
  }));
}

/** What is on its way, or was, to the callers' own addresses that contain this. */
export async function toldAt(gateway: TestGateway, part: string): Promise<{ url: string; method: string; body: string; state: string }[]> {
  const deliveries = gateway.app.get(DeliveriesRepository, { strict: false });
  const rows = await rowsOf<{ url: Buffer; method: string; body: Buffer | null; state: string }>(
    gateway.database,
    'SELECT url, method, body, state FROM deliveries WHERE url IS NOT NULL ORDER BY created_at, id',
  );
  return rows
    .map(({ url, method, body, state }) => ({ url: deliveries.urlOf(url), method, body: deliveries.bodyOf(body).toString(), state }))
    .filter(({ url }) => url.includes(part));
}

/** The rows of what is known to be authorized in a session, oldest first. */
export function authorizationsOf(
  gateway: TestGateway,
  sessionId: string,
): Promise<{ source: string; outcome: string | null; hasToken: boolean }[]> {
  return rowsOf(
    gateway.database,
    `SELECT a.source, a.outcome, a.token IS NOT NULL AS "hasToken" FROM authorizations a JOIN payment_sessions s ON s.id = a.session_id
      WHERE s.provider_session_id = $1 ORDER BY a.learned_at, a.id`,
    [sessionId],
  );
}
