import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Care } from '../klarna/care.js';
import { Database, type Transaction } from '../persistence/database.js';
import type { AttemptRow, NewOperation, OperationRow } from '../persistence/repositories/operation-rows.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { type LaneKey, OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { type Decision, decide, mayHaveHappened, type Timing } from './decide.js';
import type { Clearance, HoldReason, OperationContext } from './handler.js';
import { HandlerRegistry } from './handler-registry.js';
import { policyOf } from './kinds.js';
import { LaneTurns } from './lane-turns.js';
import { type Moment, thisMoment } from './leases.js';
import { isFinal, type OperationFacts, type OperationState } from './operation.js';
import { derivedKey } from './provider-key.js';
import { OperationRecords } from './record.js';
import { scheduleDelay } from './schedule.js';
import { type Due, type Settled, Settlement } from './settlement.js';
import { laneOf, timingOf } from './timing.js';

/** An attempt that may go out: it is on record, its lease runs. */
export interface Send {
  do: 'send';
  context: OperationContext;
  attemptId: string;
  /** 1: nothing was sent for it before. */
  number: number;
  fence: number;
  /** Before the lease was asked for. */
  asked: Moment;
  providerKey: string | null;
  startedAt: Date;
  orderCreatedAt: Date | null;
  /** The service asks for it by itself: no caller, not even for the first attempt. */
  own: boolean;
}

/** A look at the provider. */
export interface Read {
  do: 'read';
  context: OperationContext;
  fence: number;
  asked: Moment;
  generation: number;
  firstSentAt: Date;
}

export type Step =
  | Send
  | Read
  | { do: 'settled'; settled: Settled }
  /** Another operation of the order has to be settled first. */
  | { do: 'blocked'; by: string; unresolved: boolean }
  /** It waits for something else, for longer than a caller would; it is asked again when it is due, or when that has come. `due`: it, and what may go past it. */
  | { do: 'held'; reason: HoldReason; due: Due[] }
  | { do: 'later'; at: Date; fence: number }
  /** Somebody else works on it, it is final, or a person has to look at it. */
  | { do: 'nothing' };

/**
 * Who begins: `fence`: its holder goes on (`orphan`: it took it over from a process that is gone); `turn`: it was just accepted behind others,
 * or one of its callers tries whether its turn has come; `due`: whoever finds it due; `again`: a caller repeats a create order that nobody
 * waits for any more (`request`: the equal bytes, sealed, in case those on record were erased meanwhile).
 */
export type Entry = { fence: number; orphan?: true } | { turn: true } | { due: true } | { again: Date; request: Buffer | null };

/**
 * The ways an operation changes state, each one transaction: accepted (T1), begun (the next attempt or reading), and, in
 * settlement.ts, concluded (T2). Locks are always taken in the order idempotency row, lane, operation, order.
 */
@Injectable()
export class Transitions {
  readonly timing: Timing;
  private readonly logger = new Logger(Transitions.name);

  constructor(
    private readonly database: Database,
    private readonly acceptance: AcceptanceRepository,
    private readonly repository: OperationsRepository,
    private readonly records: OperationRecords,
    private readonly turns: LaneTurns,
    private readonly handlers: HandlerRegistry,
    private readonly settlement: Settlement,
    private readonly care: Care,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    this.timing = timingOf(settings);
  }

  /**
   * T1: records an operation and, when nothing of its order is in the way, the start of its first attempt; one statement, one commit.
   * @returns the first step; null when its key, its token or the guard stand against it
   * @throws DatabaseUnavailable when the answer of the commit was lost: it may be on record
   */
  async accept(draft: NewOperation, context: OperationContext, orderCreatedAt: Date | null, now: Date): Promise<Step | null> {
    const asked = thisMoment();
    const [accepted] = await this.acceptance.accept(this.database, [draft], now, this.settings.leaseMs);
    if (!accepted) return null;
    if (!accepted.started) {
      // It is on record and due: whatever goes wrong with the look at its turn, the sweep looks again, and its caller waits for it.
      return this.begin(draft.id, laneOf(draft), { turn: true }).catch((error: unknown): Step => {
        this.logger.warn(`Operation ${draft.id} is left to the sweep: ${String(error)}`);
        return { do: 'nothing' };
      });
    }
    return {
      do: 'send',
      context,
      attemptId: draft.attemptId,
      number: 1,
      fence: 1,
      asked,
      providerKey: accepted.provider_key,
      startedAt: now,
      orderCreatedAt,
      own: draft.purpose !== null,
    };
  }

