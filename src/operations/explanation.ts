import type { AttemptRow, OperationRow, ReadingRow, ResolutionRow } from '../persistence/repositories/operation-rows.js';
import { KIND_WORDS, type KindWords, REASON_WORDS, type ReasonWords } from './explanation-words.js';
import { meaningsOf } from '../klarna/error-catalogue.js';
import { isOperationKind, policyOf } from './kinds.js';

/** What a person who has to decide needs to read, and nothing else: one page. */
export interface Explanation {
  title: string;
  known: string[];
  not_known: string[];
  to_do: string[];
  outcomes: { when: string; request: Record<string, string>; consequence: string }[];
}

export interface ManualFacts {
  row: Pick<
    OperationRow,
    | 'id'
    | 'kind'
    | 'lane'
    | 'amount'
    | 'reference'
    | 'reason'
    | 'created_at'
    | 'generation'
    | 'provider_key'
    | 'order_currency'
    | 'merchant_id'
  >;
  attempts: readonly Pick<
    AttemptRow,
    'started_at' | 'ended_at' | 'generation' | 'outcome' | 'status' | 'code' | 'correlation_id' | 'garbled'
  >[];
  readings: readonly Pick<ReadingRow, 'started_at' | 'finding' | 'data'>[];
  resolutions: readonly Pick<ResolutionRow, 'at' | 'outcome' | 'reason'>[];
}

/** More lines of one sort than this do not fit on a page. */
const MOST_LINES = 12;
const MOST_CANDIDATES = 10;
const WIDTH = 100;

/** Tells in plain words what is known of a `manual` operation, what is not, and what a person can do about it. Pure. @returns null for a kind that this version does not know */
export function explain(facts: ManualFacts): Explanation | null {
  const { row, readings } = facts;
  const words = wordsOf(row.kind);
  if (words === null) return null;
  const reason = REASON_WORDS[row.reason ?? ''] ?? otherReason(row.reason);
  const places = { order: row.lane ?? 'its order', session: sessionIn(readings) ?? '{session_id}', thing: words.thing };
  const fill = (text: string): string =>
    text.replace(/\{(order|session|thing)\}/g, (_, name: string) => places[name as keyof typeof places]);
  const candidates = candidatesIn(readings).slice(0, MOST_CANDIDATES);
  return {
    title: `${words.title}${row.lane === null ? '' : ` on order ${row.lane}`}: ${reason.title}`,
    known: [
      `Asked for at ${at(row.created_at)}: ${words.thing}${priceOf(row)}${row.reference === null ? '' : `, reference ${JSON.stringify(row.reference)}`}${row.lane === null ? '' : `, Klarna order ${row.lane}`}.`,
      ...sends(facts),
      ...looks(readings),
      ...candidates.map((each) => `Candidate ${each.text}.`),
      ...facts.resolutions.map((each) => `A person said ${each.outcome} at ${at(each.at)}: ${each.reason}`),
    ],
    not_known: reason.notKnown.map(fill),
    to_do: [
      ...reason.first.map(fill),
      ...words.lookUps.map((each) => `Look: ${fill(each)}.`),
      `The effect is there if you see ${fill(words.seen)}.`,
      `Then send one of the outcomes below to POST /operations/${row.id}/resolve, with a reason for whoever reads it later.`,
    ],
    outcomes: outcomesOf(
      facts,
      words,
      candidates.map(({ id }) => id),
    ),
  };
}

/** The same as a page of text. */
export function pageOf(id: string, explanation: Explanation): string {
  const { title, known, not_known: notKnown, to_do: toDo, outcomes } = explanation;
  const list = (lines: readonly string[]) => lines.map((line) => wrapped('- ', line)).join('\n');
  const outcome = ({ when, request, consequence }: Explanation['outcomes'][number]) =>
    [wrapped('- ', when), `    POST /operations/${id}/resolve`, `    ${JSON.stringify(request)}`, wrapped('  ', consequence)].join('\n');
  return [
    wrapped('', title),
    '='.repeat(Math.min(WIDTH, title.length)),
    `Operation ${id}`,
    `\nWhat is known\n${list(known)}`,
    `\nWhat is not known\n${list(notKnown)}`,
    `\nWhat to do\n${list(toDo)}`,
    `\nOutcomes\n${outcomes.map(outcome).join('\n')}`,
    '',
  ].join('\n');
}

