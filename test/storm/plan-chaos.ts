import { Draws } from './random.js';

/**
 * Step boundaries at which a process dies or stands still. `t1`: the statement that records an operation; `begin`: the transaction that
 * starts its next attempt; `t2`: the one that settles it; `look` and `looked`: those before and after a look at Klarna; `inbox`: the statement
 * that keeps a callback; `due`: the transaction that takes messages that are due; `delivered`: the statement that says what came of one.
 * `request`: what it sent has not arrived there; `answer`: it was done, and the process has not heard of it.
 */
export const POINTS = [
  't1-request',
  't1-answer',
  'begin-request',
  'begin-answer',
  'klarna-lost',
  'klarna-before',
  'klarna-after',
  't2-request',
  't2-commit-request',
  't2-commit-answer',
  'look-answer',
  'looked-request',
  'looked-answer',
  'caller-answer',
  'inbox-request',
  'inbox-answer',
  'due-answer',
  'delivered-request',
  'delivered-answer',
] as const;
export type Point = (typeof POINTS)[number];

export type Role = 'api' | 'worker';

const isOneOf = (point: Point, ...steps: readonly string[]): boolean => steps.some((step) => point.startsWith(step));

/** What each role comes by: workers record nothing and answer nobody, apis begin what callers wait for, and tell shops nothing. */
export const POINTS_OF: Record<Role, readonly Point[]> = {
  api: POINTS.filter((point) => !isOneOf(point, 'due', 'delivered')),
  worker: POINTS.filter((point) => !isOneOf(point, 't1', 'caller', 'inbox')),
};

/** Boundaries that every long storm comes by; looks are rarer. */
export const ALWAYS_MET: readonly Point[] = POINTS.filter((point) => !point.startsWith('look'));

/** How a place is called in the table: `api killed at t1-answer`. */
export function placeName(role: Role, done: 'killed' | 'frozen', point: Point | null): string {
  return `${role} ${done} at ${point ?? 'random'}`;
}

/** Something that goes wrong, at a time in ms from the storm's beginning. */
export type Mishap =
  | { readonly at: number; readonly what: 'kill'; readonly role: Role; readonly point: Point | null; readonly bytesArrive: boolean }
  | { readonly at: number; readonly what: 'freeze'; readonly role: Role; readonly point: Point | null; readonly forMs: number }
  | { readonly at: number; readonly what: 'flush' }
  | { readonly at: number; readonly what: 'restart-postgres' }
  /** Klarna carries out what it gets and answers nobody, then is away; meanwhile much time passes. */
  | { readonly at: number; readonly what: 'outage'; readonly passSeconds: number }
  /** As an outage, and an api that has just recorded an operation sleeps through it: it wakes up when others have settled it. */
  | { readonly at: number; readonly what: 'sleep'; readonly passSeconds: number };

const HOUR = 3_600;

export interface ChaosWanted {
  readonly seed: number;
  readonly minutes: number;
  readonly kills: number;
  readonly freezes: number;
  readonly flushes: number;
  readonly restarts: number;
  readonly sleeps: number;
  readonly outages: number;
  readonly points: readonly Point[];
}

/** The schedule of everything that goes wrong, in the order of time. */
export function planChaos({ seed, minutes, kills, freezes, flushes, restarts, sleeps, outages, points }: ChaosWanted): Mishap[] {
  const ms = minutes * 60_000;
  const spread = (count: number, draws: Draws, make: (at: number, index: number) => Mishap): Mishap[] =>
    Array.from({ length: count }, (_, index) => make(((index + draws.next()) / count) * ms, index));
  const drawn = (concern: string) => new Draws(seed, concern);
  const killing = drawn('kills');
  const freezing = drawn('freezes');
  const passing = drawn('outages');
  // Every boundary of every role in turn, and as many kills at no boundary in particular.
  const places = (['api', 'worker'] as const).flatMap((role) =>
    POINTS_OF[role].filter((point) => points.includes(point)).map((point) => ({ role, point })),
  );
  const placeOf = (draws: Draws, index: number): { role: Role; point: Point | null } =>
    places.length === 0 || draws.chance(0.4)
      ? { role: draws.pick(['api', 'worker'] as const), point: null }
      : places[index % places.length]!;
  return [
    ...spread(kills, killing, (at, index) => ({ at, what: 'kill', ...placeOf(killing, index), bytesArrive: killing.chance(0.5) })),
    ...spread(freezes, freezing, (at, index) => {
      // There are few of them: every place once before any other.
      const other = freezing.chance(0.2) && index >= places.length;
      const place = places.length === 0 || other ? null : places[(index * 7) % places.length]!;
      const { role, point } = place ?? { role: freezing.pick(['api', 'worker'] as const), point: null };
      return { at, what: 'freeze', role, point, forMs: freezing.whole(4_600, 7_000) };
    }),
    ...spread(flushes, drawn('flushes'), (at) => ({ at, what: 'flush' })),
    ...spread(restarts, drawn('restarts'), (at) => ({ at, what: 'restart-postgres' })),
    // Past the time for which a key is trusted: who takes over looks, and sends with a new key.
    ...Array.from({ length: sleeps }, (_, index): Mishap => ({ at: ((index + 0.3) / sleeps) * ms, what: 'sleep', passSeconds: 21 * HOUR })),
    ...Array.from({ length: outages }, (_, index): Mishap => {
      // The last but one is longer than an authorization lives: what comes after it meets orders of both kinds.
      const passSeconds = index === outages - 2 ? 29 * 24 * HOUR : passing.pick([21, 25, 25, 30]) * HOUR;
      return { at: ((index + 0.6) / outages) * ms, what: 'outage', passSeconds };
    }),
  ].sort((a, b) => a.at - b.at);
}
