import type { Finding, Ledger, LedgerOrder, Rows } from './records.js';
import { type EventRow, hookIdOf, SHOP, type StormEndpoint, type Taking, type Told } from './records-told.js';
import { grouped } from './world.js';

/** What a callback may have come to, in a storm in which all shops take what they get in the end, and nobody pretends to be Klarna. */
const DONE: readonly string[] = [
  ...['acknowledged', 'acknowledging', 'cancelled'],
  ...['confirmed', 'not-confirmed'],
  ...['announced', 'known', 'order-placed', 'superseded', 'overtaken', 'not-shown', 'nothing'],
  // Made at Klarna without our hearing of it, or over.
  ...['unknown-session', 'unknown-page', 'gone'],
];

/** Addresses are listened to for at least so long. */
const SHORTEST_LIFE_MS = 30 * 86_400_000;

/** What merchants and Klarna were told, compared with what happened. Pure. */
export function compareTold(told: Told, rows: Rows, ledger: Ledger): Finding[] {
  return [
    ...everybodyWasTold(told),
    ...storiesAreWhole(told),
    ...whatHappenedWasTold(told, rows, ledger),
    ...inOrder(told),
    ...asItWas(told),
    ...callbacksWereKept(told),
    ...acknowledged(told, rows, ledger),
    ...nothingElseWasSent(told),
  ];
}

/** Every event came to everyone alive who wants its type. What is on record as delivered came, and nothing is left over. */
export function everybodyWasTold({ endpoints, takings, events, deliveries }: Told): Finding[] {
  const taken = takenBy(takings);
  const findings: Finding[] = [];
  for (const endpoint of endpoints) {
    if (!endpoint.living || endpoint.id === null) continue;
    const has = taken.get(endpoint.name) ?? new Set();
    for (const event of events) {
      if (wants(endpoint, event) && !has.has(event.id))
        findings.push({ column: 'lost', what: `${event.type} (${event.sequence}) never came to ${endpoint.name}`, ...placeOf(event) });
    }
  }
  const living = new Map(endpoints.filter((each) => each.living).map(({ id, name }) => [id, name]));
  for (const { id, messageId, endpointId, state } of deliveries) {
    const name = living.get(endpointId);
    if (state === 'delivered' && name !== undefined && taken.get(name)?.has(messageId) !== true)
      findings.push({ column: 'lost', what: `delivery ${id} is on record as delivered, and never came to ${name}` });
    if (state !== 'delivered' && name !== undefined)
      findings.push({ column: 'lost', what: `delivery ${id} to ${name}, which takes everything, is ${state}` });
  }
  return findings;
}

/** The events of one subject are numbered from 1 without gaps. */
export function storiesAreWhole({ events }: Told): Finding[] {
  return [...grouped(events, ({ subject }) => subject).values()].flatMap((story): Finding[] => {
    const numbers = story.map(({ sequence }) => sequence).sort((a, b) => a - b);
    const [first] = story;
    if (first === undefined || numbers.every((number, index) => number === index + 1)) return [];
    return [{ column: 'mismatches', what: `the events of ${first.subject} are numbered ${numbers.join(', ')}`, ...placeOf(first) }];
  });
}

/** Each order, capture, refund and cancellation is told of once; what did not happen is not told. */
export function whatHappenedWasTold({ events }: Told, rows: Rows, ledger: Ledger): Finding[] {
  const stored = new Set(rows.orders.map(({ order_id }) => order_id));
  const told = new Map<string, EventRow[]>();
  for (const event of events) {
    const thing = thingOf(event);
    if (thing !== null) told.set(thing, [...(told.get(thing) ?? []), event]);
  }
  const findings: Finding[] = [];
  const expect = (thing: string, order: LedgerOrder): void => {
    const count = told.get(thing)?.length ?? 0;
    told.delete(thing);
    const { order_id } = order;
    if (count === 0) findings.push({ column: 'lost', what: `${thing} was never told of`, order: order_id });
    if (count > 1) findings.push({ column: 'doubles', what: `${thing} was told of ${count} times`, order: order_id });
  };
  // What the database does not have is found elsewhere, or a person's to find.
  for (const order of ledger.orders.filter(({ order_id }) => stored.has(order_id))) {
    expect(`order ${order.order_id}`, order);
    for (const { id } of order.captures) expect(`capture ${id}`, order);
    for (const { id } of order.refunds) expect(`refund ${id}`, order);
    if (order.status === 'CANCELLED') expect(`cancellation of ${order.order_id}`, order);
  }
  for (const [thing, [event]] of told) {
    if (event !== undefined) findings.push({ column: 'mismatches', what: `${thing} was told of, and there is none`, ...placeOf(event) });
  }
  return findings;
}