function wordsOf(kind: string): KindWords | null {
  return Object.hasOwn(KIND_WORDS, kind) ? KIND_WORDS[kind as keyof typeof KIND_WORDS] : null;
}

function otherReason(reason: string | null): ReasonWords {
  return { title: reason ?? 'a person must look', notKnown: ['Whether the {thing} happened.'], first: [] };
}

function priceOf({ amount, order_currency: currency }: ManualFacts['row']): string {
  return amount === null ? '' : ` of ${amount} minor units${currency === null ? '' : ` of ${currency}`}`;
}

/** Attempts, those in a row that came to the same in one line. */
function sends({ attempts, row }: ManualFacts): string[] {
  const groups = inRuns(attempts, (each) => [each.generation, each.outcome, each.status, each.code, each.garbled].join());
  const lines = groups.map((run) => {
    const [first] = run;
    const key = first.generation === row.generation && row.provider_key !== null ? ` (${row.provider_key})` : '';
    const under = row.provider_key === null ? '' : ` under key ${first.generation}${key}`;
    const ids = run.flatMap((each) => each.correlation_id ?? []);
    const support = ids.length === 0 ? '' : ` Correlation id${ids.length > 1 ? 's' : ''}: ${shortened(ids)}.`;
    return `${times(run)}: sent${run.length > 1 ? ` ${run.length} times` : ''}${under}. ${answered(first, row.kind)}${support}`;
  });
  return bounded(lines, 'sends');
}

function answered(attempt: ManualFacts['attempts'][number], kind: string): string {
  if (attempt.outcome === null) return 'Its process ended before an answer was written down; it may have happened.';
  const means: Record<string, string> = {
    succeeded: 'it happened',
    rejected: 'Klarna refused; after a send that may have happened this proves nothing',
    configuration: 'Klarna refused the credentials; it did not happen',
    retry: 'it certainly did not happen',
    unknown: attempt.garbled ? "an answer that is not Klarna's; it may have happened" : 'it may have happened',
  };
  const code = attempt.code === null ? '' : ` ${attempt.code}`;
  const said =
    attempt.status === null ? `No answer${attempt.code === null ? '' : ` (${attempt.code})`}` : `Klarna answered ${attempt.status}${code}`;
  return `${said}: ${means[attempt.outcome] ?? attempt.outcome}.${knownMeaning(attempt, kind)}`;
}

/** What Klarna's refusal is known to mean; all that it may mean when its message alone would tell. */
function knownMeaning({ status, code, outcome }: ManualFacts['attempts'][number], kind: string): string {
  if (outcome !== 'rejected' || !isOperationKind(kind)) return '';
  const means = meaningsOf(policyOf(kind).api, status, code).map((row) => row.means);
  return means.length === 0 ? '' : ` ${code}: ${means.join('; or ')}.`;
}

/** Readings, those in a row that found the same in one line. */
function looks(readings: ManualFacts['readings']): string[] {
  const means: Record<string, string> = {
    present: 'the effect is there',
    placed: 'an order was placed; its id is not shown',
    absent: 'the effect is not there',
    ambiguous: 'more than one could be it',
    unreadable: 'nothing could be learned',
  };
  const groups = inRuns(readings, ({ finding, data }) => JSON.stringify([finding, shownIn(data)]));
  return bounded(
    groups.map((run) => {
      const [first] = run;
      const shown = shownIn(first.data);
      return `${times(run)}: looked${run.length > 1 ? ` ${run.length} times` : ''} at Klarna; ${means[first.finding] ?? first.finding}${shown === '' ? '' : ` (${shown})`}.`;
    }),
    'looks',
  );
}

