import type { ChaosCounts } from './chaos.js';
import type { Told } from './records-told.js';
import type { IntentRecord, Finding, Ledger, LedgerRequest, OperationRow, Rows } from './records.js';
import { type StormOptions, USUAL_FAULTS } from './options.js';
import { ALWAYS_MET, placeName, POINTS_OF } from './plan-chaos.js';
import type { Settled } from './aftermath.js';
import { FINAL_WITHIN_MS } from './aftermath.js';
import { meaningOf } from './told.js';
import { KINDS, type Kind, type KindName, kindOf, kindOfOperation, kindOfRequest, OLD_KINDS } from './kinds.js';
import { type Takeover, TAKEOVER_WITHIN_MS } from './takeover.js';

const STORIES_TOLD = 12;
/** Of so many others it is said what they are. */
const HEADINGS = 200;
/** More captures, refunds, releases and cancels that a person must settle are no storm any more, but a bad gateway. */
const MOST_MANUAL = 0.03;
/** A storm with fewer kills, or freezes, can't come by every boundary. */
const EVERYWHERE = { kills: 200, freezes: 36 };
/** A storm of so many operations has some of each kind. */
const EVERY_KIND = 1_000;
const named = (names: readonly KindName[]): ReadonlySet<string> => new Set(names.map((name) => kindOf(name).operation));
const NAMES = Object.keys(KINDS) as KindName[];
const shown = ({ sameBy, manual }: Kind): boolean => sameBy === 'key' && !manual.includes('not-shown');
/** What may wait for a person within the limit: those that move money, and what else can be seen at Klarna, of which small storms have few. */
const LIMITED: readonly { readonly what: string; readonly kinds: ReadonlySet<string>; readonly few: number }[] = [
  { what: 'captures, refunds, releases and cancels', kinds: named(['capture', 'refund', 'release', 'cancel']), few: 0 },
  {
    what: 'other changes that Klarna shows',
    kinds: named(NAMES.filter((name) => shown(kindOf(name)) && !OLD_KINDS.some((old) => old === name))),
    few: 2,
  },
];
const COLUMNS = ['doubles', 'lost', 'mismatches', 'answered with error, but executed'] as const;

export interface Outcome {
  readonly wanted: StormOptions;
  readonly intents: readonly IntentRecord[];
  readonly rows: Rows;
  readonly ledger: Ledger;
  readonly told: Told;
  readonly findings: readonly Finding[];
  readonly counts: ChaosCounts;
  readonly settled: Settled;
  readonly takeovers: readonly Takeover[];
  readonly probes: { readonly jobs: number; readonly held: number };
}

/** Carried out, and whoever asked for it got no answer that says so: what a naive client does twice. Sessions and pages move nothing. */
export function executedButUnacknowledged({ requests }: Ledger): number {
  return requests.filter((request) => kindOfRequest(request.method, request.path)?.interactive === undefined && isUnacknowledged(request))
    .length;
}

function isUnacknowledged({ method, path, executed, status, fault }: LedgerRequest): boolean {
  const silent = ['timeout_after', 'reset_after', 'status_after', 'garbage_after'];
  return kindOfRequest(method, path) !== undefined && executed && (status === null || silent.includes(fault ?? ''));
}

