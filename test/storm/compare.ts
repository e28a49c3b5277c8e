import type { WriteKind } from './plan.js';
import {
  type Ask,
  FINAL,
  type Finding,
  type IntentRecord,
  type Ledger,
  type LedgerOrder,
  type LedgerRequest,
  type OperationRow,
  type Rows,
  type StoredOrder,
  type Told,
} from './records.js';

/** An order that is there is known by these. */
const KNOWS = ['succeeded', 'manual'];
const KIND: Record<WriteKind, string> = {
  'create-order': 'payments.create-order',
  capture: 'order-management.capture',
  refund: 'order-management.refund',
  cancel: 'order-management.cancel',
  release: 'order-management.release',
};

const SUFFIX: Readonly<Record<string, string>> = {
  [KIND.capture]: 'captures',
  [KIND.refund]: 'refunds',
  [KIND.cancel]: 'cancel',
  [KIND.release]: 'release-remaining-authorization',
};

/** In the hours that a storm lasts, with pauses of half a minute; what it jumps over does not count. */
const MOST_ASKED = 300;

/** What the three ledgers say, and what was noticed while the storm was under way. */
export interface Evidence {
  readonly intents: readonly IntentRecord[];
  readonly rows: Rows;
  readonly ledger: Ledger;
  readonly noticed: readonly Finding[];
}

/**
 * Compares what callers were told, the database, and what really happened. Pure. Trusts nobody: neither the gateway's rows nor its
 * rules are used to excuse what the other two say.
 */
export function compare({ intents, rows, ledger, noticed }: Evidence): Finding[] {
  const world = new World(rows, ledger);
  return [
    ...noticed,
    ...intents.flatMap((intent) => ofIntent(intent, world)),
    ...rows.operations.flatMap((operation) => ofOperation(operation, world)),
    ...askedTooOften(rows),
    ...oldKeyAfterNew(world),
    ...effectsWithoutIntent(intents, world),
    ...ordersAgree(intents, world),
    ...lanesInOrder(world),
    ...contradictions(world),
  ];
}

/** What an answer means for who got it. `announced`: it says itself that it may still happen. */
export type Meaning = 'success' | 'announced' | 'refused' | 'not-now';

/**
 * - `refused`: an answer of record, or a request that is over for ever (Klarna's 4xx, `OPERATION_WITHDRAWN`);
 * - `not-now`: an error after which the same request may be repeated as a new one (nothing was recorded, or it was withdrawn).
 */
export function meaningOf(told: Told): Meaning {
  const { status, code, operation } = told;
  if (status === 202) return 'announced';
  if (status < 400) return 'success';
  if (status === 409 && code === 'OPERATION_PENDING') return 'announced';
  // PROVIDER_CREDENTIALS names an operation, and it is an end all the same.
  if (status === 503 && operation !== null) return 'announced';
  if (status >= 500 || status === 429 || status === 408) return 'not-now';
  return 'refused';
}

/** The service itself has withdrawn it and given its key back: the same request is a new intent. */
export function freesKey({ code, text }: Told): boolean {
  return code === 'OPERATION_WITHDRAWN' && text.includes('the authorization was about to end');
}

class World {
  readonly operations = new Map<string, OperationRow>();
  readonly orders = new Map<string, LedgerOrder>();
  readonly stored = new Map<string, StoredOrder>();
  /** Operations by what callers know of them. */
  readonly #byKey: Map<string, OperationRow[]>;
  readonly #byReference: Map<string, OperationRow[]>;
  readonly #byLane: Map<string, OperationRow[]>;
  readonly #byProviderKey = new Map<string, OperationRow>();
  readonly #bySession: Map<string, LedgerOrder[]>;
  readonly writes: Map<string, LedgerRequest[]>;
  /** Those that wait for their turn behind one that only a person can settle. */
  readonly waitForPerson: ReadonlySet<string>;

  constructor(
    readonly rows: Rows,
    readonly ledger: Ledger,
  ) {
    for (const each of rows.operations) {
      this.operations.set(each.id, each);
      for (const key of each.providerKeys) this.#byProviderKey.set(key, each);
    }
    for (const each of ledger.orders) this.orders.set(each.order_id, each);
    for (const each of rows.orders) this.stored.set(each.order_id, each);
    this.#byKey = grouped(rows.operations, ({ key }) => key);
    this.#byReference = grouped(rows.operations, ({ reference }) => reference);
    this.#byLane = grouped(rows.operations, ({ lane }) => lane);
    this.waitForPerson = waitForPerson(rows.operations);
    this.#bySession = grouped(ledger.orders, ({ session_id }) => session_id);
    this.writes = grouped(
      ledger.requests.filter(({ method }) => method === 'POST'),
      ({ path }) => path,
    );
  }