/** Plain members of a reading's data: codes, states and amounts. */
function shownIn(data: Record<string, unknown>): string {
  return Object.entries(data)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

/** What the newest look that could not tell found, with amounts and times where they are on record. */
function candidatesIn(readings: ManualFacts['readings']): { id: string; text: string }[] {
  const data = readings.findLast(({ finding }) => finding === 'ambiguous')?.data;
  const ids = Array.isArray(data?.['candidates']) ? data['candidates'].filter((id) => typeof id === 'string') : [];
  const seen = Array.isArray(data?.['seen']) ? (data['seen'] as { id?: unknown; amount?: unknown; at?: unknown }[]) : [];
  return ids.map((id) => {
    const found = seen.find((each) => each.id === id);
    const amount = typeof found?.amount === 'number' ? `, ${found.amount} minor units` : '';
    return { id, text: `${id}${amount}${typeof found?.at === 'string' ? `, made at ${found.at}` : ''}` };
  });
}

function sessionIn(readings: ManualFacts['readings']): string | null {
  const sessions = readings.map(({ data }) => data['session']).filter((each) => typeof each === 'string' && each !== 'unknown');
  return (sessions.at(-1) as string | undefined) ?? null;
}

function outcomesOf({ row }: ManualFacts, words: KindWords, candidates: readonly string[]): Explanation['outcomes'] {
  const because = 'what you saw, where, and who you are';
  const ids = words.id === null ? [null] : candidates.length > 0 ? candidates : [`<${words.id}>`];
  const succeeded = ids.map((id) => ({
    when: `It happened${id === null ? '' : ` and is ${id}`}.`,
    request: { outcome: 'succeeded', ...(id === null ? {} : { provider_id: id }), reason: because },
    consequence: `Nothing is sent. Callers who repeat the request get ${words.success}. What waits behind it goes on.`,
  }));
  const rejected = {
    when: 'It did not happen, and is not to be tried again.',
    request: { outcome: 'rejected', reason: because },
    consequence:
      'Nothing is sent. Callers who repeat the request get 403 NOT_ALLOWED with your reason. If it had happened after all, its effect stays at Klarna and the shop was told otherwise.',
  };
  // Where the authorization token is the key, there is no other key to send it under.
  const keyed = isOperationKind(row.kind) && policyOf(row.kind).class !== 'bounded';
  const again = {
    when: 'It did not happen, that is certain, and it is to be sent once more.',
    request: { outcome: 'new_key', reason: because },
    consequence: `It is sent once more at once${row.provider_key === null ? '' : ', under a new idempotency key by which Klarna can not recognise it'}. If it had happened after all, ${words.twice}.`,
  };
  return [...succeeded, rejected, ...(keyed ? [again] : [])];
}

function inRuns<T>(items: readonly T[], key: (item: T) => string): [T, ...T[]][] {
  const runs: [T, ...T[]][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    if (run && key(run[0]) === key(item)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

function times(run: readonly { started_at: Date }[]): string {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return '';
  return run.length === 1 ? at(first.started_at) : `${at(first.started_at)} to ${at(last.started_at)}`;
}

/** The first ones and the newest ones; `history` of the operation has them all. */
function bounded(lines: readonly string[], what: string): string[] {
  if (lines.length <= MOST_LINES) return [...lines];
  const half = MOST_LINES / 2;
  return [...lines.slice(0, half), `(${lines.length - MOST_LINES} more ${what}: see history)`, ...lines.slice(-half)];
}

function shortened(ids: readonly string[]): string {
  return ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 2).join(', ')}, ... ${ids.at(-1)}`;
}

function at(time: Date): string {
  return time.toISOString();
}

/** One item of a list, broken between words. */
function wrapped(mark: string, text: string): string {
  const lines: string[] = [];
  let line = mark;
  for (const word of text.split(/\s+/)) {
    if (line.trim() !== mark.trim() && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(mark.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}
