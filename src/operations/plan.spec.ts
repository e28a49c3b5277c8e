import { describe, expect, it } from '@jest/globals';
import { TIMING } from './decide.js';
import type { Attempt, OperationFacts } from './operation.js';
import { plan, type Situation } from './plan.js';

const NOW = 1_000_000;
const attempt = (outcome: Attempt['outcome'], endedAt = NOW): Attempt => ({
  ...{ id: 'a', number: 1, generation: 1, startedAt: endedAt - 10, endedAt, outcome, garbled: false, status: null },
});
const facts = (attempts: Attempt[], more: Partial<OperationFacts> = {}): OperationFacts => ({
  ...{ kind: 'order-management.capture', class: 'durable', state: 'running', generation: 1, createdAt: NOW - 1_000, openedAt: NOW - 1_000 },
  ...{ waitOver: true, sendsAlone: false, stopped: false, expiresAt: null, attempts, readings: [] },
  ...more,
});
const withheld = (more: Partial<Situation> = {}): Situation => ({
  ...{
    facts: facts([attempt('retry')]),
    now: NOW,
    timing: TIMING,
    delays: [1_000, 5_000, 30_000],
    steps: 2,
    hold: null,
    brought: 'attempt',
  },
  ...{ retryAfterMs: 3_000, withheld: true, handOver: false },
  ...more,
});

describe('what becomes of an operation that is looked for', () => {
  const look = (endedAt: number): OperationFacts['readings'][number] => ({
    ...{ startedAt: endedAt - 100, endedAt, generation: 1, finding: 'unreadable', providerId: null },
  });
  const bounded = { kind: 'payments.create-order', class: 'bounded' } as const;
  const looked = (readings: OperationFacts['readings'], more: Partial<Situation> = {}): Situation => ({
    ...{ facts: facts([attempt('unknown', NOW - 3_600_000)], { ...bounded, createdAt: NOW - 3_600_100, readings }) },
    ...{ now: NOW, timing: TIMING, delays: [1_000, 5_000, 30_000], steps: 2, hold: null, brought: 'reading' },
    ...{ retryAfterMs: 0, handOver: false, random: () => 0.5 },
    ...more,
  });

  it('a look that shows nothing is followed by a pause from its own end, however long ago the last attempt was', () => {
    expect(plan(looked([look(NOW - 30_000), look(NOW)]))).toMatchObject({ then: 'scheduled', at: NOW + 30_000, steps: 3 });
    expect(plan(looked([look(NOW - 30_000), look(NOW)], { steps: 9 }))).toMatchObject({ then: 'scheduled', at: NOW + 30_000, steps: 10 });
  });

  it('also when the last attempt ended with refused credentials', () => {
    const attempts = [attempt('unknown', NOW - 3_600_000), { ...attempt('configuration', NOW - 3_000_000), number: 2 }];
    const refused = facts(attempts, { createdAt: NOW - 21 * 3_600_000, readings: [look(NOW)] });
    expect(plan(looked([], { facts: refused }))).toMatchObject({ then: 'scheduled', at: NOW + 30_000, steps: 3 });
  });

  it('also while its caller waits', () => {
    const situation = looked([look(NOW)], { hold: { delayMs: 3_000, until: NOW + 10_000 } });
    const refused = { ...attempt('rejected', NOW - 60_000), number: 2 };
    const attempts = [...situation.facts.attempts, refused];
    const waiting = { ...situation.facts, attempts, waitOver: false, openedAt: NOW - 100_000 };
    expect(plan({ ...situation, facts: waiting })).toEqual({ then: 'again', at: NOW + 3_000 });
  });
});

describe('what becomes of an operation whose call was withheld', () => {
  it('it comes again when that makes sense, and spends no step but the first', () => {
    expect(plan(withheld())).toEqual({ then: 'scheduled', at: NOW + 3_000, steps: 2, waitOver: true });
    expect(plan(withheld({ steps: 0 }))).toMatchObject({ at: NOW + 3_000, steps: 1 });
  });

  it('what may have happened before stays unknown; a look that was withheld decides nothing', () => {
    const unknown = facts([attempt('unknown', NOW - 500), { ...attempt('retry'), number: 2 }]);
    expect(plan(withheld({ facts: unknown }))).toMatchObject({ then: 'scheduled', at: NOW + 3_000 });
    const refused = facts([attempt('unknown', NOW - 500), { ...attempt('rejected'), number: 2 }]);
    expect(plan(withheld({ facts: refused, brought: 'reading' }))).toMatchObject({ then: 'scheduled', at: NOW + 3_000, steps: 2 });
  });

  it('is asked again while its caller waits, if that is in time', () => {
    const waits = facts([attempt('retry')], { waitOver: false });
    const hold = { delayMs: 1_000, until: NOW + 10_000 };
    expect(plan(withheld({ facts: waits, hold }))).toEqual({ then: 'again', at: NOW + 3_000 });
    expect(plan(withheld({ facts: waits, hold, retryAfterMs: 11_000 }))).toMatchObject({ then: 'scheduled', at: NOW + 11_000 });
  });

  it.each([
    ['interactive', 'payments.create-session'],
    ['bounded', 'payments.create-order'],
  ] as const)('an %s one ends at once when that is not in time', (kindClass, kind) => {
    const waits = facts([attempt('retry')], { waitOver: false, class: kindClass, kind });
    const hold = { delayMs: 1_000, until: NOW + 2_000 };
    expect(plan(withheld({ facts: waits, hold }))).toMatchObject({ then: 'settle', decision: { state: 'abandoned', reason: 'wait-over' } });
  });
});
