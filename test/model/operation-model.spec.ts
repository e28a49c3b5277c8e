import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OperationKind } from '../../src/operations/kinds.js';
import type { KlarnaBehaviour } from './klarna-model.js';
import { Draws, World } from './world.js';

const HOUR = 3_600_000;
const schedules = Number(process.env['MODEL_SCHEDULES'] ?? 20_000);
const seed = process.env['MODEL_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(process.env['MODEL_SEED']);

/** Runs schedules of one kind; a failing one is printed with its seed and its shrunk list of draws. */
function holds(kind: OperationKind, share: number, behaviour: Partial<KlarnaBehaviour>, judge: (world: World) => void): void {
  const keyed: KlarnaBehaviour = { keyLifeMs: 24 * HOUR, remembersRefusals: true, repeat: 'first-answer', ...behaviour };
  const property = fc.property(
    fc.array(fc.nat(1_000_000), { maxLength: 60, size: 'max' }),
    fc.constantFrom(null, 30_000, 2 * HOUR, 28 * 24 * HOUR),
    (numbers, expiresIn) => {
      const draws = new Draws(numbers);
      const world = new World(kind, draws, keyed, expiresIn);
      while (draws.left) world.step();
      world.settleDown();
      try {
        judge(world);
      } catch (error) {
        throw new Error(`${world.story.join('\n')}\nstate ${world.facts.state}, effects ${world.klarna.effects.length}`, { cause: error });
      }
    },
  );
  fc.assert(property, { numRuns: Math.ceil(schedules * share), seed });
}

/** What must be true of every kind, whatever happened. */
function neverTwiceNeverLost(world: World): void {
  const { state } = world.facts;
  expect(world.over).toBe(true);
  expect(world.klarna.effects.length).toBeLessThanOrEqual(1);
  expect(world.withoutPause).toBe(0);
  if (state === 'succeeded') expect(world.klarna.effects.length).toBe(1);
  if (state === 'rejected' || state === 'withdrawn' || state === 'abandoned') expect(world.klarna.effects.length).toBe(0);
}

describe(`the operation's rules, ${schedules} schedules (MODEL_SEED=${seed} replays them)`, () => {
  it('captures at most once, and says what happened', () => {
    holds('order-management.capture', 0.25, {}, neverTwiceNeverLost);
  });

  it('captures at most once when Klarna forgets refusals', () => {
    holds('order-management.capture', 0.2, { remembersRefusals: false }, neverTwiceNeverLost);
  });

  it('believes no refusal of a repeat: what was executed before is found by reading', () => {
    holds('order-management.capture', 0.15, { repeat: 'refused' }, neverTwiceNeverLost);
  });

  it('refunds at most once, past any deadline of the authorization', () => {
    holds('order-management.refund', 0.15, {}, neverTwiceNeverLost);
  });

  it('changes an authorization at most once', () => {
    holds('order-management.authorization-update', 0.1, {}, neverTwiceNeverLost);
  });

  it.each([{}, { repeat: 'refused' }, { remembersRefusals: false }] as const)(
    'does at most once what Klarna does not show, and says what is not known (%j)',
    (behaviour) => {
      holds('order-management.extend-due-date', 0.1, behaviour, neverTwiceNeverLost);
    },
  );

  it.each(['order-management.acknowledge', 'order-management.extend-authorization'] as const)(
    'does %s twice at the most, never calls what happened a failure, and loses nothing',
    (kind) => {
      holds(kind, 0.1, { repeat: 'refused' }, (world) => {
        const { state } = world.facts;
        expect(world.over).toBe(true);
        expect(world.klarna.effects.length).toBeLessThanOrEqual(2);
        expect(new Set(world.facts.attempts.map(({ generation }) => generation)).size).toBeLessThanOrEqual(2);
        if (state === 'succeeded') expect(world.klarna.effects.length).toBeGreaterThanOrEqual(1);
        if (state === 'rejected' || state === 'withdrawn') expect(world.klarna.effects.length).toBe(0);
      });
    },
  );

  it('places an order at most once for a token, and sends it alone only to learn its id', () => {
    holds('payments.create-order', 0.15, { keyLifeMs: Infinity }, (world) => {
      neverTwiceNeverLost(world);
      expect(world.lonelySends.every((send) => send.afterPlaced)).toBe(true);
    });
  });

  it('asks for a person when an order was placed and Klarna does not tell its id', () => {
    holds('payments.create-order', 0.1, { keyLifeMs: Infinity, repeat: 'refused' }, (world) => {
      neverTwiceNeverLost(world);
      const { settledBy: by } = world;
      if (by?.do === 'settle' && 'reason' in by && by.reason === 'placed-without-id') expect(world.klarna.effects.length).toBe(1);
    });
  });
});