/** What is not as it has to be; empty: the storm is passed. */
export function failures(outcome: Outcome): string[] {
  const { findings, settled, takeovers, counts, wanted, intents, rows, ledger } = outcome;
  const failed = COLUMNS.flatMap((column) => {
    const count = findings.filter((each) => each.column === column).length;
    return count === 0 ? [] : [`${column}: ${count}`];
  });
  if (settled.stormMs === null) failed.push(`${settled.open} operations are neither final nor manual`);
  else if (settled.stormMs > FINAL_WITHIN_MS) failed.push(`final only ${seconds(settled.stormMs)} after faults stopped`);
  const unexplained = rows.operations.filter(({ state, reason }) => state === 'manual' && !reason).length;
  if (unexplained > 0) failed.push(`${unexplained} operations are manual without a reason`);
  const slow = takeovers.filter(({ ms }) => ms > TAKEOVER_WITHIN_MS).map(({ ms }) => ms);
  if (slow.length > 0) failed.push(`${slow.length} takeovers took up to ${Math.max(...slow)} ms`);
  // A storm that did not blow proves nothing.
  const blew: [string, number, number][] = [
    ['operations were asked for', intents.length, wanted.operations],
    ['kills', counts.kills, wanted.kills],
    ['freezes', counts.freezes, wanted.freezes],
    ['restarts of Postgres', counts.restarts, wanted.restarts],
    ['losses of the queue', counts.flushes, wanted.flushes],
    ['outages', counts.outages, wanted.outages],
    // Others have less time for it than a connection waits: on a slow machine one of two may be too late.
    ['sleeps while others carried it out', counts.sleeps, Math.floor(wanted.sleeps / 2)],
    ['executed, but unacknowledged', executedButUnacknowledged(ledger), wanted.faults < USUAL_FAULTS ? 0 : wanted.operations / 5],
  ];
  for (const [what, done, asked] of blew) if (done < Math.floor(asked * wanted.least)) failed.push(`only ${done} of ${asked} ${what}`);
  const missed = missedBoundaries(outcome);
  if (missed.length > 0) failed.push(`nobody was ${missed.join(', nobody was ')}`);
  // How many orders are a person's follows from what Klarna answers to a token that was used, which is drawn. What Klarna does not show is
  // a person's more often, too.
  for (const { what, kinds, few } of LIMITED) {
    const of = rows.operations.filter(({ kind }) => kinds.has(kind));
    const waits = of.filter(({ state }) => state === 'manual').length;
    if (waits > Math.max(few, of.length * MOST_MANUAL)) failed.push(`${waits} of ${of.length} ${what} wait for a person`);
  }
  // No two captures or refunds have the same reference: nothing can be taken for something else.
  const ambiguous = rows.operations.filter(({ reason }) => reason === 'ambiguous').length;
  if (ambiguous > 0) failed.push(`${ambiguous} operations are ambiguous`);
  if (wanted.operations * wanted.least >= EVERY_KIND) {
    for (const { name, executed } of byKind(outcome)) if (executed === 0) failed.push(`no ${name} was carried out`);
  }
  return failed;
}

/** Boundaries that nobody died, or stood still, at. */
function missedBoundaries({ wanted, counts }: Outcome): string[] {
  if (wanted.kills < EVERYWHERE.kills || wanted.freezes < EVERYWHERE.freezes) return [];
  return (['killed', 'frozen'] as const)
    .flatMap((done) => (['api', 'worker'] as const).flatMap((role) => POINTS_OF[role].map((point) => ({ role, done, point }))))
    .filter(({ point }) => wanted.points.includes(point) && ALWAYS_MET.includes(point))
    .map(({ role, done, point }) => placeName(role, done, point))
    .filter((place) => !counts.at.has(place));
}

