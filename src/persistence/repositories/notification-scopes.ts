/** Which deliveries, or callbacks, of one merchant are meant. Null: whatever. */
export interface Scope {
  merchantId: string;
  /** Sorted by nothing, each once. */
  states: readonly string[];
  /** A type of events, or an entry of the provider's callbacks. */
  type: string | null;
  endpointId: string | null;
  order: {
    /** Our id; null when it is not known here. */
    id: string | null;
    providerOrderId: string;
  } | null;
  /** The smallest id that counts: ids begin with the time of what they tell. */
  from: string | null;
  /** Only smaller ones. */
  before: string | null;
}

/** A statement's text with its parameters. */
export interface Sql {
  text: string;
  params: readonly unknown[];
}

/**
 * The newest ids of a scope, newest first. Each state is read from the end of an index that begins with what the scope names, `limit` rows
 * of it at most: it reads as many with a thousand rows as with a million. What belongs to one order is read as a whole: there is little of it.
 */
export function deliveriesIn(scope: Scope, limit: number): Sql {
  const { params, add } = parameters();
  const merchant = add(scope.merchantId, 'uuid');
  const rest = bounds(scope, 'd', add);
  if (scope.order !== null) {
    if (scope.type !== null) rest.push(`d.type = ${add(scope.type, 'text')}`);
    if (scope.endpointId !== null) rest.push(`d.endpoint_id = ${add(scope.endpointId, 'uuid')}`);
    const within = [`d.merchant_id = ${merchant}`, `d.state = ANY (${add(scope.states, 'text[]')})`, ...rest].join(' AND ');
    // OFFSET 0 keeps each look by its own index: of a merchant with little the planner would else read all there is.
    const ones = (of: string) => `CROSS JOIN LATERAL (SELECT d.id FROM deliveries d WHERE ${of} AND ${within} OFFSET 0) d`;
    const text = `
      SELECT d.id FROM events e ${ones('d.event_id = e.id')} WHERE e.order_id = ${add(scope.order.id, 'uuid')}
      UNION
      SELECT d.id FROM callbacks c ${ones('d.callback_id = c.id')}
      WHERE c.merchant_id = ${merchant} AND c.provider_order_id = ${add(scope.order.providerOrderId, 'text')}
      ORDER BY id DESC LIMIT ${add(limit, 'integer')}`;
    return { text, params };
  }
  const keys = [
    scope.endpointId === null ? `d.merchant_id = ${merchant}` : `d.endpoint_id = ${ownEndpoint(scope.endpointId, merchant, add)}`,
  ];
  if (scope.type !== null) keys.push(`d.type = ${add(scope.type, 'text')}`);
  return { text: byState('deliveries d', 'd.id', [...keys, ...rest], scope.states, limit, add), params };
}

/** The same of callbacks; they have no endpoint. */
export function callbacksIn(scope: Omit<Scope, 'endpointId'>, limit: number): Sql {
  const { params, add } = parameters();
  const keys = [`c.merchant_id = ${add(scope.merchantId, 'uuid')}`];
  if (scope.type !== null) keys.push(`c.entry = ${add(scope.type, 'text')}`);
  const rest = bounds(scope, 'c', add);
  if (scope.order === null) return { text: byState('callbacks c', 'c.id', [...keys, ...rest], scope.states, limit, add), params };
  const ofOrder = [`c.provider_order_id = ${add(scope.order.providerOrderId, 'text')}`, `c.state = ANY (${add(scope.states, 'text[]')})`];
  const text = `SELECT c.id FROM callbacks c WHERE ${[...keys, ...ofOrder, ...rest].join(' AND ')} ORDER BY c.id DESC LIMIT ${add(limit, 'integer')}`;
  return { text, params };
}

type Add = (value: unknown, type: string) => string;

function parameters(): { params: unknown[]; add: Add } {
  const params: unknown[] = [];
  return { params, add: (value, type) => `$${params.push(value)}::${type}` };
}

function bounds({ from, before }: Pick<Scope, 'from' | 'before'>, row: string, add: Add): string[] {
  const both: string[] = [];
  if (from !== null) both.push(`${row}.id >= ${add(from, 'uuid')}`);
  if (before !== null) both.push(`${row}.id < ${add(before, 'uuid')}`);
  return both;
}

/** Of another merchant: none. */
function ownEndpoint(id: string, merchant: string, add: Add): string {
  return `(SELECT id FROM notification_endpoints WHERE merchant_id = ${merchant} AND id = ${add(id, 'uuid')})`;
}

function byState(table: string, id: string, conditions: readonly string[], states: readonly string[], limit: number, add: Add): string {
  const most = add(limit, 'integer');
  const [alias = ''] = table.split(' ').slice(-1);
  return `
    SELECT found.id FROM unnest(${add(states, 'text[]')}) AS wanted (state) CROSS JOIN LATERAL (
      SELECT ${id} FROM ${table} WHERE ${conditions.join(' AND ')} AND ${alias}.state = wanted.state ORDER BY ${id} DESC LIMIT ${most}
    ) found ORDER BY found.id DESC LIMIT ${most}`;
}
