import type { Client } from '../support/client.js';
import type { Receiver } from './receiver.js';
import type { CallbackRow, DeliveryRow, EventRow, HookRow, SentCallback, StormEndpoint, Told } from './records-told.js';
import type { Topology } from './topology.js';

interface RawCallback {
  readonly callback_id: string;
  readonly kind: string;
  readonly url: string;
  readonly order_id: string | null;
  readonly first_at: string;
  readonly next_at: string | null;
  readonly withheld?: string;
  readonly attempts: readonly { readonly at: string; readonly status: number | null }[];
}

/** Klarna's callbacks as the simulator has them. */
export async function callbacksAtKlarna(simulator: Client): Promise<readonly RawCallback[]> {
  return ((await simulator.simulate('GET', '/simulator/callbacks')) as { callbacks: RawCallback[] }).callbacks;
}

/** Reads what merchants were told and what came of Klarna's callbacks. @param replayed ids of deliveries that were given up, and sent again on demand */
export async function collectTold(
  topology: Topology,
  simulator: Client,
  { takings, strangers }: Receiver,
  endpoints: readonly StormEndpoint[],
  replayed: ReadonlySet<string>,
): Promise<Told> {
  const events = await topology.rows<EventRow & { [column: string]: unknown }>(`
    SELECT id, subject, sequence::float8 AS sequence, type, provider_order_id AS "order", operation_id AS operation, data FROM events`);
  const deliveries = await topology.rows<Omit<DeliveryRow, 'replayed'> & { [column: string]: unknown }>(`
    SELECT id, message_id AS "messageId", endpoint_id AS "endpointId", callback_id AS "callbackId", state, reason FROM deliveries`);
  const callbacks = await topology.rows<CallbackRow & { [column: string]: unknown }>(`
    SELECT id, hook_id AS "hookId", entry, provider_order_id AS "order", repeats + 1 AS times, state, result FROM callbacks`);
  const hooks = await topology.rows<HookRow & { [column: string]: unknown }>(
    'SELECT id, entry, (1000 * extract(epoch FROM expires_at))::float8 AS "expiresAt" FROM hooks',
  );
  const sent = (await callbacksAtKlarna(simulator)).map(({ callback_id: id, kind, url, order_id: order, attempts }): SentCallback => ({
    ...{ id, kind, url, order },
    attempts: attempts.map(({ at, status }) => ({ at: Date.parse(at), status })),
  }));
  return {
    ...{ endpoints, takings, strangers, events, callbacks, hooks, sent },
    deliveries: deliveries.map((each) => ({ ...each, replayed: replayed.has(each.id) })),
  };
}
