import { type KindName, kindOf } from './kinds.js';
import {
  type Ask,
  FINAL,
  type Finding,
  type IntentRecord,
  type Ledger,
  type LedgerOrder,
  type OperationRow,
  type Told,
} from './records.js';
import { freesKey, idIn, isOnce, type Meaning, meaningOf } from './told.js';
import type { World } from './world.js';

/** What is there is known by these. */
const KNOWS = ['succeeded', 'manual'];
/** A refusal in so many words: whoever may not be asked twice is told what asking again would risk. */
const IN_DOUBT = 'may have been';

/** What the callers of one intent were told, against what is on record and what happened. */
export function ofIntent(intent: IntentRecord, world: World): Finding[] {
  const at = { intent: intent.id, ...(intent.orderId === null ? {} : { order: intent.orderId }) };
  const effects = world.effectsOf(intent);
  const operations = world.operationsOf(intent);
  const findings: Finding[] = [];
  const { sameBy, twice, lapses = false } = kindOf(intent.kind);
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
  if (effects.length > 0 && !lapses) findings.push(...toldErrors(intent, asked, effects, operations));

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

function record({ status, location, capture, refund, text, code }: Told): string {
  // Our own refusal names the request that it answers; Klarna's is replayed to the byte.
  const body = code === 'OPERATION_WITHDRAWN' ? text.replace(/"correlation_id":"[^"]*"/, '') : text;
  return [status, location, capture, refund, body].filter((each) => each !== null && each !== '').join(' ');
}
