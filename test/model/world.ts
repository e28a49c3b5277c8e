import { decide, type Decision, mayHaveHappened, TIMING } from '../../src/operations/decide.js';
import { type OperationKind, policyOf } from '../../src/operations/kinds.js';
import { type Attempt, isFinal, type OperationFacts, type OperationState, type Reading } from '../../src/operations/operation.js';
import { plan } from '../../src/operations/plan.js';
import { type Flight, type KlarnaBehaviour, KlarnaModel } from './klarna-model.js';

/** The shortest that may lie between two looks. */
const PAUSE_MS = 900;
const LEASE_MS = 3_000;
const ASK_AGAIN = [1_000, 3_000, 8_000];
const RETRY = [1_000, 5_000, 30_000, 120_000, 300_000, 900_000];
const WAIT_MS = 25_000;

/** How a call goes, drawn when it is made. */
type Fate = 'answered' | 'lost' | 'lost-before' | 'garbled' | 'failed-after' | 'failed-before' | 'not-sent' | 'credentials';
// Lost answers are what the rules are for: they are drawn more often.
const FATES: readonly Fate[] = [
  'answered',
  'lost',
  'lost',
  'lost',
  'answered',
  'lost-before',
  'garbled',
  'failed-after',
  'failed-before',
  'not-sent',
  'credentials',
];

/** One process that works on the operation. */
interface Worker {
  fence: number;
  call:
    { attempt: Attempt; flight: Flight | null; fate: Fate; endsAt: number } | { reading: Reading; endsAt: number } | { pauseUntil: number };
  /** Stopped: it holds its answer, renews nothing, and may come back. */
  frozen: boolean;
  asked: number;
}

/** Draws numbers from a list, so that a schedule is its list; when it is used up, everything goes well. */
export class Draws {
  private next = 0;
  constructor(private readonly numbers: readonly number[]) {}

  get left(): boolean {
    return this.next < this.numbers.length;
  }

  below(limit: number): number {
    return (this.numbers[this.next++] ?? 0) % limit;
  }
}

/**
 * One operation, the processes that work on it, and a provider. The rules are the product's own `decide` and `plan`; what Postgres does
 * (fence, lease, append-only evidence) is kept here in memory.
 */
export class World {
  now = 1_000_000;
  readonly klarna: KlarnaModel;
  facts: OperationFacts & { attempts: Attempt[]; readings: Reading[] };
  callerWaitsUntil: number;
  settledBy: Decision | null = null;
  /** What happened, for a failing schedule's reader. */
  readonly story: string[] = [];
  /** Sends that were begun while nobody waited, by what was known then. */
  readonly lonelySends: { afterPlaced: boolean }[] = [];
  private fence = 1;
  private steps = 0;
  private nextAt: number | null = null;
  private leaseUntil = 0;
  private worker: Worker | null = null;
  private readonly zombies: Worker[] = [];

  constructor(
    kind: OperationKind,
    private readonly draws: Draws,
    behaviour: KlarnaBehaviour,
    expiresIn: number | null,
  ) {
    this.klarna = new KlarnaModel(behaviour);
    this.callerWaitsUntil = this.now + WAIT_MS;
    this.facts = {
      kind,
      class: policyOf(kind).class,
      state: 'accepted',
      generation: 1,
      createdAt: this.now,
      openedAt: this.now,
      waitOver: false,
      sendsAlone: false,
      stopped: false,
      expiresAt: expiresIn === null ? null : this.now + expiresIn,
      attempts: [],
      readings: [],
    };
    this.begin(0, { fence: false });
  }

  /** Looks that follow a look at once, with nothing sent between them: Klarna would be asked as fast as it answers. */
  withoutPause = 0;

  get over(): boolean {
    return isFinal(this.facts.state) || this.facts.state === 'manual';
  }

  private tell(what: string): void {
    this.story.push(`${((this.now - 1_000_000) / 1000).toFixed(1)} s: ${what}`);
  }

  /** One event of a schedule. */
  step(): void {
    const events: (() => void)[] = [() => this.next()];
    if (this.worker)
      events.push(
        () => this.kill(),
        () => this.freeze(),
      );
    if (this.zombies.length > 0) events.push(() => this.thaw());
    if (!this.facts.waitOver) events.push(() => this.callerLeaves());
    if (this.facts.class === 'bounded') events.push(() => this.callerRepeats());
    events.push(() => this.advance([2_000, 30_000, 3_600_000, 21 * 3_600_000, 30 * 3_600_000][this.draws.below(5)] ?? 0));
    // Most of the time the next thing happens that would happen anyway.
    const drawn = this.draws.below(events.length * 2);
    (events[drawn] ?? events[0])?.();
  }

