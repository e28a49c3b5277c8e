import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { Database, type Transaction } from '../persistence/database.js';
import type { NewOperation, OperationRow } from '../persistence/repositories/operation-rows.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { mayHaveHappened } from './decide.js';
import { notExecuted } from './answers.js';
import { type CallerWait, isPassing } from './driver.js';
import { Refusal } from './errors.js';
import type { HoldReason } from './handler.js';
import { HandlerRegistry } from './handler-registry.js';
import { isFinal, type OperationFacts, type OperationState, type RecordedAnswer } from './operation.js';
import { OperationStory } from './operation-story.js';
import { derivedKey } from './provider-key.js';
import { OperationRecords } from './record.js';
import { type Due, Settlement } from './settlement.js';
import { policyOf } from './kinds.js';
import { laneOf } from './timing.js';

/** How a person settles an operation that the rules could not. */
export type Resolution =
  | { outcome: 'succeeded'; providerId: string | null; reason: string }
  | { outcome: 'rejected'; reason: string }
  | { outcome: 'new_key'; reason: string };

/** What callers and people may do to an operation from outside: withdraw it, hasten it, settle it. Each is one transaction. */
@Injectable()
export class Controls {
  private readonly logger = new Logger(Controls.name);

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly acceptance: AcceptanceRepository,
    private readonly records: OperationRecords,
    private readonly settlement: Settlement,
    private readonly handlers: HandlerRegistry,
    private readonly story: OperationStory,
    private readonly clock: Clock,
  ) {}

  /** The caller's wait is over. With `withdraw`, what was never sent is withdrawn first: this caller takes the answer for a failure. */
  async waitEnded(known: OperationRow, withdraw: boolean): Promise<OperationRow> {
    const row = await this.#locked(known, async (tx, row, facts) => {
      if (isFinal(facts.state)) return { row, due: [] };
      const now = this.clock.now();
      if (withdraw && row.unresolved_since === null && row.lease_until === null && !facts.attempts.some(mayHaveHappened)) {
        const reason = row.reason === ('order-pending' satisfies HoldReason) ? row.reason : 'wait-over';
        const due = await this.settlement.finish(tx, row, 'withdrawn', { answer: null, reason }, now);
        await this.acceptance.freeKey(tx, row.id);
        return { row: { ...row, state: 'withdrawn', reason, finished_at: now }, due };
      }
      await this.repository.waitEnded(tx, row.id, now);
      // The schedule has it already: told now, because its caller would have had the answer until now.
      if (row.steps > 0 && facts.state !== 'manual') await this.story.waits(tx, row, { state: row.state, code: null }, now);
      return { row: { ...row, unresolved_since: row.unresolved_since ?? now }, due: [] };
    });
    return row;
  }

  /**
   * T1's commit got no answer: makes sure that nothing is sent for it.
   * @returns false when Postgres could not be asked while the caller waited; it goes on in the background
   */
  async withdrawUnsent(draft: NewOperation, wait: CallerWait): Promise<'withdrawn' | 'on-record' | null> {
    const attempt = async (): Promise<'withdrawn' | 'on-record' | null> => {
      try {
        return await this.#withdrawUnsent(draft);
      } catch (error) {
        if (!isPassing(error)) throw error;
        return null;
      }
    };
    const background = async (): Promise<void> => {
      for (let tries = 0; tries < 120 && !(await attempt()); tries += 1) await sleep(500, undefined, { ref: false });
    };
    for (let pause = 50; wait.left() > 0; pause = Math.min(pause * 2, 1_000)) {
      const known = await attempt();
      if (known) return known;
      await sleep(Math.max(1, Math.min(pause, wait.left())));
    }
    background().catch((error: unknown) => this.logger.error(`Operation ${draft.id} could not be withdrawn`, error));
    return null;
  }

  /** @returns null while T1 still runs at the server */
  async #withdrawUnsent(draft: NewOperation): Promise<'withdrawn' | 'on-record' | null> {
    const due = await this.database.transaction(async (tx): Promise<Due[] | 'on-record' | null> => {
      // T1 may still run at the server although its connection is gone: it holds this lock until it is over. Its caller waits for the
      // answer, so this looks again instead of standing in line.
      if (!(await this.acceptance.acceptIsOver(tx, draft.id))) return null;
      const lane = laneOf(draft);
      if (lane) await this.repository.lockLanes(tx, [lane]);
      const [row] = await this.repository.lock(tx, [draft.id]);
      // Only the first attempt, which this process did not make, may stand in the row: another process that took over has a higher fence.
      if (!row || row.reason === 'not-recorded-in-time') return [];
      const now = this.clock.now();
      const notSent = {
        id: draft.attemptId,
        operation_id: row.id,
        number: 1,
        generation: 1,
        fence: 1,
        started_at: now,
        ended_at: now,
        outcome: 'retry',
        garbled: false,
        status: null,
        headers: null,
        answer: null,
        provider_id: null,
        code: 'NOT_SENT',
        reason: 'The commit got no answer; nothing was sent',
        correlation_id: null,
      };
      // Nobody else can say it: without this, the attempt may have happened for ever.
      await this.repository.answer(tx, [notSent]);
      if (isFinal(row.state as OperationState) || row.fence > 1) return 'on-record';
      const woken = await this.settlement.finish(tx, row, 'withdrawn', { answer: null, reason: 'not-recorded-in-time' }, now);
      await this.acceptance.freeKey(tx, row.id);
      return woken;
    });
    if (due === null || due === 'on-record') return due;
    this.settlement.announce([{ id: draft.id, state: 'withdrawn', woken: due }]);
    return 'withdrawn';
  }

  /**
   * Withdraws what certainly has not happened; what may have happened is not sent again, and found out by reading.
   * @throws Refusal OPERATION_STATE when it is final, manual, or a money operation that may have happened
   */
  cancel(known: OperationRow): Promise<OperationRow> {
    return this.#locked(known, async (tx, row, facts) => {
      if (row.state === 'withdrawn') return { row, due: [] };
      const underWay = row.lease_until !== null && row.lease_out !== true;
      if (isFinal(facts.state) || facts.state === 'manual') throw refusedBecause(row, `it is ${row.state}`);
      if (!underWay && !facts.attempts.some(mayHaveHappened)) {
        const now = this.clock.now();
        const due = await this.settlement.finish(tx, row, 'withdrawn', { answer: null, reason: 'stopped' }, now);
        await this.story.note(tx, row, 'operation.withdrawn', { kind: row.kind, reason: 'stopped' }, now);
        return { row: { ...row, state: 'withdrawn', reason: 'stopped', finished_at: now }, due };
      }
      if (facts.class === 'durable') throw refusedBecause(row, 'it may have been executed');
      const now = this.clock.now();
      await this.repository.stop(tx, row.id);
      return { row: { ...row, stopped: true }, due: underWay ? [] : [{ id: row.id, fence: row.fence, at: now }] };
    });
  }

  /**
   * Runs it now, with the same key.
   * @throws Refusal OPERATION_STATE when it is final or manual
   */
  retry(known: OperationRow): Promise<OperationRow> {
    return this.#locked(known, async (tx, row, facts) => {
      if (isFinal(facts.state) || facts.state === 'manual') throw refusedBecause(row, `it is ${row.state}`);
      if (row.lease_until !== null && row.lease_out !== true) return { row, due: [] };
      const now = this.clock.now();
      await this.repository.hasten(tx, row.id, now);
      return { row: { ...row, next_at: now }, due: [{ id: row.id, fence: row.fence, at: now }] };
    });
  }

  /**
   * Settles a `manual` operation by a person's word, which stays in the timeline.
   * @throws Refusal OPERATION_STATE when it is not manual; BAD_VALUE when the provider's id is missing
   */
  resolve(known: OperationRow, resolution: Resolution): Promise<OperationRow> {
    return this.#locked(known, async (tx, row, facts) => {
      if (facts.state !== 'manual') throw refusedBecause(row, `it is ${row.state}, not manual`);
      const now = this.clock.now();
      if (resolution.outcome === 'new_key' && facts.class === 'bounded') throw refusedBecause(row, 'its key is the authorization token');
      const providerId = resolution.outcome === 'succeeded' ? resolution.providerId : null;
      const secret = policyOf(facts.kind).secretId === true;
      const said = { outcome: resolution.outcome, reason: resolution.reason, provider_id: secret ? null : providerId };
      await this.repository.insertResolution(tx, uuidv7({ msecs: now.getTime() }), { operation_id: row.id, at: now, ...said });
      const data = { kind: row.kind, ...said };
      await this.story.note(tx, row, 'operation.resolved', data, now);
      if (resolution.outcome === 'new_key') {
        const generation = row.generation + 1;
        const keyed = policyOf(facts.kind).key === 'provider';
        await this.repository.grantKey(tx, row.id, generation, keyed ? derivedKey(row.id, generation) : null, now);
        return {
          row: { ...row, state: 'waiting', generation, next_at: now, reason: null },
          due: [{ id: row.id, fence: row.fence, at: now }],
        };
      }
      const context = this.records.context(row);
      const handler = this.handlers.handlerOf(facts.kind);
      let answer: RecordedAnswer;
      if (resolution.outcome === 'succeeded') {
        answer = handler.answerFor(context, providerId);
        await handler.succeeded(tx, context, { answer, providerId, at: now, late: true });
        await this.story.succeeded(tx, row, now);
        // An operation without a lane may have made its order: that one's timeline tells of it.
        if (row.lane === null && said.provider_id !== null)
          await this.story.note(tx, { ...row, lane: said.provider_id }, 'operation.resolved', data, now);
      } else {
        answer = notExecuted(row.id, resolution.reason);
        await handler.refused?.(tx, context, 'RESOLVED');
        await this.story.failed(tx, row, { state: 'rejected', reason: 'resolved' }, now);
      }
      const state = resolution.outcome;
      const due = await this.settlement.finish(tx, row, state, { answer, reason: resolution.reason }, now);
      return { row: (await this.repository.find(tx, row.id)) ?? row, due };
    });
  }

  /** Runs the work with lane and operation locked, then tells waiters and the queue. */
  async #locked(
    known: OperationRow,
    work: (tx: Transaction, row: OperationRow, facts: OperationFacts) => Promise<{ row: OperationRow; due: Due[] }>,
  ): Promise<OperationRow> {
    const result = await this.database.transaction(async (tx) => {
      const lane = laneOf({ providerAccountId: known.provider_account_id, lane: known.lane });
      if (lane) await this.repository.lockLanes(tx, [lane]);
      const [row] = await this.repository.lock(tx, [known.id]);
      if (!row) throw new Error(`Operation ${known.id} is gone`);
      const attempts = await this.repository.attempts(tx, [row.id]);
      return work(tx, row, this.records.facts(row, attempts, [], this.clock.now()));
    });
    this.settlement.announce([{ id: known.id, state: result.row.state as OperationState, woken: result.due }]);
    return result.row;
  }
}

function refusedBecause(row: OperationRow, why: string): Refusal {
  return new Refusal('OPERATION_STATE', [`Operation ${row.id} can't be changed like this: ${why}.`], { operationId: row.id });
}