/** Who asked for strict order got each subject's events in their sequence. What was dead and replayed comes late by request. */
export function inOrder({ endpoints, takings, events, deliveries }: Told): Finding[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  const findings: Finding[] = [];
  for (const { id, name, strict } of endpoints) {
    if (!strict) continue;
    const replayed = new Set(deliveries.filter((each) => each.endpointId === id && each.replayed).map(({ messageId }) => messageId));
    const seen = new Set<string>();
    const newest = new Map<string, number>();
    for (const { at, messageId, end } of takings) {
      const event = byId.get(messageId);
      if (at !== name || end !== 'taken' || event === undefined || seen.has(messageId)) continue;
      seen.add(messageId);
      if (replayed.has(messageId)) continue;
      const before = newest.get(event.subject) ?? 0;
      if (event.sequence < before) {
        const what = `${name} got ${event.type} (${event.sequence}) after event ${before} of the same story`;
        findings.push({ column: 'mismatches', what, ...placeOf(event) });
      }
      newest.set(event.subject, Math.max(before, event.sequence));
    }
  }
  return findings;
}

/** Messages say what is on record, and the signature of each is right. */
export function asItWas({ takings, events }: Told): Finding[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  return takings.flatMap(({ at, messageId, body, objection }): Finding[] => {
    const wrong = (what: string, event?: EventRow): Finding[] => [
      { column: 'mismatches', what: `message ${messageId} to ${at}: ${what}`, ...(event === undefined ? {} : placeOf(event)) },
    ];
    if (objection !== null) return wrong(objection);
    if (at === SHOP) return [];
    const event = byId.get(messageId);
    if (event === undefined) return wrong('no such event is on record');
    const { type, data } = said(body);
    const same = type === event.type && data['sequence'] === event.sequence && (data['provider_order_id'] ?? null) === event.order;
    return same
      ? []
      : wrong(`it says ${String(type)} (${String(data['sequence'])}), and ${event.type} (${event.sequence}) is on record`, event);
  });
}

/** What Klarna was told is kept is on record, and has come to an end. */
export function callbacksWereKept({ sent, callbacks, hooks }: Told): Finding[] {
  const ends = new Map(hooks.map(({ id, expiresAt }) => [id, expiresAt]));
  const byHook = grouped(callbacks, ({ hookId }) => hookId);
  const answered = new Map<string, number>();
  const lost = sent.flatMap(({ id, kind, url, order, attempts }): Finding[] => {
    const hookId = hookIdOf(url);
    if (hookId === undefined) return [];
    const at = order === null ? {} : { order };
    // An address may be erased after its end.
    const until = ends.get(hookId) ?? bornAt(hookId) + SHORTEST_LIFE_MS;
    const inTime = attempts.filter((attempt) => attempt.at < until);
    if (inTime.some(({ status }) => status === 404))
      return [{ column: 'lost', what: `callback ${id} (${kind}) was refused as nobody's`, ...at }];
    const kepts = inTime.filter(({ status }) => status === 200).length;
    if (kepts === 0) return [];
    answered.set(hookId, (answered.get(hookId) ?? 0) + kepts);
    const kept = (byHook.get(hookId) ?? []).some((row) => order === null || row.order === order || row.order === null);
    return kept ? [] : [{ column: 'lost', what: `callback ${id} (${kind}) was answered 200 and is not on record`, ...at }];
  });
  // One of several that are the same, too: what is answered before it is kept would be found by those alone that never come again.
  const fewer = [...answered].flatMap(([hookId, times]): Finding[] => {
    const rows = byHook.get(hookId) ?? [];
    const kept = rows.reduce((sum, row) => sum + row.times, 0);
    if (rows.length === 0 || kept >= times) return [];
    const order = rows.find((row) => row.order !== null)?.order ?? null;
    const what = `callbacks to ${hookId} were answered 200 ${times} times, and ${kept} are on record`;
    return [{ column: 'lost', what, ...(order === null ? {} : { order }) }];
  });
  const open = callbacks.flatMap(({ id, entry, order, state, result }): Finding[] => {
    const at = order === null ? {} : { order };
    if (state !== 'done' && state !== 'given-up')
      return [{ column: 'lost', what: `callback ${id} (${entry}) is ${state} (${result}), for ever`, ...at }];
    // Much time has passed since Klarna said it last, while it could not be settled: whatever kept it from that is a reason.
    const explained = state === 'done' ? DONE.includes(result ?? '') : result !== null && result !== 'no-handler';
    if (explained) return [];
    return [{ column: 'mismatches', what: `callback ${id} (${entry}) is ${state} because it is ${result}`, ...at }];
  });
  return [...lost, ...fewer, ...open];
}

