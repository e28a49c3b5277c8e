import { type Decision, decide, lastEnd, type Timing } from './decide.js';
import type { OperationFacts } from './operation.js';
import { scheduleDelay } from './schedule.js';

/** A `Retry-After` beyond this is somebody's mistake. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** What the holder of an operation knows when an attempt or a reading is over. */
export interface Situation {
  facts: OperationFacts;
  /** Business time, ms. */
  now: number;
  timing: Timing;
  /** RETRY_DELAYS_MS. */
  delays: readonly number[];
  /** Steps of the schedule taken before. */
  steps: number;
  /** While the caller waits: the pause before the provider is asked again (null: asked often enough), and until when that makes sense. */
  hold: { delayMs: number | null; until: number } | null;
  brought: 'attempt' | 'reading' | null;
  retryAfterMs: number;
  /** Nothing was called, because of how the provider is. */
  withheld?: boolean;
  /** The process stops: the operation is due at once, for another one. */
  handOver: boolean;
  random?: () => number;
}

export type Plan =
  /** `waitOver`: nobody waits any more, which is why it is settled. */
  | { then: 'settle'; decision: Decision & { do: 'settle' }; waitOver: boolean }
  /** The holder keeps the lease and goes on at that time. */
  | { then: 'again'; at: number }
  /** The schedule takes over. */
  | { then: 'scheduled'; at: number; steps: number; waitOver: boolean };

/** What becomes of an operation after its evidence was added: settled, asked again while the caller waits, or left to the schedule. Pure. */
export function plan(s: Situation): Plan {
  const { facts, now, timing } = s;
  let decision = decide(facts, now, timing);
  if (decision.do === 'settle') return { then: 'settle', decision, waitOver: facts.waitOver };
  const end = Math.min(now, Math.max(lastEnd(facts, timing), ...facts.readings.map((each) => each.endedAt)));
  // Not longer than this, whatever the provider asks for.
  const retryAfterMs = Math.min(s.retryAfterMs, LONGEST_RETRY_AFTER_MS);

  if (s.hold && !s.handOver && !facts.waitOver) {
    // The look after an answer, and the send that a look allows, come at once: a caller waits.
    const atOnce = s.brought === 'reading' ? decision.do === 'send' : decision.do === 'read';
    const pause = atOnce ? 0 : s.hold.delayMs;
    const at = pause === null ? null : Math.max(decision.notBefore, end + Math.max(pause, retryAfterMs));
    if (at !== null && at < s.hold.until) return { then: 'again', at };
  }

  let waitOver = facts.waitOver;
  if (facts.class !== 'durable' && !waitOver && !facts.sendsAlone) {
    // Nobody is left to send for: such an operation ends, or is only found out from here on.
    waitOver = true;
    decision = decide({ ...facts, waitOver }, now, timing);
    if (decision.do === 'settle') return { then: 'settle', decision, waitOver };
  }
  // Refused credentials spend no step: the operation waits for its account. What is only looked for meanwhile keeps the schedule's pace.
  const refused = facts.attempts.at(-1)?.outcome === 'configuration' && s.brought !== 'reading';
  if (refused) return { then: 'scheduled', at: decision.notBefore, steps: s.steps, waitOver };
  if (s.handOver) return { then: 'scheduled', at: Math.max(now, decision.notBefore), steps: s.steps, waitOver };
  // What was withheld says nothing about the operation: it is put off, by the first step of the schedule or by none.
  if (s.withheld) return { then: 'scheduled', at: Math.max(decision.notBefore, now + retryAfterMs), steps: Math.max(1, s.steps), waitOver };
  // The first look after an attempt needs no pause; everything else follows the schedule.
  const firstLook = decision.do === 'read' && s.brought === 'attempt';
  const pause = firstLook ? 0 : Math.max(scheduleDelay(s.delays, s.steps, s.random), retryAfterMs);
  return { then: 'scheduled', at: Math.max(decision.notBefore, end + pause), steps: s.steps + 1, waitOver };
}
