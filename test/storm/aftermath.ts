import { setTimeout as pause } from 'node:timers/promises';
import { atATime } from '../support/at-a-time.js';
import type { Client } from '../support/client.js';
import { type Callers, type Intent, isFinal, operationsIn } from './callers.js';
import type { StormClock } from './clock.js';
import { collectLedger, collectRows } from './collect.js';
import { differencesOf } from './compare-orders.js';
import type { Draws } from './random.js';
import { FINAL, type Finding } from './records.js';
import { isOnce, meaningOf } from './told.js';
import { waitForPerson } from './world.js';
import { type Birth, KLARNA_TIMEOUT_MS, LONGEST_STEP_MS, type Topology } from './topology.js';

const QUIET_PERIOD_MS = 75_000;
const READ_AGAIN_MS = 60_000;
/**
 * Within one step of the schedule after faults stop: the longest pause of it, and a call. Where asking proves nothing, the rules demand a
 * quiet period and two looks that are apart; a pause of the schedule may come before each.
 */
export const FINAL_WITHIN_MS = LONGEST_STEP_MS + KLARNA_TIMEOUT_MS + QUIET_PERIOD_MS + READ_AGAIN_MS + 2 * LONGEST_STEP_MS;
/** Klarna forgets keys after a day, and with them the 5xx that it remembered under them. */
const KEY_LIFE_SECONDS = 25 * 3_600;
/** So long an authorization lives, and with it the way to ask what became of it. */
const TOKEN_LIFE_MS = 3_600_000;
const HOP_MS = 500;
const HOP_SECONDS = 4;
/** Whatever the virtual clock says: so long the processes get to do it. */
const AT_MOST_MS = 150_000;
/** When everything is final, whoever still asks is told so within this time. */
const ANSWERS_WITHIN_MS = 10_000;
/** An answer that came to a process that lived on for so long is in its attempt. */
const EVIDENCE_WITHIN_MS = 6_000;
/** So long an order may differ from Klarna's while no other one comes to agree: it is read once more, and again when that fails. */
const AGREE_WITHIN_MS = 15_000;
const REPEATS_AT_THE_END = 300;

export interface Settled {
  /** Virtual ms from the end of the faults until nothing was open, but what only a day can end; null: never. */
  readonly stormMs: number | null;
  readonly realMs: number;
  readonly open: number;
  /** What was left then, and how long it took when Klarna had forgotten the keys, after a day of business time. */
  readonly aDayLater?: { readonly operations: number; readonly stormMs: number };
}

/**
 * Faults have stopped and everything runs again: waits until every operation is final or waits for a person.
 * @param remembers5xx Klarna repeats a 5xx under its key as long as it knows the key: that is a fault that ends a day later
 * @param withinMs so much business time everything else has
 */
export async function settle(
  topology: Topology,
  clock: StormClock,
  callers: Callers,
  { remembers5xx, withinMs }: { remembers5xx: boolean; withinMs: number },
): Promise<Settled> {
  const began = performance.now();
  let until = began + AT_MOST_MS;
  clock.start(HOP_MS, HOP_SECONDS, () => isRested(topology, clock));
  const asking = askUntilFinal(callers, () => performance.now() < until);
  try {
    const { othersMs, ...first } = await untilSettled(topology, clock, withinMs, remembers5xx);
    if (first.open === 0 || othersMs === null) return first;
    await clock.pass(KEY_LIFE_SECONDS);
    const { stormMs, realMs, open } = await untilSettled(topology, clock, Infinity, remembers5xx);
    if (stormMs === null) return { stormMs, realMs, open };
    return { stormMs: othersMs, realMs: first.realMs, open, aDayLater: { operations: first.open, stormMs } };
  } finally {
    until = performance.now() + ANSWERS_WITHIN_MS;
    await asking;
    await clock.stop();
  }
}