/** An order of whose push the shop knows is acknowledged: Klarna would go on for days. */
export function acknowledged({ takings, callbacks }: Told, rows: Rows, ledger: Ledger): Finding[] {
  const pushed = new Set(takings.flatMap(({ at, end, path }) => (at === SHOP && end === 'taken' ? (orderInPush(path) ?? []) : [])));
  const orders = new Map(ledger.orders.map((order) => [order.order_id, order]));
  // Klarna does not show that an order is acknowledged: an operation in doubt may be a person's. And what was given up is found as such.
  const excused = new Set([
    ...rows.operations.flatMap(({ kind, state, lane }) => (kind.endsWith('.acknowledge') && state === 'manual' ? [lane] : [])),
    ...callbacks.flatMap(({ entry, state, order }) => (entry === 'push' && state === 'given-up' ? [order] : [])),
  ]);
  return [...pushed].flatMap((order): Finding[] => {
    const known = orders.get(order);
    if (known === undefined) return [{ column: 'mismatches', what: `a shop was told of an order that is not there: ${order}` }];
    if (known.acknowledged || known.captures.length > 0 || known.status === 'CANCELLED' || excused.has(order)) return [];
    return [{ column: 'lost', what: 'the shop took its push, and it was never acknowledged', order }];
  });
}

/** Nobody gets what nobody asked for, and the shops' own URLs are filled in as Klarna would have. */
export function nothingElseWasSent({ strangers, takings }: Told): Finding[] {
  const unknown = strangers.map((what): Finding => ({ column: 'mismatches', what: `sent to an address that nobody has given: ${what}` }));
  const shop = takings.filter(({ at }) => at === SHOP);
  const unlike = shop.flatMap(({ path, body }): Finding[] => {
    const push = orderInPush(path) !== undefined;
    const objection = push && path.includes('{order') ? 'placeholders are left' : push && body !== '' ? 'a push has no body' : null;
    return objection === null ? [] : [{ column: 'mismatches', what: `${path} is not as Klarna would send it: ${objection}` }];
  });
  return [...unknown, ...unlike];
}

/** Our ids begin with the time (UUID version 7), ms. */
function bornAt(id: string): number {
  return parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

/** Klarna's order in the shop's own URL of a push. */
function orderInPush(path: string): string | undefined {
  return /\/push\?.*\border=([^&]+)/.exec(path)?.[1];
}

function wants({ types }: StormEndpoint, { type }: EventRow): boolean {
  return types === null || types.includes(type);
}

/** Ids of the messages that each receiver has kept. */
function takenBy(takings: readonly Taking[]): Map<string, Set<string>> {
  const taken = new Map<string, Set<string>>();
  for (const { at, messageId, end } of takings) {
    if (end !== 'taken') continue;
    const has = taken.get(at) ?? new Set();
    taken.set(at, has.add(messageId));
  }
  return taken;
}

/** What happened at Klarna by which an event is told; null: events that tell of something else. */
function thingOf({ type, order, data }: EventRow): string | null {
  if (type === 'order.created') return `order ${order}`;
  if (type === 'order.cancelled') return `cancellation of ${order}`;
  if (type === 'order.captured') return `capture ${String(data['capture_id'])}`;
  return type === 'order.refunded' ? `refund ${String(data['refund_id'])}` : null;
}

function placeOf({ order, operation }: EventRow): Pick<Finding, 'order' | 'operation'> {
  return { ...(order === null ? {} : { order }), ...(operation === null ? {} : { operation }) };
}

function said(body: string): { type: unknown; data: Readonly<Record<string, unknown>> } {
  try {
    const { type, data } = JSON.parse(body) as { type?: unknown; data?: Record<string, unknown> };
    return { type, data: data ?? {} };
  } catch {
    return { type: undefined, data: {} };
  }
}