/** The one table. */
export function table(outcome: Outcome): string {
  const { intents, rows, ledger, findings, counts, settled, takeovers, probes, wanted } = outcome;
  const manual = rows.operations.filter(({ state }) => state === 'manual');
  const asks = intents.flatMap((each) => each.asks);
  const told = asks.flatMap((each) => (each.told === null ? [] : [meaningOf(each.told)]));
  const meant = (what: string): number => told.filter((each) => each === what).length;
  const found = (column: Finding['column']): string => String(findings.filter((each) => each.column === column).length);
  const reasons = new Map<string, number>();
  for (const { kind, reason } of manual) reasons.set(`${kind} ${reason}`, (reasons.get(`${kind} ${reason}`) ?? 0) + 1);
  const slowest = Math.max(...takeovers.map(({ ms }) => ms));
  const left = settled.aDayLater;
  const aDayLater = left === undefined ? '' : `; ${left.operations} more ${seconds(left.stormMs)} after a day`;
  const lines: [string, string][] = [
    ['operations', `${intents.length} of ${wanted.operations} (${rows.operations.length} on record, with sessions)`],
    [
      'requests of callers',
      `${asks.length}: ${meant('success')} success, ${meant('announced')} pending, ${meant('refused')} refused, ${meant('not-now')} not now, ${asks.length - told.length} unanswered`,
    ],
    ['requests at Klarna', `${ledger.requests.length}, ${ledger.requests.filter(({ fault }) => fault !== null).length} with a fault`],
    ['kills', `${counts.kills} of ${wanted.kills}`],
    ['freezes', String(counts.freezes)],
    ['Postgres restarted, queue lost, outages', `${counts.restarts}, ${counts.flushes}, ${counts.outages}`],
    ['slept while others carried it out', String(counts.sleeps)],
    ['executed, but unacknowledged', String(executedButUnacknowledged(ledger))],
    ...COLUMNS.map((column): [string, string] => [column, found(column)]),
    ['manual with reason', `${manual.length}${[...reasons].map(([reason, count]) => `; ${count} ${reason}`).join('')}`],
    ['slowest takeover', takeovers.length === 0 ? 'none' : `${slowest} ms, of ${takeovers.length}`],
    [
      'final after faults stopped',
      settled.stormMs === null
        ? `never (${settled.open} open)`
        : `${seconds(settled.stormMs)} of storm time (allowed ${seconds(FINAL_WITHIN_MS)})${aDayLater}`,
    ],
    ['looks at the queue, at held calls', `${probes.jobs}, ${probes.held}`],
    ...toldLines(outcome.told),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const kinds = byKind(outcome).map(({ name, intents: asked, executed, unacknowledged, states }) =>
    [name.padEnd(22), ...[asked, executed, unacknowledged].map((count) => String(count).padStart(8)), `   ${states}`].join(''),
  );
  const places = [...counts.at].sort(([a], [b]) => (a < b ? -1 : 1)).map(([where, count]) => `  ${String(count).padStart(4)}  ${where}`);
  const heading = `${'Kind'.padEnd(22)}   asked    done  unheard   how they ended`;
  return [
    ...lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    heading,
    ...kinds,
    '',
    'Where they died or stood still:',
    ...places,
  ].join('\n');
}

/** What merchants were told, and Klarna's callbacks. */
function toldLines({ events, takings, endpoints, callbacks, sent, deliveries }: Told): [string, string][] {
  const count = <T>(items: readonly T[], is: (item: T) => boolean): number => items.filter(is).length;
  const attempts = sent.flatMap((each) => each.attempts);
  const places = endpoints.map(({ name }) => {
    const came = takings.filter(({ at }) => at === name);
    return `${name} ${count(came, ({ end }) => end === 'taken')} of ${came.length}`;
  });
  const results = new Map<string, number>();
  for (const { state, result } of callbacks) results.set(`${state} (${result})`, (results.get(`${state} (${result})`) ?? 0) + 1);
  return [
    ['events', `${events.length}; ${deliveries.length} messages, ${count(deliveries, ({ replayed }) => replayed)} replayed`],
    ['taken, of those that came', places.join(', ')],
    [
      "Klarna's callbacks",
      `${sent.length}, ${count(sent, ({ attempts: each }) => each.length === 0)} lost; sent ${attempts.length} times, ${count(attempts, ({ status }) => status === 200)} taken`,
    ],
    ['what they came to', [...results].map(([result, each]) => `${each} ${result}`).join(', ') || 'nothing'],
  ];
}

interface KindCount {
  readonly name: KindName;
  /** How many were wanted, how many requests were carried out at Klarna, and of how many of these nobody heard. */
  readonly intents: number;
  readonly executed: number;
  readonly unacknowledged: number;
  readonly states: string;
}

/** What became of each kind; what is a person's, with its reasons. */
export function byKind({ intents, rows, ledger }: Pick<Outcome, 'intents' | 'rows' | 'ledger'>): KindCount[] {
  const told = ({ state, reason }: OperationRow): string => (reason === null || state === 'rejected' ? state : `${state} (${reason})`);
  return NAMES.map((name) => {
    const kind = kindOf(name);
    const executed = ledger.requests.filter((each) => each.executed && kindOfRequest(each.method, each.path) === kind);
    const states = new Map<string, number>();
    for (const row of rows.operations) {
      if (kindOfOperation(row.kind) === kind) states.set(told(row), (states.get(told(row)) ?? 0) + 1);
    }
    return {
      name,
      intents: intents.filter((each) => each.kind === name).length,
      executed: executed.length,
      unacknowledged: executed.filter(isUnacknowledged).length,
      states: [...states].map(([state, count]) => `${count} ${state}`).join(', '),
    };
  });
}

/** Everything that is known of what is wrong, for a person: what was asked, told, recorded, and what happened. */
export function stories(outcome: Outcome, most = STORIES_TOLD): string {
  const { findings, takeovers } = outcome;
  const byReason = [...findings].sort((a, b) => COLUMNS.indexOf(a.column) - COLUMNS.indexOf(b.column));
  const told = byReason.slice(0, most).map((finding) => story(`${finding.column}: ${finding.what}`, finding, outcome));
  const rest = byReason.slice(most, most + HEADINGS).map(({ column, what }) => `### ${column}: ${what}`);
  const left = findings.length - most - rest.length;
  const more = [...(rest.length > 0 ? [rest.join('\n')] : []), ...(left > 0 ? [`... and ${left} more`] : [])];
  const slow = takeovers
    .filter(({ ms }) => ms > TAKEOVER_WITHIN_MS)
    .map(({ operation, of, ms, meanwhile }) =>
      [`### operation ${operation} of ${of} was taken over after ${ms} ms`, ...meanwhile].join('\n'),
    );
  return [...told, ...more, ...slow].join('\n\n');
}

/** The stories of what only a person can settle. */
export function storiesOfManual(outcome: Outcome): string {
  return outcome.rows.operations
    .filter(({ state }) => state === 'manual')
    .map(({ id, kind, reason, lane }) =>
      story(`manual: ${kind} ${reason}`, { operation: id, ...(lane === null ? {} : { order: lane }) }, outcome),
    )
    .join('\n\n');
}

function story(heading: string, finding: Pick<Finding, 'intent' | 'order' | 'operation'>, { intents, rows, ledger }: Outcome): string {
  const operation = rows.operations.find(({ id }) => id === finding.operation);
  const intent =
    intents.find(({ id }) => id === finding.intent) ??
    (operation && intents.find(({ key, reference }) => (key !== null && key === operation.key) || reference === operation.reference)) ??
    (operation && intents.find(({ path, body }) => path === operation.address?.path && body === operation.address.body));
  const orderId = finding.order ?? intent?.orderId ?? operation?.lane ?? null;
  const own = rows.operations.filter(
    (each) =>
      each === operation ||
      (orderId !== null && each.lane === orderId) ||
      (intent && (each.reference === intent.reference || each.address?.path === intent.path)),
  );
  const order = ledger.orders.find(({ order_id }) => order_id === orderId);
  const requests = ledger.requests.filter(
    ({ order_id, path }) => (orderId !== null && order_id === orderId) || path === (intent?.path ?? operation?.address?.path),
  );
  return [
    `### ${heading}`,
    ...(intent === undefined
      ? []
      : [`intent ${intent.id}: ${intent.kind} of ${intent.amount}, key ${intent.key}, "${intent.reference}"`, ...intent.asks.map(askLine)]),
    ...own.map(
      (each) =>
        `  row ${each.id} ${each.kind} #${each.position} ${each.state} ${each.reason ?? ''} "${each.reference}" ${each.attempts.map(({ number, fence, outcome, status }) => `${number}/${fence}:${outcome}(${status})`).join(' ')} [${each.providerKeys.join(' ')}]`,
    ),
    ...(order === undefined ? [] : [`  Klarna: ${JSON.stringify(order)}`]),
    ...rows.orders.filter(({ order_id }) => order_id === orderId).map((row) => `  stored: ${JSON.stringify(row)}`),
    ...requests.map(
      ({ sequence, method, path, idempotency_key, executed, replayed, outcome, status, fault }) =>
        `  request ${sequence} ${method} ${path.replace(/^.*\/orders\/[^/]*\//, '')} ${idempotency_key ?? ''}${executed ? ' EXECUTED' : ''}${replayed ? ' replayed' : ''} ${outcome} -> ${status} ${fault ?? ''}`,
    ),
  ].join('\n');
}

function askLine({ how, began, ended, told, by }: IntentRecord['asks'][number]): string {
  const answer = told === null ? 'no answer' : `${told.status} ${told.code ?? ''} ${told.capture ?? told.refund ?? told.location ?? ''}`;
  return `  ${how} ${by} ${Math.round(began)}..${Math.round(ended)}: ${answer}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
