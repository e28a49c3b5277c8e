import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Care } from '../klarna/care.js';
import { wasInTheWay } from '../persistence/connection-errors.js';
import { CommitUnknown, DatabaseUnavailable } from '../persistence/database.js';
import type { LaneKey } from '../persistence/repositories/operations.repository.js';
import type { OperationContext, ReadResult, SendResult } from './handler.js';
import { HandlerRegistry } from './handler-registry.js';
import { policyOf } from './kinds.js';
import { Leases, since } from './leases.js';
import { type Conclusion, type Evidence, type Settled, Settlement } from './settlement.js';
import { type Read, type Send, type Step, Transitions } from './transitions.js';

/** How long a caller waits; `left` is in ms of real time. */
export interface CallerWait {
  left(): number;
}

/** When this process stops: its calls get so long to end, and then its callers to be answered. */
const CALLS_END_WITHIN_MS = 3_500;
const CALLERS_LEAVE_WITHIN_MS = 1_000;
/** What has not been sent at all is not sent for a caller who would hardly stay for the answer. */
const LEAST_LEFT_MS = 250;
/** Callers' operations that wait for the provider go on within so much of one another. */
const SPREAD_MS = 1_000;
/** Postgres is asked to take an answer for so long; the evidence is then lost with this process, and the operation is asked again. */
const KEEP_EVIDENCE_MS = 300_000;

/**
 * Goes on with an operation as long as this process holds it: call, T2, the next call while a caller waits. The calls belong to the
 * process, not to the HTTP request: a caller who leaves does not abort them.
 */
@Injectable()
export class Driver implements OnModuleDestroy {
  private readonly running = new Set<Promise<unknown>>();
  private readonly stopping = new AbortController();
  private readonly callers = new Set<() => void>();
  private readonly logger = new Logger(Driver.name);

  constructor(
    private readonly transitions: Transitions,
    private readonly settlement: Settlement,
    private readonly handlers: HandlerRegistry,
    private readonly leases: Leases,
    private readonly care: Care,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {
    // As many as operations pause at once, which are many while Klarna is sick.
    setMaxListeners(0, this.stopping.signal);
  }

  get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Calls back when callers are to be answered with what is known, because this process ends before their calls do. */
  onLastCall(leave: () => void): () => void {
    this.callers.add(leave);
    return () => this.callers.delete(leave);
  }

  /** How many operations this process works on. */
  get size(): number {
    return this.running.size;
  }

  /**
   * Carries out a step and those after it.
   * @param wait while a caller waits: Klarna is asked again after the short pauses; null: one attempt, then the schedule
   * @returns how it was settled; null when it goes on without this process
   */
  drive(id: string, lane: LaneKey | null, step: Step, wait: CallerWait | null): Promise<Settled | null> {
    const driven = this.#drive(id, lane, step, wait).finally(() => this.running.delete(driven));
    this.running.add(driven);
    return driven;
  }

  /** Lets calls finish for a while; pauses between calls end at once and their operations are handed over. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    const ended = Promise.allSettled([...this.running]);
    const within = (ms: number): Promise<unknown> => Promise.race([ended, sleep(ms, undefined, { ref: false })]);
    await within(CALLS_END_WITHIN_MS);
    for (const leave of this.callers) leave();
    await within(CALLERS_LEAVE_WITHIN_MS);
  }

  async #drive(id: string, lane: LaneKey | null, first: Step, wait: CallerWait | null): Promise<Settled | null> {
    let step = first;
    let looked = false;
    for (let asked = 0; ;) {
      if (step.do === 'settled') return step.settled;
      if (step.do !== 'send' && step.do !== 'read') return null;
      this.leases.hold(id, step.fence, step.asked);
      const evidence = step.do === 'send' ? await this.#send(step, lane, wait !== null && step === first) : await this.#read(step, lane);
      const left = wait?.left() ?? 0;
      const delayMs = this.settings.askAgainMs[asked] ?? null;
      if (step.do === 'send' || looked) asked += 1;
      looked = step.do === 'read';
      evidence.hold = left > 0 && !this.stopped ? { delayMs, until: new Date(this.clock.nowMs() + left) } : null;
      const { fence } = step;
      const conclusion = await this.#conclude(evidence).catch((error: unknown) => {
        this.leases.drop(id, fence);
        throw error;
      });
      if (conclusion.then !== 'again') this.leases.drop(id, fence);
      if (conclusion.then === 'settled') return conclusion.settled;
      if (conclusion.then !== 'again') return null;
      const next = (await this.#pause(conclusion.at))
        ? await this.#whenToAsk(step.context, wait, evidence.attempt?.result.withheld === true)
        : 'stopped';
      if (next !== 'ask') {
        const left = await this.#conclude({ operationId: id, lane, fence, hold: null, handOver: next === 'stopped' });
        this.leases.drop(id, fence);
        return left.then === 'settled' ? left.settled : null;
      }
      step = await this.transitions.begin(id, lane, { fence }).finally(() => this.leases.drop(id, fence));
    }
  }

  /** @param askedFor a caller asked for just this attempt */
  async #send(step: Send, lane: LaneKey | null, askedFor: boolean): Promise<Evidence> {
    const { context, fence, asked } = step;
    const by = (askedFor || step.number === 1) && !step.own ? 'caller' : 'service';
    const maySend = (): boolean => this.leases.holds(context.id, fence) && since(asked) < this.settings.klarnaTimeoutMs;
    const result = await this.handlers
      .handlerOf(context.kind)
      .send({ ...context, providerKey: step.providerKey, orderCreatedAt: step.orderCreatedAt, by, maySend })
      .catch((error: unknown) => this.#brokenSend(context.id, error));
    const endedAt = this.clock.now();
    return { operationId: context.id, lane, fence, attempt: { id: step.attemptId, endedAt, result }, hold: null };
  }

  async #read(step: Read, lane: LaneKey | null): Promise<Evidence> {
    const { context, fence, generation } = step;
    const startedAt = this.clock.now();
    const result = await this.handlers
      .handlerOf(context.kind)
      .read(context, step.firstSentAt)
      .catch((error: unknown) => this.#brokenRead(context.id, error));
    const endedAt = this.clock.now();
    return { operationId: context.id, lane, fence, reading: { id: uuidv7(), startedAt, endedAt, generation, result }, hold: null };
  }

  /** A handler that throws is a mistake of ours; the call may have gone out. */
  #brokenSend(id: string, error: unknown): SendResult {
    this.logger.error(`The handler of operation ${id} failed while sending`, error);
    const reason = 'The gateway failed while it was sending';
    return {
      outcome: 'unknown',
      answer: null,
      providerId: null,
      garbled: false,
      code: 'INTERNAL',
      reason,
      correlationId: null,
      retryAfterMs: null,
    };
  }

