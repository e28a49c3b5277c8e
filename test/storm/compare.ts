import { type KindName, kindOf, kindOfOperation, kindOfRequest } from './kinds.js';
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
import { grouped, roleOf, WAITS, World } from './world.js';

/** What is there is known by these. */
const KNOWS = ['succeeded', 'manual'];
/** A refusal in so many words: whoever may not be asked twice is told what asking again would risk. */
const IN_DOUBT = 'may have been';

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
    ...world.withoutKeys.flatMap((operations) => ofEqualOperations(operations, world)),
    ...askedTooOften(rows),
    ...oldKeyAfterNew(world),
    ...olderAfterNewer(intents, world),
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
  // Klarna's own 202 names no operation: it will cancel the token.
  if (status === 202 && operation !== null) return 'announced';
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

function ofIntent(intent: IntentRecord, world: World): Finding[] {
  const at = { intent: intent.id, ...(intent.orderId === null ? {} : { order: intent.orderId }) };
  const effects = world.effectsOf(intent);
  const operations = world.operationsOf(intent);
  const findings: Finding[] = [];
  const { sameBy, twice } = kindOf(intent.kind);
  const once = isOnce(intent);
  const asked = intent.asks.filter(({ how }) => how !== 'other-body');

  const allowed = once ? 1 : Math.min(operations.length, asked.length);
  if (twice === 'harmful' && effects.length > allowed) {
    findings.push({ column: 'doubles', what: `happened ${effects.length} times, wanted ${allowed}: ${effects.join(', ')}`, ...at });
  }
  const succeeded = operations.filter(({ state }) => state === 'succeeded');
  if (once && succeeded.length > 1) findings.push({ column: 'doubles', what: `${succeeded.length} operations of it succeeded`, ...at });

  const told = asked.flatMap((ask) => (ask.told === null ? [] : [{ ask, told: ask.told, meaning: meaningOf(ask.told) }]));
  for (const each of told.filter(({ meaning }) => meaning === 'success'))
    findings.push(...toldSuccess(intent, each.told, { effects, operations, world }));
  findings.push(...answersOfRecord(intent, told, once));
  if (effects.length > 0) findings.push(...toldErrors(intent, asked, effects, operations));

  if (sameBy === 'token' && effects.length > 0 && operations.length > 0 && !operations.some(({ state }) => KNOWS.includes(state))) {
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

/** One request for ever, however often it is sent: it has a key, or a token. */
export function isOnce({ kind, key }: Pick<IntentRecord, 'kind' | 'key'>): boolean {
  return key !== null || kindOf(kind).sameBy === 'token';
}

interface Happened {
  readonly effects: readonly string[];
  readonly operations: readonly OperationRow[];
  readonly world: World;
}

/** A success names what really is there. */
function toldSuccess(intent: IntentRecord, told: Told, { effects, operations, world }: Happened): Finding[] {
  const { kind, orderId } = intent;
  const at = { intent: intent.id, ...(orderId === null ? {} : { order: orderId }) };
  const order = orderId === null ? undefined : world.orders.get(orderId);
  const lost = (what: string): Finding[] => [{ column: 'lost', what: `was told ${told.status}, but ${what}`, ...at }];
  const { makes, counts } = kindOf(kind);
  if (makes !== undefined) {
    const id = idIn(told, makes.member);
    const there = counts === 'requests' ? world.ledger.checkouts.some((each) => each.order_id === id) : id !== null && effects.includes(id);
    return there ? [] : lost(`there is no ${makes.what} ${id}`);
  }
  if (kind === 'capture' || kind === 'refund') {
    const id = told[kind];
    const movement = order?.[`${kind}s`].find((each) => each.id === id);
    if (movement === undefined) return lost(`there is no ${kind} ${id}`);
    if (movement.amount === intent.amount && movement.reference === intent.reference) return [];
    const wrong = `its ${kind} ${id} is of ${movement.amount} for ${movement.reference}, not ${intent.amount} for ${intent.reference}`;
    return [{ column: 'mismatches', what: wrong, ...at }];
  }
  const state = STATES[kind];
  if (state !== undefined) {
    const missing = state({ intent, order, effects, ledger: world.ledger });
    return missing === null ? [] : lost(missing);
  }
  return effects.length > 0 || operations.some((each) => world.reachedOtherwise(each)) ? [] : lost('nothing happened');
}

interface State {
  readonly intent: IntentRecord;
  readonly order: LedgerOrder | undefined;
  readonly effects: readonly string[];
  readonly ledger: Ledger;
}

/** What must be so for ever after a success, whoever brought it about; each says what is so instead. */
const STATES: Partial<Record<KindName, (state: State) => string | null>> = {
  cancel: ({ order }) => (order?.status === 'CANCELLED' ? null : `the order is ${order?.status}`),
  release: ({ order, effects }) =>
    order?.remaining_authorized_amount === 0 && (effects.length > 0 || order.captured_amount > 0)
      ? null
      : `${order?.remaining_authorized_amount} remains`,
  'cancel-token': ({ intent, ledger }) => {
    const token = ledger.tokens.find(({ token_id }) => token_id === intent.target['customerToken']);
    return token?.status === 'CANCELLED' ? null : `the customer token is ${token?.status}`;
  },
  'disable-page': ({ intent, ledger }) => {
    const page = ledger.pages.find(({ session_id }) => session_id === intent.target['pageId']);
    return page?.status === 'DISABLED' ? null : `the page is ${page?.status}`;
  },
  'abort-checkout': ({ intent, ledger }) => {
    const checkout = ledger.checkouts.find(({ order_id }) => order_id === intent.target['orderId']);
    return checkout?.aborted === true ? null : 'the checkout goes on';
  },
};

/** Every repeat gets the first final answer, and once it is final it stays so. Without a key each request is an intent of its own. */
function answersOfRecord(intent: IntentRecord, told: readonly { ask: Ask; told: Told; meaning: Meaning }[], once: boolean): Finding[] {
  if (!once) return [];
  const token = kindOf(intent.kind).sameBy === 'token';
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
  const { sameBy, interactive = false, twice } = kindOf(intent.kind);
  const token = sameBy === 'token';
  const say = (what: string): void =>
    void findings.push({ column: 'answered with error, but executed', what: `${what}; what happened: ${effects.join(', ')}`, ...at });
  for (const ask of asked) {
    if (ask.told === null) continue;
    const { status, code, text, operation } = ask.told;
    const inDoubt = twice === 'harmless' ? operation !== null : text.includes(IN_DOUBT);
    switch (interactive && status >= 500 ? (inDoubt ? 'announced' : 'not-now') : meaningOf(ask.told)) {
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
  const { id, kind, state, reason, lane, providerKeys } = operation;
  const at = { operation: id, ...(lane === null ? {} : { order: lane }) };
  if (!FINAL.includes(state) && state !== 'manual' && !world.waitForPerson.has(id))
    return [{ column: 'lost', what: `${kind} was accepted and is ${state}, for ever`, ...at }];
  const known = kindOfOperation(kind);
  if (known === undefined) return [];
  if (state === 'manual' && reason !== null && !known.manual.includes(reason))
    return [{ column: 'mismatches', what: `${kind} is a person's because it is ${reason}, which its kind never is`, ...at }];
  if (known.sameBy !== 'key') return [];
  const executed = world.sentWith(providerKeys).filter((request) => request.executed);
  if (executed.length > 1 && known.twice === 'harmful') {
    const numbers = executed.map(({ sequence }) => sequence).join(', ');
    return [{ column: 'doubles', what: `${kind} was carried out ${executed.length} times (requests ${numbers})`, ...at }];
  }
  if (state === 'succeeded') {
    if (executed.length === 0 && !world.reachedOtherwise(operation))
      return [{ column: 'lost', what: `${kind} succeeded, and nothing happened`, ...at }];
  } else if (state !== 'manual' && executed.length > 0) {
    return [{ column: 'answered with error, but executed', what: `${kind} is ${state} and was carried out`, ...at }];
  }
  return [];
}

/**
 * Where Klarna takes no key, equal requests can't be told apart there: as many were carried out as may have been. What does harm twice
 * is not sent again by who may have done it.
 */
function ofEqualOperations(operations: readonly OperationRow[], world: World): Finding[] {
  const [first] = operations;
  const kind = first && kindOfOperation(first.kind);
  if (!first?.address || kind === undefined) return [];
  const requests = world.equalTo(first.address);
  const executed = requests.filter((request) => request.executed);
  const count = (is: (operation: OperationRow) => boolean): number => operations.filter(is).length;
  const succeeded = count(({ state }) => state === 'succeeded');
  const at = { operation: first.id };
  const findings: Finding[] = [];
  if (executed.length === 0 && succeeded > 0 && !isThere(first, world))
    findings.push({ column: 'lost', what: `${first.kind} succeeded, and nothing happened`, ...at });
  if (kind.twice === 'harmless') return findings;
  if (executed.length > operations.length) {
    const numbers = executed.map(({ sequence }) => sequence).join(', ');
    const what = `${first.kind} was carried out ${executed.length} times for ${operations.length} operations (requests ${numbers})`;
    findings.push({ column: 'doubles', what, ...at });
  } else if (succeeded > executed.length && kind.sameBy === 'nothing' && executed.length > 0) {
    const what = `${first.kind} succeeded ${succeeded} times, and happened ${executed.length} times`;
    findings.push({ column: 'lost', what, ...at });
  }
  const may = count(
    ({ state, reason }) => state === 'manual' || (kind.interactive === true && state === 'abandoned' && reason === 'in-doubt'),
  );
  if (Math.min(executed.length, operations.length) > succeeded + may) {
    const states = operations.map(({ state, reason }) => `${state}${reason === null ? '' : ` (${reason})`}`).join(', ');
    findings.push({ column: 'answered with error, but executed', what: `${first.kind} is ${states} and was carried out`, ...at });
  }
  if (kind.interactive === true && operations.length === 1) {
    const doubtful = requests.findIndex(mayHaveHappened);
    const again = doubtful < 0 ? undefined : requests[doubtful + 1];
    if (again !== undefined) {
      const what = `${first.kind} was sent again (request ${again.sequence}) after request ${requests[doubtful]?.sequence} may have happened`;
      findings.push({ column: 'doubles', what, ...at });
    }
  }
  return findings;
}

/** What an answer like this leaves open, as far as who got it can know. */
function mayHaveHappened({ status, fault }: LedgerRequest): boolean {
  return status === null || status >= 500 || status === 408 || status === 425 || fault === 'garbage_after';
}

/** The end of a customer token, a page or a checkout can be seen, whoever brought it about. */
function isThere({ address }: OperationRow, { ledger }: World): boolean {
  const path = address?.path ?? '';
  return (
    ledger.tokens.some(({ token_id, status }) => status === 'CANCELLED' && path.endsWith(`/${token_id}/status`)) ||
    ledger.pages.some(({ session_id, status }) => status === 'DISABLED' && path.endsWith(`/sessions/${session_id}`)) ||
    ledger.checkouts.some(({ order_id, aborted }) => aborted && path.endsWith(`/${order_id}/abort`))
  );
}

/**
 * A new key is granted when the old one is believed to have done nothing: whoever still sends with the old one was not told, and does it a
 * second time as soon as Klarna has forgotten that key.
 */
function oldKeyAfterNew(world: World): Finding[] {
  return world.rows.operations.flatMap(({ id, kind, lane, providerKeys }): Finding[] => {
    const [newest, ...older] = providerKeys;
    if (newest === undefined || older.length === 0) return [];
    const [began] = world.sentWith([newest]);
    const late = began && world.sentWith(older).find(({ sequence }) => sequence > began.sequence);
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

/** What only sets values while its caller waits is not sent any more once somebody has asked for newer ones. */
function olderAfterNewer(intents: readonly IntentRecord[], world: World): Finding[] {
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
function effectsWithoutIntent(intents: readonly IntentRecord[], world: World): Finding[] {
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
function ordersAgree(intents: readonly IntentRecord[], world: World): Finding[] {
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

/** Requests of one order came to Klarna in the order of acceptance: everything of one before anything of what waits for it. */
function lanesInOrder(world: World): Finding[] {
  const findings: Finding[] = [];
  for (const [lane, operations] of world.lanes) {
    const sent = new Map<string, { first: number; last: number }>();
    const roles = operations.flatMap((operation) => {
      const role = roleOf(operation);
      return role === undefined ? [] : [{ operation, role }];
    });
    for (const { operation } of roles) {
      const sequences = world.sentWith(operation.providerKeys).map(({ sequence }) => sequence);
      if (sequences.length > 0) sent.set(operation.id, { first: Math.min(...sequences), last: Math.max(...sequences) });
    }
    const inOrder = roles
      .flatMap(({ operation, role }) => {
        const span = sent.get(operation.id);
        return span === undefined ? [] : [{ operation, role, ...span }];
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
  let unlinked = manual.filter(({ kind }) => ['captures', 'refunds'].includes(kindOfOperation(kind)?.counts ?? '')).length;
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

/** The id of what was made, as an answer names it. */
export function idIn({ text }: Pick<Told, 'text'>, member: string): string | null {
  try {
    const id = (JSON.parse(text) as Record<string, unknown>)[member];
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}
