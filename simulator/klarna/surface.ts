import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { deliver, deliverGarbage, hold, reset, statusAnswer } from '../delivery.js';
import type { Fault, Faults } from '../faults/faults.js';
import type { Gates } from '../faults/gates.js';
import type { Ledger } from '../ledger.js';
import type { Put } from '../state/store.js';
import type { Accounts } from './accounts.js';
import { CODE_OF_STATUS, errorAnswer, KlarnaRefusal, type Answer } from './answers.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import type { RequestRecord } from './model.js';
import { refuseMoved } from './moved-checkout.js';
import { RateLimits } from './rate-limits.js';
import { findRoute, type Match } from './routes.js';
import { Work, type KlarnaCall, type World } from './work.js';

/** A call on its way through: its answer so far, its ledger record, the id of its idempotency key. */
interface Passage {
  call: KlarnaCall;
  merchant: string | undefined;
  match: ReturnType<typeof findRoute>;
  keyId: string | null;
  record: RequestRecord;
  rateHeaders: Record<string, string>;
  /** Klarna's rules ran for this very request, so the key's answer is this request's to leave. */
  judged: boolean;
}

/**
 * What stands between the wire and Klarna's rules: credentials, rate limits, idempotency keys, and the failures that tests
 * order. Rules run synchronously, so two calls never run at once except where a gate or latency holds one of them.
 */
export class KlarnaSurface {
  readonly keys: IdempotencyKeys;
  private readonly rateLimits = new RateLimits();
  private closed = false;

  constructor(
    private readonly world: World,
    private readonly accounts: Accounts,
    private readonly faults: Faults,
    private readonly gates: Gates,
    private readonly ledger: Ledger,
  ) {
    this.keys = new IdempotencyKeys(world.store);
  }

  /** Answers one request to a Klarna path, or fails it as ordered. */
  async handle(call: KlarnaCall, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const merchant = this.accounts.merchant(call.headers.authorization);
    const match = findRoute(call.method, call.path);
    const key = oneKey(call.headers['klarna-idempotency-key']);
    const keyId = merchant !== undefined && key !== null && this.takesKey(match) ? IdempotencyKeys.id(merchant, key) : null;
    const passage: Passage = {
      call,
      merchant,
      match,
      keyId,
      record: this.ledger.arrived(call, merchant ?? null, key),
      rateHeaders: {},
      judged: false,
    };
    const fault = this.faults.take(call.method, call.path);
    if (fault !== undefined) this.note(passage, { fault: fault.kind });

    if (fault?.kind === 'timeout_before') return this.unanswered(passage, hold(request));
    if (fault?.kind === 'reset_before') return this.unanswered(passage, reset(request));
    if (fault?.kind === 'status') {
      this.countRate(passage);
      return this.answer(passage, response, this.brokenStatus(passage, fault));
    }
    const answer = await this.carryOut(passage, fault?.kind === 'latency' ? fault.ms : 0);
    if (answer === 'closed') return;
    if (fault?.kind === 'timeout_after') return this.unanswered(passage, hold(request));
    if (fault?.kind === 'reset_after') return this.unanswered(passage, reset(request));
    if (fault?.kind === 'status_after') return this.answer(passage, response, this.brokenStatus(passage, fault));
    if (fault?.kind === 'garbage_after') {
      return this.settle(passage, await deliverGarbage(response, this.dressed(passage, answer), fault.variant));
    }
    return this.answer(passage, response, answer);
  }

  /** From now on nothing is carried out any more: the store is about to be closed. */
  close(): void {
    this.closed = true;
  }

  private takesKey(match: Passage['match']): boolean {
    if (match === undefined || match === 'wrong-method') return false;
    const { keyed } = match.route;
    return (
      keyed === 'order-management' ||
      keyed === 'customer-token' ||
      (keyed === 'payments' && this.world.switches.get('payments_keys') === 'honoured')
    );
  }