  /**
   * Begins what is next for an operation, if the one who asks may. At most one step of an operation is under way at a time.
   */
  async begin(id: string, lane: LaneKey | null, as: Entry): Promise<Step> {
    const asked = thisMoment();
    const { step } = await this.database.transaction((tx) => this.#begin(tx, id, lane, as, asked));
    if (step.do === 'settled') this.settlement.announce([step.settled]);
    if (step.do === 'later') this.settlement.nudge([{ id, fence: step.fence, at: step.at }]);
    if (step.do === 'held') this.settlement.nudge(step.due);
    return step;
  }

  async #begin(tx: Transaction, id: string, lane: LaneKey | null, as: Entry, asked: Moment): Promise<{ step: Step }> {
    const now = this.clock.now();
    const orphan = isOrphan(as);
    // The schedule begins it: nobody waits for it here.
    const scheduled = orphan || 'due' in as;
    if (lane) await this.repository.lockLanes(tx, [lane]);
    const [row] = await this.repository.lock(tx, [id], scheduled);
    if (!row || !this.#mayBegin(row, as, now)) return { step: { do: 'nothing' } };
    const again = 'again' in as;
    if ('again' in as)
      Object.assign(row, {
        opened_at: now,
        waits_until: as.again,
        unresolved_since: null,
        finished_at: null,
        reason: null,
        stopped: false,
        request: row.request ?? as.request,
      });
    // Its process is gone, and with it the caller who waited there; or the caller has waited long enough. A caller whose turn this is ends its
    // wait itself: it may have to be withdrawn then.
    else if ((orphan || row.waits_until < now) && scheduled && row.unresolved_since === null) {
      row.unresolved_since = now;
      await this.repository.waitEnded(tx, row.id, now);
    }
    const paused = this.#pausedUntil(row, now);
    if (paused && scheduled) {
      await this.settlement.postpone(tx, row, paused);
      return { step: { do: 'later', at: paused, fence: row.fence } };
    }
    const attempts = await this.repository.attempts(tx, [id]);
    const readings = attempts.length > 0 ? await this.repository.readings(tx, [id]) : [];
    const facts = this.records.facts(row, attempts, readings, now);
    const resting = orphan ? restAfterDeaths(facts, this.settings.retryDelaysMs) : 0;
    if (resting > 0) {
      const at = new Date(now.getTime() + resting);
      await this.settlement.postpone(tx, row, at);
      return { step: { do: 'later', at, fence: row.fence } };
    }
    const decision = decide(facts, now.getTime(), this.timing);
    switch (decision.do) {
      case 'settle':
        return { step: { do: 'settled', settled: await this.settlement.settle(tx, row, facts, attempts, decision, null, now) } };
      case 'send':
      case 'read':
        if (decision.notBefore > now.getTime()) {
          const at = new Date(decision.notBefore);
          if (!again) await this.settlement.postpone(tx, row, at);
          return { step: { do: 'later', at, fence: row.fence } };
        }
        if (decision.do === 'send' && !facts.attempts.some(mayHaveHappened)) {
          const held = await this.#heldBack(tx, row, facts, attempts, now);
          if (held) return { step: held };
        }
        if (scheduled) {
          const by = decision.do === 'send' && attempts.length === 0 && row.purpose === null ? 'caller' : 'service';
          const ms = this.care.putOffMs(row.provider_account_id, policyOf(facts.kind).api, by);
          if (ms > 0) {
            // It would be withheld: it is put off without a trace, as often as it takes.
            const at = new Date(now.getTime() + ms);
            await this.settlement.postpone(tx, row, at);
            return { step: { do: 'later', at, fence: row.fence } };
          }
        }
        if ('again' in as) await this.repository.reopen(tx, row.id, now, as.again, as.request);
        if (decision.do === 'read') return { step: await this.#read(tx, row, facts, as, asked) };
        return { step: await this.#send(tx, row, attempts, decision, now, asked) };
    }
  }

  /** @returns null when nothing but what is before it in its lane can keep it from being sent */
  async #heldBack(tx: Transaction, row: OperationRow, facts: OperationFacts, attempts: AttemptRow[], now: Date): Promise<Step | null> {
    const clearance: Clearance | undefined = await this.handlers.handlerOf(facts.kind).clearance?.(tx, {
      providerAccountId: row.provider_account_id,
      lane: row.lane,
      purpose: row.purpose,
      heldBack: row.reason,
      order: row.order_id === null ? null : { status: row.order_status, fraudStatus: row.order_fraud_status },
    });
    if (clearance === undefined || clearance === 'go') {
      // What it waited for has come; what may still be before it in its lane is another matter.
      row.reason = null;
      return null;
    }
    if ('withdraw' in clearance) {
      const decision = { do: 'settle', state: 'withdrawn', reason: clearance.withdraw } as const;
      return { do: 'settled', settled: await this.settlement.settle(tx, row, facts, attempts, decision, null, now) };
    }
    const at = askedAgainAt(facts, now, this.timing);
    const woken = await this.settlement.holdBack(tx, row, facts, { reason: clearance.wait, at }, now);
    return { do: 'held', reason: clearance.wait, due: [{ id: row.id, fence: row.fence, at }, ...woken] };
  }

  #mayBegin(row: OperationRow, as: Entry, now: Date): boolean {
    const state = row.state as OperationState;
    if ('again' in as) {
      if (isFinal(state)) return state === 'abandoned';
      if (state === 'manual') return false;
      return row.lease_until === null ? row.unresolved_since !== null : row.lease_out === true;
    }
    if (isFinal(state) || state === 'manual') return false;
    if ('fence' in as) return row.fence === as.fence && row.lease_until !== null;
    if (row.lease_until !== null) return false;
    if ('turn' in as) return state === 'accepted';
    return row.next_at !== null && row.next_at <= now;
  }

  #pausedUntil(row: OperationRow, now: Date): Date | null {
    const until = row.account_paused_at === null ? 0 : row.account_paused_at.getTime() + this.timing.pauseMs;
    return until > now.getTime() ? new Date(until) : null;
  }