/**
 * Whether everything open is what only a day can end: a create order whose session Klarna has forgotten, because much time passed between the
 * two (it can't be found out what became of it, and after a day of trying it is a person's); or a customer token, which Klarna shows nowhere,
 * within the hour in which its caller may ask by a repeat; or a call to which Klarna repeats, under its key, the 5xx that it remembers; or one
 * that waits behind such a one.
 */
async function waitsForTheKeyToBeForgotten(
  topology: Topology,
  open: readonly string[],
  remembers5xx: boolean,
  now: number,
): Promise<boolean> {
  const rows = await topology.rows<{ lane: string | null; excused: boolean }>(
    `SELECT lane, (kind = 'payments.create-order'
              AND (SELECT r.finding = 'unreadable' AND (r.data->>'code' = 'HTTP_404' OR r.data->>'session' = 'unknown') FROM readings r
                    WHERE r.operation_id = o.id ORDER BY started_at DESC LIMIT 1) IS TRUE)
         OR (kind = 'payments.create-customer-token' AND o.created_at > $3)
         OR ($2 AND (SELECT a.status >= 500 FROM attempts a WHERE a.operation_id = o.id AND a.status IS NOT NULL
                      ORDER BY number DESC LIMIT 1) IS TRUE) AS excused
       FROM operations o WHERE id = ANY($1::uuid[]) AND finished_at IS NULL AND state <> 'manual'`,
    [open, remembers5xx, new Date(now - TOKEN_LIFE_MS - FINAL_WITHIN_MS)],
  );
  const lanes = new Set(rows.flatMap(({ lane, excused }) => (excused && lane !== null ? [lane] : [])));
  return rows.every(({ lane, excused }) => excused || (lane !== null && lanes.has(lane)));
}

/** @returns also since when nothing else was open than what only a day can end; null: something else still is */
async function untilSettled(
  topology: Topology,
  clock: StormClock,
  withinStormMs: number,
  remembers5xx: boolean,
): Promise<Settled & { readonly othersMs: number | null }> {
  const began = performance.now();
  const from = await clock.now();
  let othersMs: number | null = null;
  for (;;) {
    const open = await openOperations(topology);
    const realMs = performance.now() - began;
    const now = await clock.now();
    const stormMs = now - from;
    othersMs = (await waitsForTheKeyToBeForgotten(topology, open, remembers5xx, now)) ? (othersMs ?? stormMs) : null;
    if (open.length === 0) return { stormMs, realMs, open: 0, othersMs };
    if (realMs > AT_MOST_MS || stormMs > withinStormMs) return { stormMs: null, realMs, open: open.length, othersMs };
    await pause(200);
  }
}

/** Whether nothing is due at this time, or under way. */
async function isRested(topology: Topology, clock: StormClock): Promise<boolean> {
  const now = new Date(await clock.now());
  const rows = await topology.rows(
    `SELECT FROM operations WHERE finished_at IS NULL AND state <> 'manual' AND (lease_until IS NOT NULL OR next_at <= $1) LIMIT 1`,
    [now],
  );
  return rows.length === 0;
}

/** What is neither final nor a person's, nor waits for its turn behind what is a person's. */
async function openOperations(topology: Topology): Promise<string[]> {
  const unfinished = await topology.rows<{ id: string; kind: string; state: string; lane: string | null; position: number | null }>(
    'SELECT id, kind, state, lane, position::float8 AS position FROM operations WHERE finished_at IS NULL',
  );
  const waiting = waitForPerson(unfinished);
  return unfinished.filter(({ id, state }) => state !== 'manual' && !waiting.has(id)).map(({ id }) => id);
}

/** Whoever holds no final answer repeats, or asks what became of it. */
async function askUntilFinal(callers: Callers, goOn: () => boolean): Promise<void> {
  let open = callers.intents.filter((intent) => !isFinal(intent) && !isRefusedForNow(intent));
  for (let round = 0; open.length > 0 && goOn(); round += 1) {
    await atATime(12, open, async (intent) => {
      if (goOn()) await askOnce(callers, intent, round);
    });
    open = open.filter((intent) => !isFinal(intent) && !isOverByLook(intent) && !isLostForItsCaller(intent));
    await pause(300);
  }
}