  /** Judges the call and makes its effect true. @returns Klarna's real answer, whatever is sent in the end */
  private async carryOut(passage: Passage, latencyMs: number): Promise<Answer | 'closed'> {
    const { call, keyId } = passage;
    let answer: Answer;
    try {
      const admitted = this.admit(passage);
      const replay = keyId === null ? undefined : await this.firstAnswer(keyId);
      if (this.closed) return 'closed';
      if (replay !== undefined) {
        this.note(passage, { replayed: true, outcome: replay.status });
        return replay;
      }
      const end = keyId === null ? () => {} : this.keys.begin(keyId);
      try {
        const startedAt = this.world.clock.now();
        // A call that is late or stopped at a gate is inside Klarna: it counts as in progress, and it goes on without its caller.
        if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false });
        await this.gates.pass(call.method, call.path, 'before');
        if (this.closed) return 'closed';
        answer = this.execute(passage, admitted, startedAt);
      } finally {
        end();
      }
    } catch (refusal) {
      return this.refused(passage, refusal);
    }
    await this.gates.pass(call.method, call.path, 'after');
    return this.closed ? 'closed' : answer;
  }

  private admit(passage: Passage): { merchant: string; match: Match } {
    const { call, merchant, match } = passage;
    if (merchant === undefined) throw new KlarnaRefusal(401, 'UNAUTHORIZED', ['Invalid credentials']);
    if (!this.countRate(passage)) throw new KlarnaRefusal(429, 'TOO_MANY_REQUESTS', ['Rate limit exceeded']);
    if (call.tooLarge) throw new KlarnaRefusal(413, 'REQUEST_TOO_LARGE', ['Request body is larger than 1 MB']);
    if (match === undefined) throw new KlarnaRefusal(404, 'NOT_FOUND', [`Nothing is found at ${call.path}`]);
    if (match === 'wrong-method') throw new KlarnaRefusal(405, 'METHOD_NOT_ALLOWED', [`${call.method} is not allowed here`]);
    refuseMoved(this.world, call.path);
    return { merchant, match };
  }

  /** Counts the call against its merchant's limit. @returns whether it is within the limit */
  private countRate(passage: Passage): boolean {
    if (passage.merchant === undefined) return true;
    const { method, path } = passage.call;
    const rate = this.rateLimits.count(passage.merchant, method, path, this.world.switches.get('rate_limit'), this.world.clock.now());
    passage.rateHeaders = rate.headers;
    return rate.allowed;
  }

  /** The answer that the key replays; waits for (or refuses because of) a call that is in progress under it. */
  private async firstAnswer(keyId: string): Promise<Answer | undefined> {
    for (;;) {
      const remembered = this.keys.find(keyId, this.world.clock.now());
      if (remembered !== undefined) return remembered.answer;
      const running = this.keys.inProgress(keyId);
      if (running === undefined) return undefined;
      if (this.world.switches.get('concurrent_key') === 'conflict') throw new KlarnaRefusal(409, 'CONFLICT', []);
      await running;
    }
  }

  private execute(passage: Passage, { merchant, match }: { merchant: string; match: Match }, startedAt: number): Answer {
    const { call, keyId, record } = passage;
    const now = this.world.clock.now();
    const work = new Work(this.world, call, merchant, keyId === null ? null : record.idempotency_key, now);
    const answer = this.judge(work, match);
    passage.judged = true;
    const puts: Put[] = [...work.puts];
    if (keyId !== null && this.remembers(answer.status)) puts.push(this.keys.remember(keyId, startedAt, answer));
    const seen: RequestRecord = {
      ...passage.record,
      order_id: work.orderId ?? record.order_id,
      executed: answer.status < 400 && !work.replayed,
      replayed: work.replayed,
      outcome: answer.status,
    };
    if (puts.length > 0) {
      // Effect, key and ledger entry are one line of the journal: a crash keeps all of them or none.
      puts.push(['requests', String(seen.sequence), seen]);
      this.world.store.commit(puts, now);
    } else this.world.store.show('requests', String(seen.sequence), seen);
    passage.record = seen;
    this.ledger.index(seen);
    for (const next of work.afterCommit) next();
    return answer;
  }

  private judge(work: Work, match: Match): Answer {
    let answer: Answer;
    try {
      answer = match.route.handle(work, ...match.ids);
    } catch (refusal) {
      if (!(refusal instanceof KlarnaRefusal)) throw refusal;
      work.puts.length = 0;
      work.afterCommit.length = 0;
      answer = errorAnswer(refusal.status, refusal.code, refusal.messages, work.call.correlationId);
    }
    return { ...answer, headers: { 'Klarna-Correlation-Id': work.call.correlationId, ...answer.headers } };
  }

  private remembers(status: number): boolean {
    if (status < 400) return true;
    return this.world.switches.get(status < 500 ? 'replay_4xx' : 'remember_5xx');
  }

  private refused(passage: Passage, refusal: unknown): Answer {
    const { correlationId } = passage.call;
    if (refusal instanceof KlarnaRefusal) {
      this.note(passage, { outcome: refusal.status });
      return errorAnswer(refusal.status, refusal.code, refusal.messages, correlationId);
    }
    // A fault of the simulator itself must be seen, not taken for one of Klarna's.
    console.error('simulator: internal error', refusal);
    return errorAnswer(500, 'INTERNAL_SERVER_ERROR', ['The simulator failed'], correlationId);
  }

  /** The answer of a `status` or `status_after` fault. Klarna may remember a 5xx under the key (switch `remember_5xx`). */
  private brokenStatus(passage: Passage, fault: Fault): Answer {
    const { code } = fault;
    const name = fault.error_code ?? CODE_OF_STATUS[code] ?? (code >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST');
    if (code === 429) passage.rateHeaders = { ...passage.rateHeaders, 'X-Ratelimit-Remaining': '0' };
    const answer = statusAnswer(fault, errorAnswer(code, name, code === 409 ? [] : ['Simulated failure'], passage.call.correlationId));
    if (code >= 500) this.remember5xx(passage, answer);
    return answer;
  }

  /** A first answer that is a 5xx; never one that fails the repeat of a call whose answer is known or on its way. */
  private remember5xx({ keyId, judged }: Passage, answer: Answer): void {
    if (keyId === null || !this.world.switches.get('remember_5xx')) return;
    const now = this.world.clock.now();
    const known = this.keys.find(keyId, now);
    if (!judged && (known !== undefined || this.keys.inProgress(keyId) !== undefined)) return;
    this.world.store.commit([this.keys.remember(keyId, known?.first_at ?? now, answer)], now);
  }

  private dressed(passage: Passage, answer: Answer): Answer {
    return { ...answer, headers: { 'Klarna-Correlation-Id': passage.call.correlationId, ...answer.headers, ...passage.rateHeaders } };
  }

  private async answer(passage: Passage, response: ServerResponse, answer: Answer): Promise<void> {
    // The bare 403 of a DDoS rule comes from in front of Klarna: none of Klarna's headers are on it.
    const bare = passage.record.fault !== null && answer.body === undefined && answer.status >= 400;
    const delivered = await deliver(response, bare ? answer : this.dressed(passage, answer));
    this.settle(passage, delivered ? answer.status : null);
  }

  private async unanswered(passage: Passage, held: Promise<void> | void): Promise<void> {
    this.settle(passage, null);
    await held;
  }

  /** The last entry about a request: what became of its answer. */
  private settle(passage: Passage, status: number | null): void {
    if (this.closed) return;
    passage.record = { ...passage.record, status };
    this.world.store.commit([['requests', String(passage.record.sequence), passage.record]], this.world.clock.now());
  }

  private note(passage: Passage, changes: Partial<RequestRecord>): void {
    passage.record = { ...passage.record, ...changes };
    this.world.store.show('requests', String(passage.record.sequence), passage.record);
  }
}

function oneKey(header: string | string[] | undefined): string | null {
  const key = Array.isArray(header) ? header[0] : header;
  return key === undefined || key === '' ? null : key;
}