  /** No more faults: what is on its way arrives, and the schedule runs to its end. */
  settleDown(): void {
    for (let i = 0; i < 400 && (!this.over || this.zombies.length > 0); i += 1) {
      if (this.zombies.length > 0) this.thaw();
      else this.next();
    }
    this.advance(TIMING.providerTimeoutMs + TIMING.quietMs);
  }

  private advance(ms: number): void {
    this.now += ms;
    this.klarna.advanceTo(this.now);
    if (this.worker && !this.worker.frozen) this.leaseUntil = this.now + LEASE_MS;
  }

  /** The next thing that happens by itself. */
  private next(): void {
    if (this.worker) {
      const at = 'pauseUntil' in this.worker.call ? this.worker.call.pauseUntil : this.worker.call.endsAt;
      this.advance(Math.max(0, at - this.now));
      this.finish(this.worker);
      return;
    }
    if (this.over) return;
    const at = this.leaseUntil > 0 ? this.leaseUntil + 1 : (this.nextAt ?? this.now);
    this.advance(Math.max(0, at - this.now));
    this.begin(0, { fence: false });
  }

  private kill(): void {
    this.tell('the process dies');
    this.worker = null;
  }

  private freeze(): void {
    if (!this.worker) return;
    this.tell('the process freezes');
    this.worker.frozen = true;
    this.zombies.push(this.worker);
    this.worker = null;
  }

  /** A stopped process comes back with what it has: evidence. */
  private thaw(): void {
    this.tell('a frozen process comes back');
    const zombie = this.zombies.shift();
    if (!zombie) return;
    // Its call goes on without it, and is over no sooner than it would have been.
    if ('endsAt' in zombie.call) this.advance(Math.max(0, zombie.call.endsAt - this.now));
    this.finish(zombie);
  }

  private callerLeaves(): void {
    this.callerWaitsUntil = this.now;
    if (!this.over) this.facts = { ...this.facts, waitOver: true };
  }

  /** An equal repeat of create order opens it again. */
  private callerRepeats(): void {
    const { state, waitOver } = this.facts;
    const free = this.worker === null && (this.leaseUntil === 0 || this.now > this.leaseUntil);
    if (state === 'manual' || (isFinal(state) && state !== 'abandoned') || !free || !(waitOver || this.leaseUntil > 0)) return;
    const before = this.facts;
    this.facts = { ...this.facts, state: 'unknown', openedAt: this.now, waitOver: false };
    const decision = decide(this.facts, this.now, TIMING);
    if ((decision.do === 'send' || decision.do === 'read') && decision.notBefore > this.now) {
      this.facts = before;
      return;
    }
    this.callerWaitsUntil = this.now + WAIT_MS;
    this.begin(0, { fence: false, again: true });
  }

  private begin(asked: number, as: { fence: boolean; again?: boolean }): void {
    if (this.over) return;
    if (!as.fence && !as.again && this.leaseUntil > 0 && this.now > this.leaseUntil) this.facts = { ...this.facts, waitOver: true };
    const decision = decide(this.facts, this.now, TIMING);
    this.leaseUntil = 0;
    this.nextAt = null;
    this.worker = null;
    switch (decision.do) {
      case 'settle':
        return this.settle(decision);
      case 'send':
      case 'read':
        if (decision.notBefore > this.now) {
          this.nextAt = decision.notBefore;
          return;
        }
        this.fence += 1;
        this.leaseUntil = this.now + LEASE_MS;
        this.worker = {
          fence: this.fence,
          call: decision.do === 'send' ? this.send(decision.generation) : this.read(),
          frozen: false,
          asked,
        };
    }
  }

  private send(generation: number): Worker['call'] {
    if (this.facts.class === 'bounded' && this.facts.waitOver) {
      this.lonelySends.push({ afterPlaced: this.facts.readings.some((each) => each.finding === 'placed') });
    }
    const attempt: Attempt = {
      id: `attempt-${this.facts.attempts.length + 1}`,
      number: this.facts.attempts.length + 1,
      generation,
      startedAt: this.now,
      endedAt: null,
      outcome: null,
      garbled: false,
      status: null,
    };
    this.facts = { ...this.facts, state: 'running', generation, attempts: [...this.facts.attempts, attempt] };
    const fate = FATES[this.draws.below(FATES.length)] ?? 'answered';
    this.tell(`send ${attempt.number}, generation ${generation}, ${fate}`);
    const verdict = this.draws.below(2) === 1 ? 'refusal' : 'effect';
    const reaches = fate === 'answered' || fate === 'lost' || fate === 'garbled' || fate === 'failed-after';
    const takes = [50, TIMING.providerTimeoutMs - 1, 900][this.draws.below(3)] ?? 50;
    // A lost request may go on executing after its connection is gone, for as long as the quiet period allows.
    const later = fate === 'lost' ? ([0, TIMING.quietMs - 1][this.draws.below(2)] ?? 0) : 0;
    const key = policyOf(this.facts.kind).key === 'provider' ? `key-${generation}` : 'token';
    const flight = reaches ? this.klarna.send(key, this.now + takes + later, verdict) : null;
    return { attempt, flight, fate, endsAt: this.now + takes };
  }