async function askOnce(callers: Callers, intent: Intent, round: number): Promise<void> {
  const [operation] = operationsIn(intent.record);
  const repeatable = isOnce(intent.plan);
  // Half of them repeat, the others look; who does what depends on nothing that happened.
  const looks = operation !== undefined && (!repeatable || (intent.record.id.length + round) % 2 === 0);
  if (looks) await callers.look(intent, operation);
  else if (repeatable) await callers.ask(intent, 'last');
}

/** Some callers take an error that may be repeated for an end. They must be right. */
function isRefusedForNow({ plan, record }: Intent): boolean {
  const answered = record.asks.filter(({ how }) => how !== 'other-body');
  const told = answered.at(-1)?.told ?? null;
  return told !== null && meaningOf(told) === 'not-now' && !plan.repeatsFinal;
}

function isOverByLook({ record }: Intent): boolean {
  const named = operationsIn(record);
  return named.length > 0 && named.every((id) => [...FINAL, 'manual'].includes(record.views.get(id)?.state ?? ''));
}

/** Without a key and without an answer there is nothing to ask for. */
function isLostForItsCaller({ plan, record }: Intent): boolean {
  return !isOnce(plan) && operationsIn(record).length === 0;
}

/** Some of those who have a final answer ask once more: it is the same for ever. */
export async function repeatAtTheEnd(callers: Callers, draws: Draws): Promise<void> {
  const keyed = callers.intents.filter((intent) => intent.plan.key !== null && isFinal(intent));
  const ranked = keyed.map((intent) => ({ intent, rank: draws.next() })).sort((a, b) => a.rank - b.rank);
  await atATime(8, ranked.slice(0, REPEATS_AT_THE_END), ({ intent }) => callers.ask(intent, 'last'));
}

/** Every order is read once more by the gateway, which it does by itself after each change; then both sides agree or they don't. */
export async function awaitAgreement(topology: Topology, simulator: Client, clock: StormClock): Promise<void> {
  const differing = async (): Promise<number> => {
    const [rows, ledger] = [await collectRows(topology), await collectLedger(simulator)];
    const stored = new Map(rows.orders.map((row) => [row.order_id, row]));
    return ledger.orders.filter((order) => {
      const row = stored.get(order.order_id);
      return row !== undefined && differencesOf(order, row).length > 0;
    }).length;
  };
  let fewest = await differing();
  if (fewest === 0) return;
  clock.start(HOP_MS, HOP_SECONDS);
  try {
    let end = performance.now() + AGREE_WITHIN_MS;
    while (performance.now() < end) {
      const differ = await differing();
      if (differ === 0) return;
      // They are about to agree as long as they agree more and more.
      if (differ < fewest) end = performance.now() + AGREE_WITHIN_MS;
      fewest = Math.min(fewest, differ);
      await pause(1_000);
    }
  } finally {
    await clock.stop();
  }
}

/**
 * Attempts without an outcome belong to processes that died. One whose process lived on for longer than the call may take has lost an
 * answer, or an end, that it had.
 */
export function droppedEvidence(births: ReadonlyMap<string, Birth>, attempts: readonly { id: string; operation: string }[]): Finding[] {
  return attempts.flatMap(({ id, operation }): Finding[] => {
    const birth = births.get(id);
    if (birth === undefined) return [];
    const { by, at } = birth;
    const lived = (by.died ?? Infinity) - at - by.frozenMs;
    if (lived < KLARNA_TIMEOUT_MS + EVIDENCE_WITHIN_MS) return [];
    const what = `attempt ${id} has no outcome, and ${by.name}, which made it, lived on for ${Math.round(lived)} ms`;
    return [{ column: 'mismatches', what, operation }];
  });
}
