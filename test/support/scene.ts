import { expect } from '@jest/globals';
import pg from 'pg';
import { atATime } from './at-a-time.js';
import { type Answer, cartOf, type Client, type LedgerOrder } from './client.js';
import type { TestDatabase } from './postgres.js';
import { until } from './until.js';

/** An operation as `GET /operations/{id}` shows it. */
export interface OperationView {
  id: string;
  kind: string;
  class: string;
  state: string;
  order_id: string | null;
  blocked_by: string | null;
  attempts: number;
  next_attempt_at: string | null;
  answer: { status: number; headers: Record<string, string>; body: unknown } | null;
  reason: string | null;
  order_lines_check: { passes: boolean; findings: { field: string }[]; lines: { findings: { field: string }[] }[] } | null;
  history: {
    type: 'attempt' | 'reading' | 'resolution';
    outcome: string | null;
    status: number | null;
    code: string | null;
    generation: number | null;
  }[];
}

export type LedgerRequest = LedgerOrder['requests'][number] & { sequence: number; outcome: number | null; replayed: boolean };

const FINAL = ['succeeded', 'rejected', 'abandoned', 'withdrawn'];

export const ordersPath = (orderId: string, suffix = ''): string => `/ordermanagement/v1/orders/${orderId}${suffix}`;

/** A place at the simulator where calls stop until the test lets them go on. */
export interface Gate {
  /** Resolves when so many calls wait there. */
  waiting(count?: number): Promise<void>;
  open(): Promise<void>;
}

/** @param at `before` Klarna carries the call out, or `after`: the effect is there and its answer is not */
export async function gateAt(client: Client, at: 'before' | 'after', path: string, method = 'POST'): Promise<Gate> {
  const { id } = (await client.simulate('POST', '/simulator/gates', { match: { method, path }, at })) as { id: string };
  return {
    waiting: async (count = 1) => {
      const seen = (await client.simulate('GET', `/simulator/gates/${id}?waiting=${count}`)) as { waiting: number };
      if (seen.waiting < count) throw new Error(`${seen.waiting} calls wait at the gate ${at} ${method} ${path}, not ${count}`);
    },
    open: async () => {
      await client.simulate('DELETE', `/simulator/gates/${id}`);
    },
  };
}

/** A fault that hits until it is taken back. */
export async function lasting(
  client: Client,
  kind: string,
  match: { method?: string; path: string },
  more: Record<string, unknown> = {},
): Promise<{ end(): Promise<void> }> {
  const { id } = (await client.fault(kind, match, { times: 1_000_000, ...more })) as { id: string };
  return {
    end: async () => {
      await client.simulate('DELETE', `/simulator/faults/${id}`);
    },
  };
}

/** The operation that an answer points to. */
export function operationIn({ headers, status, text }: Answer): string {
  const id = /^\/operations\/([0-9a-f-]{36})$/.exec(headers['location'] ?? '')?.[1];
  if (id === undefined) throw new Error(`The answer ${status} ${text} names no operation`);
  return id;
}

export async function operation(client: Client, of: Answer | string): Promise<OperationView> {
  const answer = await client.get(`/operations/${typeof of === 'string' ? of : operationIn(of)}`);
  if (answer.status !== 200) throw new Error(`No operation: ${answer.status} ${answer.text}`);
  return answer.json as OperationView;
}

/** Waits until the operation is in one of these states (by default: final). */
export async function settled(
  client: Client,
  of: Answer | string,
  states: readonly string[] = FINAL,
  withinMs = 15_000,
): Promise<OperationView> {
  let last: OperationView | undefined;
  return until(
    `the operation is ${states.join(' or ')}`,
    async () => {
      last = await operation(client, of);
      return states.includes(last.state) && last;
    },
    { withinMs, hint: () => JSON.stringify(last, null, 1) },
  );
}

/** Requests that reached Klarna, oldest first; `path` exact, or a prefix that ends in `*`. */
export async function requests(client: Client, match: { method?: string; path: string }, since = 0): Promise<LedgerRequest[]> {
  const { requests } = (await client.simulate('GET', `/simulator/ledger/requests?since=${since}`)) as { requests: LedgerRequest[] };
  const fits = (path: string) => (match.path.endsWith('*') ? path.startsWith(match.path.slice(0, -1)) : path === match.path);
  return requests.filter(({ method, path }) => fits(path) && (match.method ?? method) === method);
}

/** The newest request's number at the simulator: what comes after it is the test's. */
export async function lastSequence(client: Client): Promise<number> {
  return (await requests(client, { path: '/*' })).at(-1)?.sequence ?? 0;
}

/** Rows of the gateway's database, as Postgres has them. */
export async function rowsOf<T extends pg.QueryResultRow>(database: TestDatabase, sql: string, params: unknown[] = []): Promise<T[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    return (await client.query<T>(sql, params)).rows;
  } finally {
    await client.end();
  }
}