  private read(): Worker['call'] {
    // Klarna may read from a copy that is behind, by less than the time between two readings.
    const asOf = this.now - ([0, TIMING.readAgainMs - 1_000][this.draws.below(2)] ?? 0);
    const seen = this.klarna.effects.filter((effect) => effect.at <= asOf).length;
    const sees = this.facts.class === 'bounded' ? 'placed' : seen > 1 ? 'ambiguous' : 'present';
    const hidden = policyOf(this.facts.kind).unseen === true;
    const finding: Reading['finding'] = this.draws.below(5) === 4 || hidden ? 'unreadable' : seen === 0 ? 'absent' : sees;
    this.tell(`read: ${finding}`);
    const last = this.facts.readings.at(-1);
    const sentSince = last !== undefined && this.facts.attempts.some((each) => each.startedAt >= last.endedAt);
    if (last !== undefined && !sentSince && this.now - last.endedAt < PAUSE_MS) this.withoutPause += 1;
    const endsAt = this.now + 200;
    const providerId = finding === 'present' ? (this.klarna.effects[0]?.id ?? null) : null;
    return { reading: { startedAt: this.now, endedAt: endsAt, generation: this.facts.generation, finding, providerId }, endsAt };
  }

  /** T2: evidence from anyone, decisions from the holder. */
  private finish(worker: Worker): void {
    const { call } = worker;
    if ('pauseUntil' in call) {
      if (worker === this.worker) this.begin(worker.asked, { fence: true });
      return;
    }
    if ('attempt' in call) this.answer(call);
    else this.facts = { ...this.facts, readings: [...this.facts.readings, call.reading].sort((a, b) => a.startedAt - b.startedAt) };
    const holder = worker === this.worker || (worker.fence === this.fence && this.worker === null && this.leaseUntil > 0);
    const waits = !this.facts.waitOver && this.callerWaitsUntil > this.now;
    const delayMs = ASK_AGAIN[worker.asked] ?? null;
    const next = plan({
      facts: this.facts,
      now: this.now,
      timing: TIMING,
      delays: RETRY,
      steps: this.steps,
      hold: waits && holder ? { delayMs, until: this.callerWaitsUntil } : null,
      brought: 'attempt' in call ? 'attempt' : 'reading',
      retryAfterMs: 0,
      handOver: false,
      random: () => 0.5,
    });
    const success = next.then === 'settle' && next.decision.state === 'succeeded';
    if (success) {
      if (this.facts.state !== 'succeeded') this.settle(next.decision);
      return;
    }
    if (this.over || !holder) return;
    this.worker = null;
    this.leaseUntil = 0;
    if (next.then === 'settle') return this.settle(next.decision);
    if (next.then === 'again') {
      this.leaseUntil = this.now + LEASE_MS;
      this.worker = { ...worker, frozen: false, asked: worker.asked + 1, call: { pauseUntil: next.at } };
      return;
    }
    this.facts = { ...this.facts, state: this.goingOn(), waitOver: next.waitOver };
    this.steps = next.steps;
    this.nextAt = next.at;
  }

  private goingOn(): OperationState {
    return this.facts.attempts.some(mayHaveHappened) ? 'unknown' : 'waiting';
  }

  private answer(call: { attempt: Attempt; flight: Flight | null; fate: Fate }): void {
    const result = call.flight?.executed ?? null;
    const ended = (outcome: Attempt['outcome'], garbled = false): void => {
      const answered = { ...call.attempt, endedAt: this.now, outcome, garbled };
      this.facts = { ...this.facts, attempts: this.facts.attempts.map((each) => (each.id === answered.id ? answered : each)) };
    };
    switch (call.fate) {
      case 'answered':
        return result === null ? ended('unknown') : ended(result.outcome === 'effect' ? 'succeeded' : 'rejected');
      case 'garbled':
        return ended('unknown', result?.outcome === 'effect');
      case 'lost':
      case 'lost-before':
      case 'failed-after':
      case 'failed-before':
        return ended('unknown');
      case 'not-sent':
        return ended('retry');
      case 'credentials':
        return ended('configuration');
    }
  }

  private settle(decision: Decision & { do: 'settle' }): void {
    this.tell(`settled: ${decision.state} ${'reason' in decision ? decision.reason : ''}`);
    this.settledBy = decision;
    this.facts = { ...this.facts, state: decision.state };
    this.worker = null;
    this.leaseUntil = 0;
    this.nextAt = null;
  }
}