  #brokenRead(id: string, error: unknown): ReadResult {
    this.logger.error(`The handler of operation ${id} failed while reading`, error);
    return { finding: 'unreadable', providerId: null, answer: null, data: { code: 'INTERNAL' } };
  }

  /** T2, repeated until Postgres took it: an answer of the provider must not be lost to a restart of the database. */
  async #conclude(evidence: Evidence): Promise<Conclusion> {
    const until = performance.now() + KEEP_EVIDENCE_MS;
    for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
      try {
        return await this.settlement.conclude(evidence);
      } catch (error) {
        if (performance.now() > until || (this.stopped && pause > 400)) throw error;
        // Whatever the reason (a primary just demoted, a full disk): evidence is worth the patience, and a repeat is a call less.
        this.logger[isPassing(error) ? 'warn' : 'error'](
          `The answer of operation ${evidence.operationId} is not stored yet: ${String(error)}`,
        );
        await sleep(pause);
      }
    }
  }

  /**
   * Waits until the provider may be asked, as far as is known here. Costs nothing but time; whoever begins and is withheld costs two
   * transactions.
   * @returns `over` when the caller's wait is: only what is followed without a caller may be sent then
   */
  async #whenToAsk(
    { kind, providerAccountId }: OperationContext,
    wait: CallerWait | null,
    withheld: boolean,
  ): Promise<'ask' | 'over' | 'stopped'> {
    const policy = policyOf(kind);
    const least = withheld ? LEAST_LEFT_MS : 0;
    for (;;) {
      const restMs = this.care.restMs(providerAccountId, policy.api, 'service');
      const left = wait?.left() ?? 0;
      if (policy.class === 'durable' ? left <= 0 && restMs > 0 : left <= least) return 'over';
      if (restMs === 0) return 'ask';
      // Not all at the same moment: one of them is the probe, and the others look at what came of it.
      const ms = Math.min(restMs + Math.random() * SPREAD_MS, left);
      if (!(await this.#sleep(ms))) return 'stopped';
    }
  }

  /** @returns false when this process is to stop */
  async #pause(until: Date): Promise<boolean> {
    const ms = Math.max(0, until.getTime() - this.clock.nowMs());
    return this.#sleep(ms);
  }

  #sleep(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: this.stopping.signal }).catch(() => false);
  }
}

/** Worth the same transaction again: Postgres is away, or two transactions were in each other's way. */
export function isPassing(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || error instanceof CommitUnknown || wasInTheWay(error);
}
