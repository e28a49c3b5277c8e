import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Care } from '../klarna/care.js';
import { Database, type Transaction } from '../persistence/database.js';
import type { AttemptRow, OperationChange, OperationRow, ReadingRow } from '../persistence/repositories/operation-rows.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { AccountHealthRepository } from '../persistence/repositories/account-health.repository.js';
import { type LaneKey, OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { Nudges } from '../queue/nudges.js';
import { Alerts } from '../telemetry/alerts.js';
import { type Decision, mayHaveHappened, type Reason, type Timing } from './decide.js';
import type { HoldReason, ReadResult, SendResult } from './handler.js';
import { HandlerRegistry } from './handler-registry.js';
import { policyOf } from './kinds.js';
import type { LanePeer } from './lanes.js';
import { isFinal, type OperationFacts, type OperationState, type RecordedAnswer } from './operation.js';
import { OperationStory } from './operation-story.js';
import { type Plan, plan } from './plan.js';
import { OperationRecords } from './record.js';
import { alertAgePassed } from './schedule.js';
import { Signals } from './signals.js';
import { timingOf } from './timing.js';

/** An operation that has to be looked at, and when. */
export interface Due {
  id: string;
  fence: number;
  at: Date;
}

export interface Settled {
  id: string;
  state: OperationState;
  /** Other operations that became due by it. */
  woken: Due[];
  /** When a new request makes sense, in ms, as far as the last attempt told. */
  retryAfterMs?: number | null;
}

/** What an attempt or a reading brought. Evidence counts whoever brings it; only the holder of the lease decides what is next. */
export interface Evidence {
  operationId: string;
  lane: LaneKey | null;
  fence: number;
  attempt?: { id: string; endedAt: Date; result: SendResult };
  reading?: { id: string; startedAt: Date; endedAt: Date; generation: number; result: ReadResult };
  /** While the caller waits: the pause before Klarna is asked again (null: asked often enough), and until when that makes sense. */
  hold: { delayMs: number | null; until: Date } | null;
  /** The process stops: hand the operation over at once. */
  handOver?: boolean;
}

export type Conclusion =
  | { then: 'settled'; settled: Settled }
  /** The holder keeps the lease and goes on at that time. */
  | { then: 'again'; at: Date }
  /** It follows the schedule now. */
  | { then: 'scheduled'; due: Due }
  /** The operation has another holder, or was settled before: the evidence is kept. */
  | { then: 'kept' };

/** How far apart operations that a recovered provider wakes are started: its quota is shared with callers. */
export const WAKE_SPACING_MS = 50;

/** Whoever repeats the request is told so: a repeat that runs by itself must not do what was stopped. */
const LAST_WORDS: readonly Reason[] = ['stopped', 'fraud-rejected'];

@Injectable()
export class Settlement {
  readonly timing: Timing;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly acceptance: AcceptanceRepository,
    private readonly health: AccountHealthRepository,
    private readonly records: OperationRecords,
    private readonly handlers: HandlerRegistry,
    private readonly care: Care,
    private readonly story: OperationStory,
    private readonly clock: Clock,
    private readonly settings: Settings,
    private readonly signals: Signals,
    private readonly nudges: Nudges,
    private readonly alerts: Alerts,
  ) {
    this.timing = timingOf(settings);
  }

  /**
   * T2, one transaction: the evidence is appended, then the operation is settled from all its evidence, with order, captures,
   * refunds and timeline. May be repeated with the same evidence after a lost connection.
   * @throws DatabaseUnavailable, CommitUnknown: repeat
   */
  async conclude(evidence: Evidence): Promise<Conclusion> {
    const { conclusion, woken } = await this.database.transaction((tx) => this.#conclude(tx, evidence));
    this.signals.changed(evidence.operationId);
    const due = conclusion.then === 'scheduled' ? [conclusion.due, ...woken] : woken;
    if (conclusion.then === 'settled') due.push(...conclusion.settled.woken);
    this.nudge(due);
    return conclusion;
  }

  async #conclude(tx: Transaction, evidence: Evidence): Promise<{ conclusion: Conclusion; woken: Due[] }> {
    const now = this.clock.now();
    if (evidence.lane) await this.repository.lockLanes(tx, [evidence.lane]);
    const [row] = await this.repository.lock(tx, [evidence.operationId]);
    if (!row) throw new Error(`Operation ${evidence.operationId} is gone`);
    if (evidence.attempt) await this.repository.answer(tx, [this.#answerRow(row, evidence.attempt)]);
    if (evidence.attempt && row.bodies_erased_at !== null) await this.repository.hasBodiesAgain(tx, row.id);
    const asked = evidence.reading?.result.withheldMs === undefined;
    if (evidence.reading && asked) await this.repository.insertReading(tx, evidence.reading.id, readingRow(row, evidence.reading));
    const attempts = await this.repository.attempts(tx, [row.id]);
    const readings = attempts.some((each) => each.outcome === 'succeeded') ? [] : await this.repository.readings(tx, [row.id]);
    const facts = this.records.facts(row, attempts, readings, now);
    const woken = evidence.attempt ? await this.#judgeAccount(tx, row, evidence.attempt.result, now) : [];

    const next = plan({
      facts,
      now: now.getTime(),
      timing: this.timing,
      delays: this.settings.retryDelaysMs,
      steps: row.steps,
      hold: evidence.hold && { delayMs: evidence.hold.delayMs, until: evidence.hold.until.getTime() },
      brought: evidence.attempt ? 'attempt' : evidence.reading ? 'reading' : null,
      retryAfterMs: evidence.attempt?.result.retryAfterMs ?? evidence.reading?.result.withheldMs ?? 0,
      withheld: evidence.attempt?.result.withheld === true || !asked,
      handOver: evidence.handOver ?? false,
    });
    const success = next.then === 'settle' && next.decision.state === 'succeeded';
    if (facts.state === 'succeeded' && evidence.attempt) await this.#checkForSecondEffect(tx, row, attempts, evidence.attempt, now);
    // Success is believed from anyone at any time; everything else is decided by the holder, while there is something to decide.
    const open = !isFinal(facts.state) && facts.state !== 'manual' && row.fence === evidence.fence && row.lease_until !== null;
    if (success ? facts.state === 'succeeded' : !open) return { conclusion: { then: 'kept' }, woken };
    switch (next.then) {
      case 'settle': {
        const over = { ...facts, waitOver: next.waitOver };
        const settled = await this.settle(tx, row, over, attempts, next.decision, evidence, now);
        const { retryAfterMs = null } = evidence.attempt?.result ?? {};
        return { conclusion: { then: 'settled', settled: { ...settled, retryAfterMs } }, woken };
      }
      case 'again':
        await this.repository.change(tx, [this.#change(row, stateOf(facts), { keepsLease: true })], now);
        return { conclusion: { then: 'again', at: new Date(next.at) }, woken };
      case 'scheduled': {
        const scheduled = await this.#schedule(tx, row, facts, next, evidence, now);
        return { conclusion: { then: 'scheduled', due: scheduled.due }, woken: [...woken, ...scheduled.woken] };
      }
    }
  }

  /** The schedule takes over from the holder. */
  async #schedule(
    tx: Transaction,
    row: OperationRow,
    facts: OperationFacts,
    next: Plan & { then: 'scheduled' },
    evidence: Evidence,
    now: Date,
  ): Promise<{ due: Due; woken: Due[] }> {
    if (next.waitOver) row.unresolved_since ??= now;
    const at = new Date(next.at);
    const state = stateOf(facts);
    // It turned out that it was not sent: a cancel that came meanwhile may overtake it now.
    const wakesLane = row.lane !== null && state === 'waiting';
    const woken = await this.repository.change(tx, [this.#change(row, state, { nextAt: at, steps: next.steps, wakesLane })], now);
    const code = evidence.attempt?.result.code ?? null;
    if (row.steps === 0 && next.steps > 0) {
      await this.story.note(tx, row, 'operation.waiting', { kind: row.kind, state, code }, now);
    }
    if (next.steps > 0 && row.unresolved_since !== null) await this.story.waits(tx, row, { state, code }, now);
    const ends = [...facts.attempts, ...facts.readings].map((each) => each.endedAt ?? each.startedAt).sort((a, b) => a - b);
    const age = alertAgePassed(facts.createdAt, ends.at(-2) ?? facts.createdAt, now.getTime());
    if (age !== null) this.alerts.raise('operation.unresolved', { operation_id: row.id, kind: row.kind, minutes: age / 60_000 });
    return { due: { id: row.id, fence: row.fence, at }, woken: woken.map((each) => ({ ...each, at: now })) };
  }

  /**
   * Settles a locked operation: answer of record, lifecycle, timeline, and the lane behind it.
   * @param evidence what brought it about, if it is fresh; a reading's answer is only there
   */
  async settle(
    tx: Transaction,
    row: OperationRow,
    facts: OperationFacts,
    attempts: readonly AttemptRow[],
    decision: Decision & { do: 'settle' },
    evidence: Evidence | null,
    now: Date,
  ): Promise<Settled> {
    const contradicted = isFinal(facts.state) && decision.state === 'succeeded';
    const answer = this.#answerOfRecord(row, attempts, decision, evidence);
    const configuration = decision.state === 'rejected' && decision.attempt.outcome === 'configuration';
    const reason = 'reason' in decision ? decision.reason : configuration ? 'PROVIDER_CREDENTIALS' : null;
    if (decision.state === 'succeeded' && answer) {
      const attempt = attempts.find((each) => each.id === decision.attempt?.id);
      await this.handlers.handlerOf(facts.kind).succeeded(tx, this.records.context(row), {
        answer,
        providerId: attempt?.provider_id ?? decision.reading?.providerId ?? null,
        at: now,
        late: facts.waitOver,
      });
    }
    const woken = await this.finish(tx, row, decision.state, { answer: configuration ? null : answer, reason }, now);
    const unasked = decision.state === 'withdrawn' && !LAST_WORDS.includes(decision.reason);
    if (configuration || (unasked && !facts.attempts.some(mayHaveHappened))) {
      await this.acceptance.freeKey(tx, row.id);
    }
    if (decision.state === 'succeeded' && !contradicted) await this.story.succeeded(tx, row, now);
    if (decision.state === 'abandoned') await this.story.failed(tx, row, { state: 'abandoned', reason }, now);
    if (decision.state === 'rejected') {
      const code = attempts.find((each) => each.id === decision.attempt.id)?.code ?? null;
      await this.story.note(tx, row, 'operation.failed', { kind: row.kind, status: answer?.status ?? null, code }, now);
      await this.story.failed(tx, row, { state: 'rejected', status: answer?.status ?? null, code }, now);
      if (!configuration) await this.handlers.handlerOf(facts.kind).refused?.(tx, this.records.context(row), code);
    }
    if (decision.state === 'manual') {
      await this.story.note(tx, row, 'operation.manual', { kind: row.kind, reason }, now);
      await this.story.tell(tx, row, 'operation.manual', { reason }, now);
      this.alerts.raise('operation.manual', { operation_id: row.id, kind: row.kind, reason });
    }
    if (decision.state === 'withdrawn') await this.#withdrawn(tx, row, reason, now);
    if (contradicted) await this.#contradicted(tx, row, { was: facts.state, status: answer?.status ?? null }, now);
    return { id: row.id, state: decision.state, woken };
  }

  /** Writes the end of a locked operation and wakes the lane behind it. */
  async finish(
    tx: Transaction,
    row: OperationRow,
    state: OperationState,
    outcome: { answer: RecordedAnswer | null; reason: string | null },
    now: Date,
  ): Promise<Due[]> {
    const final = isFinal(state);
    const change = this.#change(row, state, {
      answerStatus: outcome.answer?.status ?? null,
      answerHeaders: outcome.answer?.headers ?? null,
      answerBody: this.records.sealAnswer(outcome.answer?.body ?? null),
      reason: outcome.reason,
      finishedAt: final ? now : null,
      leavesLane: final && row.finished_at === null,
      wakesLane: row.lane !== null,
    });
    const woken = await this.repository.change(tx, [change], now);
    return woken.map((each) => ({ ...each, at: now }));
  }

  /** Captures that a cancel overtakes are withdrawn; they were never sent. The lane is locked. */
  async withdrawOvertaken(tx: Transaction, overtaken: readonly LanePeer[], now: Date): Promise<void> {
    const ids = overtaken.map((each) => each.id).sort();
    for (const row of await this.repository.lock(tx, ids)) {
      const change = this.#change(row, 'withdrawn', { reason: 'overtaken-by-cancel', finishedAt: now, leavesLane: true, wakesLane: true });
      await this.repository.change(tx, [change], now);
      await this.#withdrawn(tx, row, 'overtaken-by-cancel', now);
    }
  }

  async #withdrawn(tx: Transaction, row: OperationRow, reason: string | null, now: Date): Promise<void> {
    await this.story.note(tx, row, 'operation.withdrawn', { kind: row.kind, reason }, now);
    // The service itself does not want it any more: nobody misses anything.
    if (reason === ('nothing-at-risk' satisfies Reason)) return;
    await this.story.failed(tx, row, { state: 'withdrawn', reason }, now);
  }

  /** Gives a locked operation another time; null: it waits to be woken by what is before it. */
  async postpone(tx: Transaction, row: OperationRow, at: Date | null): Promise<void> {
    const state = row.state === 'running' ? 'unknown' : (row.state as OperationState);
    await this.repository.change(tx, [this.#change(row, state, { nextAt: at })], this.clock.now());
  }

  /**
   * A locked operation of which nothing may have been sent waits for something else than what is before it; told once.
   * @returns what may go past it now
   */
  async holdBack(
    tx: Transaction,
    row: OperationRow,
    facts: OperationFacts,
    { reason, at }: { reason: HoldReason; at: Date },
    now: Date,
  ): Promise<Due[]> {
    const state = stateOf(facts);
    const isNew = row.reason !== reason;
    const change = this.#change(row, state, { nextAt: at, reason, wakesLane: isNew && row.lane !== null });
    const woken = await this.repository.change(tx, [change], now);
    if (isNew) {
      await this.story.note(tx, row, 'operation.waiting', { kind: row.kind, state, code: reason }, now);
      await this.story.waits(tx, row, { state, code: reason }, now);
    }
    return woken.map((each) => ({ ...each, at: now }));
  }

  /** After the commit: tells this process's waiters, and the queue. */
  announce(settled: readonly Settled[]): void {
    for (const each of settled) {
      this.signals.changed(each.id);
      this.nudge(each.woken);
    }
  }

  /** After the commit: reminds of what is due, or will be. */
  nudge(due: readonly Due[]): void {
    const now = this.clock.nowMs();
    for (const each of due) {
      this.signals.changed(each.id);
      this.nudges.nudge(each.id, each.fence, Math.max(0, each.at.getTime() - now));
    }
  }

  async #judgeAccount(tx: Transaction, row: OperationRow, result: SendResult, now: Date): Promise<Due[]> {
    const { api } = policyOf(this.records.kindOf(row));
    if (result.outcome === 'succeeded') {
      if (row.account_failing_since === null && row.account_paused_at === null) return [];
      // Among many failures every success would wake everything, only to be put off again.
      if (row.account_paused_at === null && this.care.isFailing(row.provider_account_id, api)) return [];
      const woken = await this.health.works(tx, row.provider_account_id, now, this.settings.retryDelaysMs, WAKE_SPACING_MS);
      return woken.map((each) => ({ id: each.id, fence: each.fence, at: each.next_at }));
    }
    if (result.outcome === 'configuration') {
      this.alerts.raise('provider.credentials', { account_id: row.provider_account_id, code: result.code });
      await this.health.pause(tx, row.provider_account_id, result.code ?? 'UNAUTHORIZED', now);
    } else if ((result.outcome === 'unknown' || result.outcome === 'retry') && row.account_failing_since === null) {
      await this.health.fails(tx, row.provider_account_id, now);
    }
    return [];
  }

  /** Two successes with two ids: money moved twice. It can't be undone here, but it can't stay unseen either. */
  async #checkForSecondEffect(
    tx: Transaction,
    row: OperationRow,
    attempts: readonly AttemptRow[],
    fresh: { id: string; result: SendResult },
    now: Date,
  ): Promise<void> {
    if (fresh.result.outcome !== 'succeeded' || fresh.result.providerId === null) return;
    const answer = fresh.result.answer;
    const answered = attempts.filter((each) => each.outcome === 'succeeded' && each.id !== fresh.id);
    const seen = (await this.repository.readings(tx, [row.id])).filter((each) => each.finding === 'present');
    const known = [...answered, ...seen].map((each) => each.provider_id);
    if (!answer || known.every((id) => id === null || id === fresh.result.providerId)) return;
    // Written down at once, flagged, beside the first: the order's amounts are what the provider took.
    const success = { answer, providerId: fresh.result.providerId, at: now, late: true };
    await this.handlers.handlerOf(this.records.kindOf(row)).succeeded(tx, this.records.context(row), success);
    await this.#contradicted(tx, row, { was: 'succeeded', second_effect: fresh.result.providerId }, now);
  }

  async #contradicted(tx: Transaction, row: OperationRow, data: Record<string, unknown>, now: Date): Promise<void> {
    this.alerts.raise('operation.contradicted', { operation_id: row.id, kind: row.kind, ...data });
    await this.story.note(tx, row, 'operation.contradicted', { kind: row.kind, ...data }, now);
    await this.story.tell(tx, row, 'operation.contradicted', data, now);
    await this.handlers.handlerOf(this.records.kindOf(row)).refused?.(tx, this.records.context(row), 'CONTRADICTED');
  }

  #answerOfRecord(
    row: OperationRow,
    attempts: readonly AttemptRow[],
    decision: Decision & { do: 'settle' },
    evidence: Evidence | null,
  ): RecordedAnswer | null {
    if (decision.state === 'succeeded' && decision.reading) {
      const answer = evidence?.reading?.result.answer ?? null;
      if (!answer) throw new Error(`A reading of operation ${row.id} found its effect but brought no answer`);
      return answer;
    }
    const wanted = 'attempt' in decision ? decision.attempt?.id : undefined;
    const attempt = attempts.find((each) => each.id === wanted);
    return attempt ? this.records.attemptAnswer(attempt) : null;
  }

  #answerRow(row: OperationRow, attempt: { id: string; endedAt: Date; result: SendResult }): AttemptRow {
    const { result } = attempt;
    return {
      id: attempt.id,
      operation_id: row.id,
      number: 0,
      generation: 0,
      fence: 0,
      started_at: attempt.endedAt,
      ended_at: attempt.endedAt,
      outcome: result.outcome,
      garbled: result.garbled,
      status: result.answer?.status ?? null,
      headers: result.answer?.headers ?? null,
      answer: this.records.sealAttemptAnswer(result.answer?.body ?? null),
      provider_id: storable(result.providerId),
      code: storable(result.code),
      reason: storable(result.reason),
      correlation_id: storable(result.correlationId),
    };
  }

  #change(row: OperationRow, state: OperationState, what: Partial<OperationChange>): OperationChange {
    return {
      id: row.id,
      state,
      keepsLease: false,
      nextAt: null,
      steps: row.steps,
      unresolvedSince: row.unresolved_since,
      answerStatus: row.answer_status,
      answerHeaders: row.answer_headers,
      answerBody: row.answer_body,
      reason: row.reason,
      finishedAt: row.finished_at,
      stopped: row.stopped,
      providerAccountId: row.provider_account_id,
      lane: row.lane,
      leavesLane: false,
      wakesLane: false,
      ...what,
    };
  }
}

/** Postgres keeps no U+0000 in text; what the provider says must be kept all the same. */
function storable(text: string | null): string | null {
  return text?.replaceAll('\u0000', '\uFFFD') ?? null;
}

/** The visible state of an operation that goes on. */
function stateOf(facts: OperationFacts): OperationState {
  if (facts.attempts.length === 0) return 'accepted';
  return facts.attempts.some(mayHaveHappened) ? 'unknown' : 'waiting';
}

function readingRow(row: OperationRow, reading: NonNullable<Evidence['reading']>): ReadingRow {
  return {
    operation_id: row.id,
    generation: reading.generation,
    started_at: reading.startedAt,
    ended_at: reading.endedAt,
    finding: reading.result.finding,
    provider_id: reading.result.providerId,
    data: reading.result.data,
  };
}
