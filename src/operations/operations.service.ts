import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { CommitUnknown, Database, DatabaseUnavailable } from '../persistence/database.js';
import type { NewOperation } from '../persistence/repositories/operation-rows.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { Answers } from './answers.js';
import { Controls } from './controls.js';
import { bytesToSend, Drafts } from './draft.js';
import { type CallerWait, Driver } from './driver.js';
import { Refusal } from './errors.js';
import type { OperationContext } from './handler.js';
import { HandlerRegistry } from './handler-registry.js';
import { type OperationKind, policyOf } from './kinds.js';
import { isFinal, type OperationState } from './operation.js';
import { finalReply, isInDoubt, lastCode, retryAfterSeconds, unread, unresolved } from './reply.js';
import { OperationReply, type OperationRequest } from './request.js';
import { OperationViews } from './operation-views.js';
import type { Settled } from './settlement.js';
import { laneOf } from './timing.js';
import { type Step, Transitions } from './transitions.js';
import { Watch } from './watch.js';

/** No caller is kept longer than this, whatever it prefers. */
const LONGEST_WAIT_MS = 60_000;
/** A caller who has joined a create order looks this often whether it was left. */
const JOINED_LOOK_MS = 500;

/** One durable intent: recorded before the provider hears of it, followed to its end, answered the same for ever. */
@Injectable()
export class Operations {
  private readonly logger = new Logger(Operations.name);

  constructor(
    private readonly drafts: Drafts,
    private readonly transitions: Transitions,
    private readonly driver: Driver,
    private readonly watch: Watch,
    private readonly controls: Controls,
    private readonly views: OperationViews,
    private readonly answers: Answers,
    private readonly handlers: HandlerRegistry,
    private readonly acceptance: AcceptanceRepository,
    private readonly repository: OperationsRepository,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Carries out what a caller asked for, once for its key (or authorization token), and waits for the answer.
   * @param request `amount` in minor units
   * @returns the provider's answer; 202 while a durable kind is open after the wait; an earlier answer again for a repeat
   * @throws Refusal: IDEMPOTENCY_KEY_REUSED and OPERATION_WITHDRAWN (do not repeat), OPERATION_PENDING (look at the operation),
   *   PROVIDER_CREDENTIALS, TEMPORARILY_UNAVAILABLE (repeat with the same key)
   */
  async execute(request: OperationRequest): Promise<OperationReply> {
    if (this.driver.stopped) throw new Refusal('TEMPORARILY_UNAVAILABLE', ['This process is about to stop.'], { retryAfterMs: 1_000 });
    const wait = this.#waitOf(request);
    // Taken keys and tokens may become free between the two looks: seldom, and never often in a row.
    for (let tries = 0; tries < 5; tries += 1) {
      const now = this.clock.now();
      const draft = this.drafts.draft(request, now, new Date(now.getTime() + Math.max(0, wait.left())));
      const step = await this.#accept(draft, request, now, wait);
      if (step) return await this.#first(draft, request, step, wait).catch((error: unknown) => announce(draft.id, request.kind, error));
      const reply = await this.#repeat(draft, request, wait);
      if (reply) return reply;
    }
    throw new Refusal('TEMPORARILY_UNAVAILABLE', ['Too many equal requests at once; repeat with the same key.'], { retryAfterMs: 1_000 });
  }

  #waitOf(request: OperationRequest): CallerWait {
    const alone = request.prefer.respondAsync && policyOf(request.kind).class !== 'interactive';
    const ms = alone ? 0 : Math.min(request.prefer.waitMs ?? this.settings.answerWaitMs, LONGEST_WAIT_MS);
    const until = performance.now() + ms;
    return { left: () => until - performance.now() };
  }