  async #send(
    tx: Transaction,
    row: OperationRow,
    attempts: AttemptRow[],
    decision: Decision & { do: 'send' },
    now: Date,
    asked: Moment,
  ): Promise<Step> {
    const lane = laneOf({ providerAccountId: row.provider_account_id, lane: row.lane });
    // Once sent, it has had its turn: what is behind it waits.
    const turn = attempts.length === 0 ? await this.turns.turnOf(tx, row) : null;
    if (turn && turn.overtaken.length > 0) await this.settlement.withdrawOvertaken(tx, turn.overtaken, now);
    if (turn?.blocker) {
      await this.settlement.postpone(tx, row, null);
      return { do: 'blocked', by: turn.blocker.id, unresolved: turn.blocker.unresolved_since !== null || turn.blocker.state === 'manual' };
    }
    const keyed = policyOf(this.records.kindOf(row)).key === 'provider';
    const providerKey = decision.generation === row.generation || !keyed ? row.provider_key : derivedKey(row.id, decision.generation);
    const attemptId = uuidv7({ msecs: now.getTime() });
    const fence = row.fence + 1;
    const number = (attempts.at(-1)?.number ?? 0) + 1;
    await this.repository.start(
      tx,
      { id: attemptId, operationId: row.id, number, generation: decision.generation, providerKey, fence },
      lane,
      now,
      this.settings.leaseMs,
    );
    return {
      do: 'send',
      context: this.records.context(row),
      attemptId,
      number,
      fence,
      asked,
      providerKey,
      startedAt: now,
      orderCreatedAt: row.order_created_at,
      own: row.purpose !== null,
    };
  }

  async #read(tx: Transaction, row: OperationRow, facts: OperationFacts, as: Entry, asked: Moment): Promise<Step> {
    const fence = 'fence' in as ? row.fence : row.fence + 1;
    await this.repository.lease(tx, row.id, fence, this.settings.leaseMs);
    const first = facts.attempts.find(mayHaveHappened) ?? facts.attempts[0];
    return {
      do: 'read',
      context: this.records.context(row),
      fence,
      asked,
      generation: row.generation,
      firstSentAt: new Date(first?.startedAt ?? facts.createdAt),
    };
  }
}

/** What is held back is asked again by itself so often, and when it is too late for it. */
const ASKED_AGAIN_MS = 3_600_000;

function askedAgainAt({ kind, expiresAt }: OperationFacts, now: Date, timing: Timing): Date {
  const end = policyOf(kind).untilExpiry === true && expiresAt !== null ? expiresAt - timing.expiryMarginMs : Infinity;
  const soon = now.getTime() + timing.pauseMs;
  return new Date(Math.max(soon, Math.min(end, now.getTime() + ASKED_AGAIN_MS)));
}

function isOrphan(as: Entry): boolean {
  return 'fence' in as && as.orphan === true;
}

/**
 * One process that died is taken over from at once. When an operation's last attempts all ended with their process, it may be what ends
 * them: it follows the schedule then, and does not take down one worker after another.
 * @returns ms to rest
 */
function restAfterDeaths(facts: OperationFacts, delays: readonly number[]): number {
  const answered = facts.attempts.findLastIndex((each) => each.endedAt !== null);
  const deaths = facts.attempts.length - 1 - answered;
  return deaths > 1 ? scheduleDelay(delays, deaths - 2) : 0;
}