/** What the database holds of an order, in the words of the simulator's ledger; amounts in minor units. */
async function stored(database: TestDatabase, orderId: string) {
  const [row] = await rowsOf(
    database,
    `SELECT o.order_amount::float8 AS order_amount, o.captured_amount::float8 AS captured_amount, o.refunded_amount::float8 AS refunded_amount,
            o.remaining_authorized_amount::float8 AS remaining_authorized_amount, o.anomaly,
            (SELECT coalesce(jsonb_object_agg(provider_capture_id, amount), '{}') FROM captures WHERE order_id = o.id) AS captures,
            (SELECT coalesce(jsonb_object_agg(provider_refund_id, amount), '{}') FROM refunds WHERE order_id = o.id) AS refunds
       FROM orders o WHERE provider_order_id = $1`,
    [orderId],
  );
  return row;
}

/** Expects the rows of an order to equal what really happened at Klarna, to the unit, without anything that does not add up. */
export async function expectRowsLikeLedger(gateway: Client & { database: TestDatabase }, orderId: string): Promise<LedgerOrder> {
  const ledger = await gateway.ledger(orderId);
  const truth = {
    order_amount: ledger.order_amount,
    captured_amount: ledger.captured_amount,
    refunded_amount: ledger.refunded_amount,
    remaining_authorized_amount: ledger.remaining_authorized_amount,
    anomaly: null,
    captures: Object.fromEntries(ledger.captures.map(({ capture_id, captured_amount }) => [capture_id, captured_amount])),
    refunds: Object.fromEntries(ledger.refunds.map(({ refund_id, refunded_amount }) => [refund_id, refunded_amount])),
  };
  expect(await stored(gateway.database, orderId)).toEqual(truth);
  return ledger;
}

/** What a caller was told for good: everything of an answer but what belongs to the one exchange. */
export function told({ status, headers, text }: Answer): Record<string, unknown> {
  const path = headers['location']?.replace(/^https?:\/\/[^/]+/, '');
  return { status, text, location: path, capture: headers['capture-id'], refund: headers['refund-id'] };
}

/** The types of an order's timeline entries, oldest first. */
export async function timeline(
  client: Client,
  orderId: string,
): Promise<{ type: string; operation_id: string | null; data: Record<string, unknown> }[]> {
  const answer = await client.get(`/orders/${orderId}/timeline?limit=200`);
  return (answer.json as { items: { type: string; operation_id: string | null; data: Record<string, unknown> }[] }).items;
}

/** Waits until so many operations of an order were accepted: what is asked for next comes after them. */
export async function accepted(gateway: { database: TestDatabase }, orderId: string, count: number): Promise<void> {
  await until(`${count} operations of the order are on record`, async () => {
    const [row] = await rowsOf<{ count: number }>(gateway.database, 'SELECT count(*)::int AS count FROM operations WHERE lane = $1', [
      orderId,
    ]);
    return row?.count === count;
  });
}

/**
 * A capture that only a person can settle: refused after an unknown attempt, and two captures that somebody made elsewhere look like it.
 * @returns its operation
 */
export async function manualCapture(gateway: Client, orderId: string, amount: number): Promise<string> {
  const path = ordersPath(orderId, '/captures');
  const body = { captured_amount: amount, reference: 'doubtful' };
  await gateway.fault('reset_before', { method: 'POST', path });
  await gateway.fault('status', { method: 'POST', path }, { code: 403, error_code: 'CAPTURE_NOT_ALLOWED' });
  const gate = await gateAt(gateway, 'before', ordersPath(orderId), 'GET');
  const call = gateway.call('POST', path, { body, headers: { Prefer: 'wait=2' } });
  // The order may be read for other reasons, too: what counts is that Klarna has turned the repeat down.
  await until('Klarna has refused', async () => {
    const { faults } = (await gateway.simulate('GET', '/simulator/faults')) as { faults: { match: { path: string } }[] };
    return faults.every(({ match }) => match.path !== path);
  });
  await gate.waiting();
  for (let made = 0; made < 2; made += 1) await elsewhere(gateway, path, body);
  await gate.open();
  return (await settled(gateway, await call, ['manual'])).id;
}

/** A write that Klarna gets from somewhere else, such as its merchant portal. @returns Klarna's answer, parsed; undefined without a body */
export async function elsewhere(client: Client, path: string, body?: unknown): Promise<unknown> {
  const headers = { Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}`, 'Content-Type': 'application/json' };
  const answer = await fetch(client.simulatorUrl + path, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path} elsewhere: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** An order that the gateway does not know yet. @param amount minor units @returns its id at Klarna */
export async function placedElsewhere(client: Client, amount = 10_000): Promise<string> {
  const cart = cartOf(amount);
  const { session_id: session } = (await elsewhere(client, '/payments/v1/sessions', cart)) as { session_id: string };
  const { authorization_token: token } = (await client.simulate('POST', `/simulator/sessions/${session}/authorize`, {})) as {
    authorization_token: string;
  };
  return ((await elsewhere(client, `/payments/v1/authorizations/${token}/order`, cart)) as { order_id: string }).order_id;
}

/** @returns the ids of so many orders that the gateway does not know yet */
export function manyPlacedElsewhere(client: Client, count: number): Promise<string[]> {
  return atATime(20, Array.from({ length: count }), () => placedElsewhere(client));
}