  async #accept(draft: NewOperation, request: OperationRequest, now: Date, wait: CallerWait): Promise<Step | null> {
    const context: OperationContext = {
      id: draft.id,
      kind: request.kind,
      merchantId: draft.merchantId,
      providerAccountId: draft.providerAccountId,
      lane: draft.lane,
      dataSubject: draft.dataSubject,
      target: request.target,
      before: request.before ?? {},
      passedHeaders: request.passedHeaders,
      body: bytesToSend(request),
      amount: request.amount,
      reference: request.reference,
      createdAt: now,
    };
    try {
      return await this.transitions.accept(draft, context, request.orderCreatedAt, now);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable || error instanceof CommitUnknown)) throw error;
      // It may be on record. Nothing was sent: it is withdrawn before anybody is told that it failed.
      const known = await this.controls.withdrawUnsent(draft, wait);
      // Somebody else has taken it up meanwhile: its caller waits for it like everybody else's.
      if (known === 'on-record') return { do: 'nothing' };
      throw new Refusal(
        'TEMPORARILY_UNAVAILABLE',
        ['The request could not be recorded. Nothing was sent; repeat with the same key.'],
        known ? { retryAfterMs: 1_000, cause: error } : { retryAfterMs: 1_000, operationId: draft.id, cause: error },
      );
    }
  }

  /** The caller whose request made the operation. */
  async #first(draft: NewOperation, request: OperationRequest, step: Step, wait: CallerWait): Promise<OperationReply> {
    const lane = laneOf(draft);
    const drive = (next: Step): Promise<Settled | null> => this.driver.drive(draft.id, lane, next, wait);
    let driven: Promise<Settled | null> | null = null;
    let next = step;
    // Who can be told that it is pending need not wait behind what may take long.
    const canBePending = policyOf(request.kind).class === 'durable';
    while (next.do === 'blocked' && !(canBePending && next.unresolved) && wait.left() > 0) {
      const seen = await this.watch.wait(draft.id, wait.left(), true);
      if (seen !== 'turn') break;
      next = await this.transitions.begin(draft.id, lane, { turn: true });
    }
    if (next.do !== 'blocked' && next.do !== 'held') driven = drive(next);
    const settled = driven && (await this.#within(driven, wait));
    // What was settled here is answered from the row: one reply for the first caller and for every repeat.
    if (!settled && driven && canBePending) await this.watch.wait(draft.id, wait.left());
    if (!settled && next.do === 'blocked' && !next.unresolved) await this.watch.wait(draft.id, wait.left());
    return this.#reply(draft.id, request, false, settled?.retryAfterMs);
  }

  /** Waits for the driver, but not longer than the caller does. The driver goes on by itself. */
  async #within(driven: Promise<Settled | null>, wait: CallerWait): Promise<Settled | null> {
    // A mistake of ours leaves the operation open; the caller gets what is known of it, and the sweep goes on with it.
    const ended = driven.catch((error: unknown) => {
      this.logger.error('An operation could not be driven to its end', error);
      return null;
    });
    const leaving = new AbortController();
    const stay = this.driver.onLastCall(() => leaving.abort());
    const timeout = sleep(Math.max(0, wait.left()), null, { signal: leaving.signal }).catch(() => null);
    try {
      return await Promise.race([ended, timeout]);
    } finally {
      stay();
      leaving.abort();
    }
  }

  /** A request whose key, token or equal is taken. @returns null when it has become free */
  async #repeat(draft: NewOperation, request: OperationRequest, wait: CallerWait): Promise<OperationReply | null> {
    if (draft.callerKey !== null) {
      const held = await this.acceptance.byKey(this.database, draft.merchantId, draft.callerKey);
      if (!held) return null;
      if (!held.fingerprint.equals(draft.fingerprint)) {
        throw new Refusal('IDEMPOTENCY_KEY_REUSED', ['This idempotency key was used for another request. Nothing was sent.'], {
          operationId: held.operation_id,
        });
      }
      await this.watch.wait(held.operation_id, wait.left());
      return this.#reply(held.operation_id, request, true).catch((error: unknown) => announce(held.operation_id, request.kind, error));
    }
    if (policyOf(request.kind).key === 'while-it-lives') return this.#repeatWhileItLives(draft, request, wait);
    if (draft.tokenHash !== null) return this.#repeatOfToken(draft, draft.tokenHash, request, wait);
    const equal = await this.acceptance.unresolvedEqual(this.database, draft.merchantId, draft.fingerprint, this.clock.now());
    if (equal === null) return null;
    throw new Refusal(
      'OPERATION_PENDING',
      ['An equal request is not resolved yet. Look at its operation; send an idempotency key to make repeats safe.'],
      { operationId: equal, retryAfterMs: 1_000 },
    );
  }

  /** An equal repeat under a key that the provider does not know: joins, or replays as long as what was made is there. */
  async #repeatWhileItLives(draft: NewOperation, request: OperationRequest, wait: CallerWait): Promise<OperationReply | null> {
    if (draft.tokenHash === null) return null;
    const [held] = await this.acceptance.byToken(this.database, draft.providerAccountId, draft.kind, draft.tokenHash);
    if (held === undefined) return null;
    const lives = (): Promise<boolean> => this.handlers.handlerOf(request.kind).lives?.(held.id) ?? Promise.resolve(false);
    if (held.finished_at === null) await this.watch.wait(held.id, wait.left());
    else if (held.state !== 'succeeded' || !(await lives())) {
      await this.acceptance.freeToken(this.database, held.id);
      return null;
    }
    return this.#reply(held.id, request, true).catch((error: unknown) => announce(held.id, request.kind, error));
  }

  /** Create order, customer token: an equal repeat joins, replays, or opens the operation again; another body has to wait. */
  async #repeatOfToken(
    draft: NewOperation,
    tokenHash: Buffer,
    request: OperationRequest,
    wait: CallerWait,
  ): Promise<OperationReply | null> {
    const rows = await this.acceptance.byToken(this.database, draft.providerAccountId, draft.kind, tokenHash);
    // A token is one merchant's: to another on the same account it is as unknown as one that nobody has.
    if (rows.some((row) => row.merchant_id !== draft.merchantId)) throw new Refusal('NOT_FOUND', ['Invalid authorization token']);
    const equal = rows.find((row) => row.fingerprint.equals(draft.fingerprint));
    const other = rows.find((row) => row.finished_at === null && !row.fingerprint.equals(draft.fingerprint));
    if (other) {
      throw new Refusal('OPERATION_PENDING', ['A request with another body is open for this authorization token.'], {
        operationId: other.id,
        retryAfterMs: 1_000,
      });
    }
    if (!equal) return null;
    const reply = async (): Promise<OperationReply> => {
      if (equal.finished_at === null || equal.state === 'abandoned') await this.#reopen(equal.id, this.drafts.callersBytes(request), wait);
      return this.#reply(equal.id, request, true);
    };
    return reply().catch((error: unknown) => announce(equal.id, request.kind, error));
  }

  /** Goes on with a create order while its caller waits: at once, or as soon as whoever works on it has left it. */
  async #reopen(id: string, request: Buffer | null, wait: CallerWait): Promise<void> {
    for (let ended = false; ;) {
      if (this.driver.stopped) return;
      const until = new Date(this.clock.nowMs() + Math.max(0, wait.left()));
      const step = await this.transitions.begin(id, null, { again: until, request });
      if (step.do === 'send' || step.do === 'read') {
        await this.#within(this.driver.drive(id, null, step, wait), wait);
        return;
      }
      // What has ended, and can't be opened again, is answered as it is.
      if (ended || wait.left() <= 0) return;
      // An attempt whose process died may still be under way: no two sends with one token at a time.
      const pause = step.do === 'later' ? Math.max(10, step.at.getTime() - this.clock.nowMs()) : JOINED_LOOK_MS;
      ended = (await this.watch.wait(id, Math.min(wait.left(), pause))) === 'settled';
    }
  }

  /** What the caller gets now: the final answer, or the pending one after its wait. */
  async #reply(id: string, request: OperationRequest, repeated: boolean, retryAfterMs: number | null = null): Promise<OperationReply> {
    const policy = policyOf(request.kind);
    let row = await this.repository.find(this.database, id).catch((error: unknown) => {
      throw unread({ id, kind: request.kind }, 'The outcome could not be read; repeat with the same key.', error);
    });
    if (!row) throw new Error(`Operation ${id} is gone`);
    if (!isFinal(row.state as OperationState) && row.unresolved_since === null) {
      // An interactive one that has not had its turn is withdrawn: its caller is told that nothing will be sent.
      const withdraw = policy.class === 'durable' ? request.pendingAnswer === 503 : policy.lane !== undefined && row.state === 'accepted';
      row = await this.controls.waitEnded(row, withdraw);
    }
    const state = row.state as OperationState;
    const attempts = policy.class === 'durable' ? [] : await this.repository.attempts(this.database, [id]);
    const facts = {
      id,
      kind: request.kind,
      state,
      answer: await this.answers.ofRecord(row),
      reason: row.reason,
      lastCode: lastCode(attempts),
      inDoubt: isInDoubt(attempts),
      nextAt: row.next_at,
      retryAfterMs,
    };
    const now = this.clock.now();
    if (isFinal(state)) return finalReply(facts, repeated);
    const asked = request.prefer.respondAsync;
    const answersPending = policy.class === 'durable' ? request.pendingAnswer === 202 || asked : row.sends_alone && asked;
    if (!answersPending) throw unresolved(facts, now);
    const body = Buffer.from(JSON.stringify(await this.views.view(row)));
    return new OperationReply(
      202,
      { Location: `/operations/${id}`, 'Retry-After': String(retryAfterSeconds(row, now)), 'Content-Type': 'application/json' },
      body,
    );
  }
}

/** It is on record and goes on: whatever went wrong here, its caller is told where to look. */
function announce(id: string, kind: OperationKind, error: unknown): never {
  if (error instanceof Refusal) throw error;
  throw unread({ id, kind }, 'The outcome is not known yet. Look at the operation.', error);
}