  get lanes(): Iterable<[string, OperationRow[]]> {
    return this.#byLane;
  }

  operationOfKey(key: string | null): OperationRow | undefined {
    return key === null ? undefined : this.#byProviderKey.get(key);
  }

  /** Operations that were recorded for an intent. */
  operationsOf({ kind, key, reference, orderId }: IntentRecord): OperationRow[] {
    const found =
      key !== null
        ? (this.#byKey.get(key) ?? [])
        : kind === 'cancel' || kind === 'release'
          ? (this.#byLane.get(orderId ?? '') ?? []).filter((each) => each.key === null)
          : (this.#byReference.get(reference) ?? []).filter((each) => each.key === null);
    return found.filter((each) => each.kind === KIND[kind]);
  }

  /** Executed writes to a path, as often as they happened. */
  executed(path: string): LedgerRequest[] {
    return (this.writes.get(path) ?? []).filter(({ executed }) => executed);
  }

  /** What an intent really brought about: the ids of captures, refunds or orders, or the requests that cancelled or released. */
  effectsOf(intent: IntentRecord): string[] {
    const { kind, reference, orderId } = intent;
    const order = orderId === null ? undefined : this.orders.get(orderId);
    switch (kind) {
      case 'create-order':
        return (intent.sessionId === null ? [] : (this.#bySession.get(intent.sessionId) ?? [])).map(({ order_id }) => order_id);
      case 'capture':
      case 'refund':
        return (order?.[`${kind}s`] ?? []).filter((each) => each.reference === reference).map(({ id }) => id);
      case 'cancel':
      case 'release': {
        const mine = new Set(this.operationsOf(intent).map(({ id }) => id));
        const suffix = kind === 'cancel' ? 'cancel' : 'release-remaining-authorization';
        return this.executed(`/ordermanagement/v1/orders/${orderId}/${suffix}`)
          .filter(({ idempotency_key: key }) => mine.has(this.operationOfKey(key)?.id ?? '') || (key !== null && key === intent.key))
          .map(({ sequence }) => `request ${sequence}`);
      }
    }
  }
}

function ofIntent(intent: IntentRecord, world: World): Finding[] {
  const at = { intent: intent.id, ...(intent.orderId === null ? {} : { order: intent.orderId }) };
  const effects = world.effectsOf(intent);
  const operations = world.operationsOf(intent);
  const findings: Finding[] = [];
  const once = intent.key !== null || intent.kind === 'create-order';
  const asked = intent.asks.filter(({ how }) => how !== 'other-body');

  const allowed = once ? 1 : Math.min(operations.length, asked.length);
  if (effects.length > allowed) {
    findings.push({ column: 'doubles', what: `happened ${effects.length} times, wanted ${allowed}: ${effects.join(', ')}`, ...at });
  }
  const succeeded = operations.filter(({ state }) => state === 'succeeded');
  if (once && succeeded.length > 1) findings.push({ column: 'doubles', what: `${succeeded.length} operations of it succeeded`, ...at });

  const told = asked.flatMap((ask) => (ask.told === null ? [] : [{ ask, told: ask.told, meaning: meaningOf(ask.told) }]));
  for (const each of told.filter(({ meaning }) => meaning === 'success')) findings.push(...toldSuccess(intent, each.told, effects, world));
  findings.push(...answersOfRecord(intent, told, once));
  if (effects.length > 0) findings.push(...toldErrors(intent, asked, effects, operations));

  if (
    intent.kind === 'create-order' &&
    effects.length > 0 &&
    operations.length > 0 &&
    !operations.some(({ state }) => KNOWS.includes(state))
  ) {
    const states = operations.map(({ state }) => state).join(', ');
    findings.push({
      column: 'answered with error, but executed',
      what: `${effects.join(', ')} is there, and its operation is ${states}`,
      ...at,
    });
  }
  // When everything is calm again, who asks for what is over is told so, by the answer or by a look.
  const last = told.at(-1);
  const over = operations.length > 0 && operations.every(({ state }) => state === 'succeeded' || state === 'rejected');
  const looked = [...intent.views.values()].some(({ state }) => FINAL.includes(state));
  if (once && over && !looked && last?.ask.how === 'last' && (last.meaning === 'announced' || last.meaning === 'not-now')) {
    findings.push({ column: 'mismatches', what: `its last repeat was told ${last.told.status}, and it is over`, ...at });
  }

  // What was accepted must be found again.
  for (const { told: answer, meaning } of told) {
    if (meaning === 'announced' && answer.operation !== null && !world.operations.has(answer.operation)) {
      // The 503 of a commit without an answer names an operation that was perhaps never recorded, and says so.
      const perhaps = answer.status === 503 && answer.text.includes('could not be recorded');
      if (!perhaps)
        findings.push({ column: 'lost', what: `was told ${answer.status} with ${answer.operation}, which is not there`, ...at });
    }
  }
  for (const { told: answer } of intent.asks.flatMap((ask) =>
    ask.how === 'other-body' && ask.told !== null ? [{ told: ask.told }] : [],
  )) {
    if (meaningOf(answer) === 'success' || (answer.status === 202 && once)) {
      findings.push({ column: 'mismatches', what: `another body under its key was answered ${answer.status}`, ...at });
    } else if (intent.key !== null && answer.status < 500 && answer.status !== 422) {
      findings.push({
        column: 'mismatches',
        what: `another body under its key was answered ${answer.status} ${answer.code}, not 422`,
        ...at,
      });
    }
  }
  return findings;
}

/** A success names what really is there. */
function toldSuccess(intent: IntentRecord, told: Told, effects: readonly string[], world: World): Finding[] {
  const { kind, orderId } = intent;
  const at = { intent: intent.id, ...(orderId === null ? {} : { order: orderId }) };
  const order = orderId === null ? undefined : world.orders.get(orderId);
  const lost = (what: string): Finding[] => [{ column: 'lost', what: `was told ${told.status}, but ${what}`, ...at }];
  switch (kind) {
    case 'create-order': {
      const named = orderIdIn(told);
      return named !== null && effects.includes(named) ? [] : lost(`there is no order ${named}`);
    }
    case 'capture':
    case 'refund': {
      const id = told[kind];
      const movement = order?.[`${kind}s`].find((each) => each.id === id);
      if (movement === undefined) return lost(`there is no ${kind} ${id}`);
      if (movement.amount !== intent.amount || movement.reference !== intent.reference) {
        const wrong = `its ${kind} ${id} is of ${movement.amount} for ${movement.reference}, not ${intent.amount} for ${intent.reference}`;
        return [{ column: 'mismatches', what: wrong, ...at }];
      }
      return [];
    }
    case 'cancel':
      return order?.status === 'CANCELLED' ? [] : lost(`the order is ${order?.status}`);
    case 'release':
      return order?.remaining_authorized_amount === 0 && (effects.length > 0 || order.captured_amount > 0)
        ? []
        : lost(`${order?.remaining_authorized_amount} remains`);
  }
}

/** Every repeat gets the first final answer, and once it is final it stays so. Without a key each request is an intent of its own. */
function answersOfRecord(intent: IntentRecord, told: readonly { ask: Ask; told: Told; meaning: Meaning }[], once: boolean): Finding[] {
  if (!once) return [];
  const token = intent.kind === 'create-order';
  // A token that was refused may be tried again: Klarna judges anew.
  const final = told.filter((each) => each.meaning === 'success' || (each.meaning === 'refused' && !token && !freesKey(each.told)));
  const [first] = final;
  if (first === undefined) return [];
  const findings: Finding[] = [];
  const at = { intent: intent.id, ...(intent.orderId === null ? {} : { order: intent.orderId }) };
  for (const each of final.slice(1)) {
    if (record(each.told) !== record(first.told)) {
      findings.push({ column: 'mismatches', what: `two final answers: ${record(first.told)} and ${record(each.told)}`, ...at });
    }
  }
  for (const { ask, told: answer } of told.filter(
    ({ ask, meaning }) => meaning === 'announced' || (meaning === 'not-now' && ask.how === 'last'),
  )) {
    const known = final.find((each) => each.ask.ended < ask.began);
    // While everything goes wrong, a 503 says that the outcome could not be read at the moment, which is no outcome.
    if (known !== undefined && (answer.status !== 503 || ask.how === 'last')) {
      findings.push({ column: 'mismatches', what: `was told ${known.told.status} for good, and afterwards ${answer.status}`, ...at });
    }
  }
  const created = intent.views;
  for (const [id, view] of created) {
    if (view.answer !== null && first.meaning === 'success' && FINAL.includes(view.state) && view.answer.status !== first.told.status) {
      findings.push({
        column: 'mismatches',
        what: `was told ${first.told.status}, and operation ${id} shows ${view.answer.status}`,
        ...at,
      });
    }
  }
  return findings;
}

/** Something happened: nobody may have been told for good that it did not. */
function toldErrors(
  intent: IntentRecord,
  asked: readonly Ask[],
  effects: readonly string[],
  operations: readonly OperationRow[],
): Finding[] {
  const at = { intent: intent.id, ...(intent.orderId === null ? {} : { order: intent.orderId }) };
  const findings: Finding[] = [];
  const keyed = intent.key !== null;
  const token = intent.kind === 'create-order';
  const say = (what: string): void =>
    void findings.push({ column: 'answered with error, but executed', what: `${what}; what happened: ${effects.join(', ')}`, ...at });
  for (const ask of asked) {
    if (ask.told === null) continue;
    const { status, code } = ask.told;
    switch (meaningOf(ask.told)) {
      case 'success':
      case 'announced':
        break;
      case 'refused': {
        // A key's answer of record is for ever. A token may be tried again after a refusal, and a key that was given back: by a later request.
        const later =
          (token || freesKey(ask.told)) && asked.some((other) => other !== ask && other.ended > ask.began && mayAccountFor(other));
        // Without a key each request is for itself: another one may have done it.
        const other = !keyed && !token && asked.filter((each) => each !== ask && mayAccountFor(each)).length >= effects.length;
        if (!later && !other) say(`was told ${status} ${code}`);
        break;
      }
      case 'not-now':
        if (!asked.some((other) => other !== ask && mayAccountFor(other))) say(`was told ${status} ${code}, and nothing else`);
        break;
    }
  }
  for (const [id, { state }] of intent.views) {
    if (!['rejected', 'withdrawn', 'abandoned'].includes(state)) continue;
    // An operation that was withdrawn before it was sent gives its key back: another one may have done it.
    if (operations.some((each) => each.id !== id && each.state === 'succeeded') || (token && asked.some(succeeds))) continue;
    if (keyed || token) say(`operation ${id} was shown as ${state}`);
  }
  return findings;
}

/** Whether a request may have brought about what another one was told did not happen. */
function mayAccountFor(ask: Ask): boolean {
  return ask.told === null || ['success', 'announced'].includes(meaningOf(ask.told));
}

function succeeds(ask: Ask): boolean {
  return ask.told !== null && meaningOf(ask.told) === 'success';
}

/** Everything recorded has ended, and has done what it says. */
function ofOperation(operation: OperationRow, world: World): Finding[] {
  const { id, kind, state, lane } = operation;
  const at = { operation: id, ...(lane === null ? {} : { order: lane }) };
  if (!FINAL.includes(state) && state !== 'manual' && !world.waitForPerson.has(id))
    return [{ column: 'lost', what: `${kind} was accepted and is ${state}, for ever`, ...at }];
  if (lane === null) return [];
  const executed = Object.values(SUFFIX).flatMap((suffix) =>
    world
      .executed(`/ordermanagement/v1/orders/${lane}/${suffix}`)
      .filter(({ idempotency_key: key }) => key !== null && operation.providerKeys.includes(key)),
  );
  if (executed.length > 1) {
    const numbers = executed.map(({ sequence }) => sequence).join(', ');
    return [{ column: 'doubles', what: `${kind} was carried out ${executed.length} times (requests ${numbers})`, ...at }];
  }
  if (state === 'succeeded') {
    if (executed.length === 0 && !reachedOtherwise(operation, world))
      return [{ column: 'lost', what: `${kind} succeeded, and nothing happened`, ...at }];
  } else if (state !== 'manual' && executed.length > 0) {
    return [{ column: 'answered with error, but executed', what: `${kind} is ${state} and was carried out`, ...at }];
  }
  return [];
}

/**
 * A new key is granted when the old one is believed to have done nothing: whoever still sends with the old one was not told, and does it a
 * second time as soon as Klarna has forgotten that key.
 */
function oldKeyAfterNew({ rows, writes }: World): Finding[] {
  return rows.operations.flatMap(({ id, kind, lane, providerKeys }): Finding[] => {
    const [newest, ...older] = providerKeys;
    const path = `/ordermanagement/v1/orders/${lane}/${SUFFIX[kind]}`;
    const sent = newest === undefined || older.length === 0 ? [] : (writes.get(path) ?? []);
    const began = sent.find(({ idempotency_key: key }) => key === newest);
    const late = sent.find(
      ({ idempotency_key: key, sequence }) => began && key !== null && older.includes(key) && sequence > began.sequence,
    );
    const what = `${kind} was sent with an old key (request ${late?.sequence}) after its new one (request ${began?.sequence})`;
    return late === undefined ? [] : [{ column: 'mismatches', what, operation: id, ...(lane === null ? {} : { order: lane }) }];
  });
}

/** The schedule sets the pace: whoever asks without a pause does harm to Klarna, and to everybody who waits. */
function askedTooOften({ operations }: Rows): Finding[] {
  return operations
    .filter(({ attempts, looks }) => attempts.length + looks > MOST_ASKED)
    .map(({ id, kind, attempts, looks }) => ({
      column: 'mismatches',
      what: `${kind} was sent ${attempts.length} times and looked for ${looks} times`,
      operation: id,
    }));
}

/**
 * A cancel (or release) of an order that another one has cancelled is seen to be there by reading: who did it can't be seen. So is a release
 * whose authorization has ended meanwhile: nothing remains.
 */
function reachedOtherwise({ kind, lane }: OperationRow, world: World): boolean {
  const suffix = kind === KIND.cancel ? 'cancel' : kind === KIND.release ? 'release-remaining-authorization' : null;
  if (kind === KIND.release && world.orders.get(lane ?? '')?.remaining_authorized_amount === 0) return true;
  return suffix !== null && world.executed(`/ordermanagement/v1/orders/${lane}/${suffix}`).length > 0;
}

/** Whatever happened at Klarna was asked for by somebody, and recorded before. */
function effectsWithoutIntent(intents: readonly IntentRecord[], world: World): Finding[] {
  const references = new Set(intents.map(({ reference }) => reference));
  const sessions = new Set(intents.map(({ sessionId }) => sessionId));
  const findings: Finding[] = [];
  for (const order of world.ledger.orders) {
    if (!sessions.has(order.session_id))
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
    const changes = method === 'POST' && path.startsWith('/ordermanagement/');
    if (changes && executed && world.operationOfKey(key) === undefined && !/\/(?:captures|refunds)$/.test(path)) {
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
function ordersAgree(intents: readonly IntentRecord[], world: World): Finding[] {
  const findings: Finding[] = [];
  const bySession = new Map(intents.map((intent) => [intent.sessionId, intent]));
  for (const { order_id, session_id } of world.orders.values()) {
    if (world.stored.has(order_id)) continue;
    // A placed order whose id can't be had is a person's to find.
    const intent = bySession.get(session_id);
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

/** Where an order's rows differ from what Klarna has. */
export function differencesOf(order: LedgerOrder, row: StoredOrder): string[] {
  const found: string[] = [];
  for (const name of ['status', 'order_amount', 'captured_amount', 'refunded_amount', 'remaining_authorized_amount'] as const) {
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

type Role = 'capture' | 'refund' | 'release' | 'cancel';
/** Whether one is never sent before another that was accepted earlier is settled (docs/architecture.md, "Lanes"), said once more here. */
const WAITS: Record<Role, readonly Role[]> = {
  capture: ['capture', 'release', 'cancel'],
  refund: ['refund'],
  release: ['capture', 'refund', 'release', 'cancel'],
  cancel: ['capture', 'refund', 'release', 'cancel'],
};

/** What one that waits can keep waiting behind itself: a refund waits for captures, too, while the confirmed ones do not cover it. */
const MAY_WAIT: Record<Role, readonly Role[]> = { ...WAITS, refund: ['refund', 'capture'] };
const roleOf = ({ kind }: { readonly kind: string }): Role => kind.split('.')[1] as Role;

type Placed = Pick<OperationRow, 'id' | 'kind' | 'state' | 'lane' | 'position'>;

/**
 * Operations that wait for their turn behind one of their order that only a person can settle. Such a one blocks its own kind alone, but
 * what it blocks blocks others.
 * @returns their ids
 */
export function waitForPerson(operations: readonly Placed[]): Set<string> {
  return new Set([...grouped(operations, ({ lane }) => lane).values()].flatMap((lane) => [...waitingIn(lane)]));
}

function waitingIn(operations: readonly Placed[]): Set<string> {
  const waiting = new Set<string>();
  const inOrder = [...operations].sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  for (const [index, each] of inOrder.entries()) {
    if (each.state !== 'accepted') continue;
    const blocked = inOrder
      .slice(0, index)
      .some((before) =>
        before.state === 'manual'
          ? roleOf(before) === roleOf(each)
          : waiting.has(before.id) && (MAY_WAIT[roleOf(each)] ?? []).includes(roleOf(before)),
      );
    if (blocked) waiting.add(each.id);
  }
  return waiting;
}

/** Requests of one order came to Klarna in the order of acceptance: everything of one before anything of what waits for it. */
function lanesInOrder(world: World): Finding[] {
  const findings: Finding[] = [];
  for (const [lane, operations] of world.lanes) {
    const sent = new Map<string, { first: number; last: number }>();
    for (const suffix of Object.values(SUFFIX)) {
      for (const { sequence, idempotency_key } of world.writes.get(`/ordermanagement/v1/orders/${lane}/${suffix}`) ?? []) {
        const operation = world.operationOfKey(idempotency_key);
        if (operation === undefined) continue;
        const { first, last } = sent.get(operation.id) ?? { first: sequence, last: sequence };
        sent.set(operation.id, { first: Math.min(first, sequence), last: Math.max(last, sequence) });
      }
    }
    const inOrder = operations
      .flatMap((operation) => {
        const span = sent.get(operation.id);
        return span === undefined ? [] : [{ operation, role: operation.kind.split('.')[1] as Role, ...span }];
      })
      .sort((a, b) => (a.operation.position ?? 0) - (b.operation.position ?? 0));
    inOrder.forEach((later, index) => {
      for (const earlier of inOrder.slice(0, index)) {
        if (!WAITS[later.role].includes(earlier.role) || earlier.last < later.first) continue;
        // What only a person can settle blocks its own kind alone; while it was looked into, it may have been sent once more.
        if (earlier.operation.state === 'manual' && earlier.role !== later.role) continue;
        const [a, b] = [earlier, later].map(
          ({ operation, first, last }) => `${operation.kind} ${operation.position} (requests ${first}..${last})`,
        );
        findings.push({ column: 'mismatches', what: `${b} was sent before ${a} was settled`, order: lane, operation: later.operation.id });
      }
    });
  }
  return findings;
}

/** Rows that contradict each other, save what follows from an operation that waits for a person. */
function contradictions(world: World): Finding[] {
  const manual = world.rows.operations.filter(({ state }) => state === 'manual');
  const freed = new Set(world.rows.operations.filter(({ reason }) => reason === 'PROVIDER_CREDENTIALS').map(({ key }) => key));
  // The effect of an operation that only a person can settle is in the rows, linked to nothing: one for each at most.
  let unlinked = manual.filter(({ kind }) => kind === KIND.capture || kind === KIND.refund).length;
  return world.rows.contradictions.flatMap(({ contradiction, id }): Finding[] => {
    // A key is free again after PROVIDER_CREDENTIALS: that certainly did nothing.
    if (contradiction === 'two operations have one key' && freed.has(id)) return [];
    if (id === null && contradiction.includes('is not linked to the operation') && unlinked-- > 0) return [];
    const known = id !== null && world.operations.has(id);
    return [{ column: 'mismatches', what: `rows contradict each other: ${contradiction} (${id})`, ...(known ? { operation: id } : {}) }];
  });
}

function record({ status, location, capture, refund, text, code }: Told): string {
  // Our own refusal names the request that it answers; Klarna's is replayed to the byte.
  const body = code === 'OPERATION_WITHDRAWN' ? text.replace(/"correlation_id":"[^"]*"/, '') : text;
  return [status, location, capture, refund, body].filter((each) => each !== null && each !== '').join(' ');
}

function orderIdIn({ text }: Told): string | null {
  try {
    const { order_id } = JSON.parse(text) as { order_id?: unknown };
    return typeof order_id === 'string' ? order_id : null;
  } catch {
    return null;
  }
}

function grouped<T>(items: Iterable<T>, by: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = by(item);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
