import { createHash } from 'node:crypto';
import { validate } from 'uuid';
import { derivedKey } from '../../src/operations/provider-key.js';
import type { Client } from '../support/client.js';
import { FIND_CONTRADICTIONS } from '../support/row-contradictions.js';
import { kindOfOperation, placed, type Target } from './kinds.js';
import { asTheShopSentIt } from './readdressed.js';
import type {
  Address,
  AttemptRow,
  Ledger,
  LedgerCheckout,
  LedgerOrder,
  LedgerPage,
  LedgerRequest,
  LedgerToken,
  OperationRow,
  Rows,
  StoredOrder,
} from './records.js';
import type { Topology } from './topology.js';

interface RawOperation extends Omit<OperationRow, 'providerKeys' | 'attempts' | 'address'> {
  readonly target: Buffer;
  readonly request: Buffer | null;
  readonly provider_key: string | null;
  readonly generation: number;
  readonly attempts: readonly AttemptRow[] | null;
}

/**
 * Reads the whole database. Requests in which addresses of ours stand are shown as their shops sent them.
 * @param sentAs gets, for each of these, how the ledger names what was sent in its place
 */
export async function collectRows(topology: Topology, sentAs = new Map<string, string>()): Promise<Rows> {
  await topology.noteTemplates();
  const { templates } = topology;
  const operations = await topology.rows<RawOperation>(`
    SELECT o.id, o.kind, o.state, o.reason, o.lane, o.position::float8 AS position, o.caller_key AS key, o.reference,
           o.amount::float8 AS amount, o.provider_key, o.generation, o.answer_headers AS "answerHeaders", a.attempts, o.target, o.request,
           (SELECT count(*)::int FROM readings WHERE operation_id = o.id) AS looks
      FROM operations o LEFT JOIN (
        SELECT operation_id, jsonb_agg(jsonb_build_object('id', id, 'number', number, 'fence', fence, 'outcome', outcome, 'status', status,
                                                          'providerId', provider_id) ORDER BY number) AS attempts
          FROM attempts GROUP BY operation_id) a ON a.operation_id = o.id
     ORDER BY o.id`);
  const orders = await topology.rows<StoredOrder & { [column: string]: unknown }>(`
    SELECT o.provider_order_id AS order_id, o.merchant_reference1, o.merchant_reference2, o.expires_at, o.status, o.order_amount::float8 AS order_amount,
           o.captured_amount::float8 AS captured_amount, o.refunded_amount::float8 AS refunded_amount,
           o.remaining_authorized_amount::float8 AS remaining_authorized_amount, o.anomaly,
           (SELECT count(*)::int FROM timeline WHERE order_id = o.id AND type = 'drift.found') AS drifts,
           (SELECT coalesce(jsonb_object_agg(provider_capture_id, amount), '{}') FROM captures WHERE order_id = o.id) AS captures,
           (SELECT coalesce(jsonb_object_agg(provider_refund_id, amount), '{}') FROM refunds WHERE order_id = o.id) AS refunds
      FROM orders o`);
  const contradictions = await topology.rows<{ contradiction: string; id: string | null }>(FIND_CONTRADICTIONS);
  return {
    operations: operations.map(({ provider_key, generation, attempts, target, request, ...row }) => ({
      ...row,
      address: addressOf(topology, row.kind, target, request, { templates, sentAs }),
      providerKeys: keysOf(row.id, row.key, provider_key, generation),
      attempts: attempts ?? [],
    })),
    orders: orders.map((order) => ({ ...order, expires_at: isoOf(order.expires_at) })),
    contradictions,
  };
}

interface Readdressed {
  readonly templates: ReadonlyMap<string, string | null>;
  readonly sentAs: Map<string, string>;
}

/** What an operation sends, as its sealed rows say. */
function addressOf(
  { envelope }: Topology,
  operation: string,
  target: Buffer,
  request: Buffer | null,
  { templates, sentAs }: Readdressed,
): Address | null {
  const kind = kindOfOperation(operation);
  if (kind === undefined) return null;
  const { parameters } = JSON.parse(envelope.open(target, 'operation.target').toString()) as { parameters: Target };
  const path = placed(kind.path, parameters);
  if (path === undefined) return null;
  const sent = request === null ? Buffer.alloc(0) : envelope.open(request, 'operation.request');
  const body = hashOf(asTheShopSentIt(sent, templates));
  sentAs.set(hashOf(sent), body);
  return { method: kind.method, path, body };
}

/** How the ledger names the bytes of a body. */
export function hashOf(body: Buffer | undefined): string {
  return createHash('sha256')
    .update(body ?? Buffer.alloc(0))
    .digest('hex');
}

function isoOf(time: Date | string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/** The key of the newest generation stands in the row; those before it follow from the rules (a caller's own, or derived). */
function keysOf(id: string, callerKey: string | null, newest: string | null, generation: number): string[] {
  const before = Array.from({ length: Math.max(0, generation - 1) }, (_, index) => derivedKey(id, index + 1));
  if (generation > 1 && callerKey !== null && validate(callerKey)) before.push(callerKey);
  return [...new Set([...(newest === null ? [] : [newest]), ...before])];
}

/** Reads what really happened. @param sentAs what shops sent, by what was sent in its place */
export async function collectLedger(simulator: Client, sentAs: ReadonlyMap<string, string> = new Map()): Promise<Ledger> {
  const { requests } = (await simulator.simulate('GET', '/simulator/ledger/requests')) as {
    requests: (LedgerRequest & { body_sha256: string })[];
  };
  const { customer_tokens: tokens } = (await simulator.simulate('GET', '/simulator/ledger/customer-tokens')) as {
    customer_tokens: LedgerToken[];
  };
  const { hosted_pages: pages } = (await simulator.simulate('GET', '/simulator/ledger/hosted-pages')) as { hosted_pages: LedgerPage[] };
  const { checkouts } = (await simulator.simulate('GET', '/simulator/ledger/checkouts')) as { checkouts: LedgerCheckout[] };
  const { orders: summaries } = (await simulator.simulate('GET', '/simulator/ledger/orders')) as { orders: { order_id: string }[] };
  const orders: LedgerOrder[] = [];
  for (const { order_id } of summaries) orders.push(ledgerOrder(await simulator.ledger(order_id)));
  return {
    orders,
    tokens,
    pages,
    checkouts,
    requests: requests.map(({ body_sha256: sent, ...request }) => ({ ...request, body: sentAs.get(sent) ?? sent })),
  };
}

function ledgerOrder(raw: Awaited<ReturnType<Client['ledger']>>): LedgerOrder {
  const { order_id, session_id, customer_token, merchant_reference1, merchant_reference2, acknowledged, status, captures, refunds } = raw;
  const { order_amount, captured_amount, refunded_amount, remaining_authorized_amount } = raw;
  return {
    ...{ order_id, session_id, customer_token, merchant_reference1, merchant_reference2, acknowledged, status },
    ...{ order_amount, captured_amount, refunded_amount, remaining_authorized_amount },
    expires_at: new Date(raw.expires_at).toISOString(),
    captures: captures.map((each) => ({
      id: each.capture_id,
      amount: each.captured_amount,
      reference: each.reference,
      key: each.idempotency_key,
    })),
    refunds: refunds.map((each) => ({
      id: each.refund_id,
      amount: each.refunded_amount,
      reference: each.reference,
      key: each.idempotency_key,
    })),
  };
}
