// Whether Klarna's ledger, Postgres and the gateway's own API tell the same story, to the unit. Amounts are whole minor units.

/** What really happened: the simulator's ledger. */
export function pictureOfLedger(order, summary) {
  const writes = order.requests.filter(({ method }) => method !== 'GET');
  return {
    order: amountsOf(order),
    captures: order.captures.map((each) => ({
      id: each.capture_id,
      amount: each.captured_amount,
      reference: each.reference,
      key: each.idempotency_key,
    })),
    refunds: order.refunds.map((each) => ({
      id: each.refund_id,
      amount: each.refunded_amount,
      reference: each.reference,
      key: each.idempotency_key,
    })),
    effects: countBy(
      writes.filter(({ executed }) => executed),
      (request) => request.idempotency_key ?? 'create order',
    ),
    totals: { orders: summary.orders, captures: summary.captures, refunds: summary.refunds, unfinished: 0 },
  };
}

/**
 * What Postgres holds. Every operation that succeeded stands for one effect under its key.
 * @param client a connected `pg` client
 */
export async function pictureOfPostgres(client, orderId) {
  const rows = async (text, values = []) => (await client.query(text, values)).rows;
  const [order] = await rows('SELECT * FROM orders WHERE provider_order_id = $1', [orderId]);
  const movements = (table, id) =>
    rows(
      `SELECT m.${id} AS id, m.amount, m.reference, o.provider_key AS key
       FROM ${table} m LEFT JOIN operations o ON o.id = m.operation_id AND o.state = 'succeeded'
       WHERE m.order_id = $1 ORDER BY o.id`,
      [order?.id ?? null],
    );
  const operations = await rows(
    `SELECT provider_key FROM operations
     WHERE state = 'succeeded' AND (lane = $1 OR kind = 'payments.create-order')`,
    [orderId],
  );
  const [totals] = await rows(
    `SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM captures) AS captures, (SELECT count(*) FROM refunds) AS refunds,
            (SELECT count(*) FROM operations WHERE finished_at IS NULL) AS unfinished`,
  );
  return {
    order: amountsOf(order ?? {}),
    captures: (await movements('captures', 'provider_capture_id')).map(movementOf),
    refunds: (await movements('refunds', 'provider_refund_id')).map(movementOf),
    effects: countBy(operations, (operation) => operation.provider_key ?? 'create order'),
    totals: Object.fromEntries(Object.entries(totals).map(([name, count]) => [name, Number(count)])),
  };
}

/** What `GET /orders/{id}` serves, and the ledger's part that can be compared with it: it knows neither keys nor totals. */
export function pictureOfApi(order) {
  return {
    order: amountsOf(order),
    captures: order.captures.map((each) => ({ id: each.capture_id, amount: each.captured_amount, reference: each.reference })),
    refunds: order.refunds.map((each) => ({ id: each.refund_id, amount: each.refunded_amount, reference: each.reference })),
  };
}
export function withoutKeys({ order, captures, refunds }) {
  const plain = ({ id, amount, reference }) => ({ id, amount, reference });
  return { order, captures: captures.map(plain), refunds: refunds.map(plain) };
}

/**
 * Where two pictures differ, one line each; empty when they agree.
 * @param names of the two, for the lines
 */
export function differences(one, other, names, path = '') {
  if (!isObject(one) || !isObject(other)) {
    return Object.is(one, other) ? [] : [`${path}: ${names[0]} has ${JSON.stringify(one)}, ${names[1]} has ${JSON.stringify(other)}`];
  }
  const members = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return members.flatMap((member) => {
    const place = path === '' ? member : Array.isArray(one) ? `${path}[${member}]` : `${path}.${member}`;
    return differences(one[member], other[member], names, place);
  });
}

const isObject = (value) => typeof value === 'object' && value !== null;

function amountsOf(order) {
  const number = (value) => (value === null || value === undefined ? null : Number(value));
  return {
    status: order.status ?? null,
    order_amount: number(order.order_amount),
    captured_amount: number(order.captured_amount),
    refunded_amount: number(order.refunded_amount),
    remaining_authorized_amount: number(order.remaining_authorized_amount),
  };
}

function movementOf({ id, amount, reference, key }) {
  return { id, amount: Number(amount), reference, key };
}

function countBy(items, name) {
  const counts = {};
  for (const item of items) counts[name(item)] = (counts[name(item)] ?? 0) + 1;
  return counts;
}
