import { kindOf, kindOfRequest } from './kinds.js';
import type { Finding, IntentRecord, LedgerOrder, StoredOrder } from './records.js';
import { grouped, type World } from './world.js';

/** What only sets values while its caller waits is not sent any more once somebody has asked for newer ones. */
export function olderAfterNewer(intents: readonly IntentRecord[], world: World): Finding[] {
  const places = grouped(
    intents.filter(({ kind, asks }) => kindOf(kind).newestWins === true && asks.length > 0),
    ({ path }) => path,
  );
  return [...places.values()].flatMap((asked) =>
    asked.flatMap((newer): Finding[] => {
      const began = Math.min(...newer.asks.map((ask) => ask.began));
      const [first] = world.equalTo(newer);
      const late = asked
        .filter((older) => older !== newer && older.asks.every(({ ended }) => ended < began))
        .flatMap((older) => world.equalTo(older))
        .find(({ sequence }) => first !== undefined && sequence > first.sequence);
      const what = `request ${late?.sequence} came after request ${first?.sequence}, which was asked for when it was over`;
      return late === undefined ? [] : [{ column: 'mismatches', what, intent: newer.id }];
    }),
  );
}

/** Whatever happened at Klarna was asked for by somebody, and recorded before. */
export function effectsWithoutIntent(intents: readonly IntentRecord[], world: World): Finding[] {
  const references = new Set(intents.map(({ reference }) => reference));
  const placing = intents.filter(({ kind }) => kind === 'create-order' || kind === 'order-of-token');
  const sessions = new Set(placing.map(({ target }) => target['sessionId'] ?? null));
  const ofTokens = new Set(placing.map(({ target, reference }) => `${target['customerToken']} ${reference}`));
  const findings: Finding[] = [];
  for (const order of world.ledger.orders) {
    if (order.session_id === null ? !ofTokens.has(`${order.customer_token} ${order.merchant_reference1}`) : !sessions.has(order.session_id))
      findings.push({ column: 'mismatches', what: 'an order that nobody asked for', order: order.order_id });
    for (const { id, reference, key } of [...order.captures, ...order.refunds]) {
      if (reference === null || !references.has(reference)) {
        findings.push({ column: 'mismatches', what: `${id} (${reference}), which nobody asked for`, order: order.order_id });
      }
      if (world.operationOfKey(key) === undefined) {
        findings.push({
          column: 'mismatches',
          what: `${id} (${reference}) was made without an operation (key ${key})`,
          order: order.order_id,
        });
      }
    }
  }
  for (const request of world.ledger.requests) {
    const { method, path, executed, idempotency_key: key, order_id } = request;
    const kind = executed && method !== 'GET' ? kindOfRequest(method, path) : undefined;
    // Captures and refunds were looked at above.
    if (kind === undefined || kind.counts === 'captures' || kind.counts === 'refunds') continue;
    if (world.operationOf(request, kind.sameBy === 'key') === undefined) {
      findings.push({
        column: 'mismatches',
        what: `request ${request.sequence} (${path}) was carried out without an operation (key ${key})`,
        ...(order_id === null ? {} : { order: order_id }),
      });
    }
  }
  return findings;
}

/** The database shows every order as Klarna has it. */
export function ordersAgree(intents: readonly IntentRecord[], world: World): Finding[] {
  const findings: Finding[] = [];
  const makers = new Map(
    intents.flatMap((intent) =>
      intent.kind === 'create-order' || intent.kind === 'order-of-token' ? world.effectsOf(intent).map((id) => [id, intent] as const) : [],
    ),
  );
  for (const { order_id } of world.orders.values()) {
    if (world.stored.has(order_id)) continue;
    // A placed order whose id can't be had is a person's to find.
    const intent = makers.get(order_id);
    if (intent !== undefined && world.operationsOf(intent).some(({ state }) => state === 'manual')) continue;
    findings.push({ column: 'mismatches', what: 'Klarna has an order that the database has not', order: order_id });
  }
  for (const row of world.stored.values()) {
    const order = world.orders.get(row.order_id);
    const differences = order === undefined ? ['Klarna has no such order'] : differencesOf(order, row);
    for (const what of [...differences, ...flagsOf(row)]) findings.push({ column: 'mismatches', what, order: row.order_id });
  }
  return findings;
}

const COMPARED = [
  ...(['status', 'order_amount', 'captured_amount', 'refunded_amount', 'remaining_authorized_amount'] as const),
  ...(['merchant_reference1', 'merchant_reference2', 'expires_at'] as const),
];

/** Where an order's rows differ from what Klarna has. */
export function differencesOf(order: LedgerOrder, row: StoredOrder): string[] {
  const found: string[] = [];
  for (const name of COMPARED) {
    if (order[name] !== row[name]) found.push(`${name}: ${order[name]} at Klarna, ${row[name]} in the database`);
  }
  for (const kind of ['captures', 'refunds'] as const) {
    const known = new Map(Object.entries(row[kind]));
    for (const { id, amount } of order[kind]) {
      if (!known.has(id)) found.push(`${kind}: ${id} of ${amount} is missing in the database`);
      else if (known.get(id) !== amount) found.push(`${kind}: ${id} is of ${amount} at Klarna, of ${known.get(id)} in the database`);
      known.delete(id);
    }
    for (const [id, amount] of known) found.push(`${kind}: ${id} of ${amount} is in the database alone`);
  }
  return found;
}

/** What stays, also when both agree now. Nobody acts elsewhere in a storm: what nothing explains is a wrong picture of ours. */
function flagsOf({ anomaly, drifts }: StoredOrder): string[] {
  return [
    ...(anomaly === null ? [] : [`it is flagged: ${anomaly}`]),
    ...(drifts === 0 ? [] : [`${drifts} differences were found that nothing explains`]),
  ];
}
