import { SWITCHES } from '../../simulator/switches.js';
import { Draws } from './random.js';

export type WriteKind = 'create-order' | 'capture' | 'refund' | 'cancel' | 'release';

/** A fault at the simulator, as its controls take it. */
export interface FaultDraw {
  readonly kind: string;
  readonly times: number;
  readonly code?: number;
  readonly error_code?: string;
  readonly body?: string;
  readonly variant?: string;
  readonly ms?: number;
}

/** One thing that a merchant wants once: a key, a request without a key, or an authorization token. Amounts in minor units. */
export interface IntentPlan {
  readonly id: string;
  readonly kind: WriteKind;
  /** null: sent without a key; create order has its token. */
  readonly key: string | null;
  /** Stands in the request and in Klarna's ledger, and in no other intent. */
  readonly reference: string;
  readonly amount: number;
  /** How many equal requests are sent at once. */
  readonly copies: number;
  readonly prefer: string | null;
  /** What the write meets, one after the other. */
  readonly faults: readonly FaultDraw[];
  /** What looks at its order meet. */
  readonly readFaults: readonly FaultDraw[];
  /** How often its caller asks again while it has no final answer, during the storm. */
  readonly repeats: number;
  /** Whether an equal request is sent again although the answer was final. */
  readonly repeatsFinal: boolean;
  /** Whether another body is sent under the same key or token afterwards. */
  readonly otherBody: boolean;
  /** Whether it is asked for again after the next outage, when much time has passed. */
  readonly late: boolean;
  readonly pauseMs: number;
}

/** What one shop does with one purchase. The intents of a group are asked for at the same time. */
export interface StoryPlan {
  readonly id: string;
  readonly amount: number;
  readonly order: IntentPlan;
  readonly groups: readonly (readonly IntentPlan[])[];
  /** Reads the order through the gateway while a capture is settled, so that the read is older than what it meets. */
  readonly staleRead: boolean;
}

const REFUSAL: Record<WriteKind, string> = {
  'create-order': 'REJECTED',
  capture: 'CAPTURE_NOT_ALLOWED',
  refund: 'REFUND_NOT_ALLOWED',
  cancel: 'CANCEL_NOT_ALLOWED',
  release: 'NOT_ALLOWED',
};

/** Stories until so many operations are planned. @param faultRate how often a write meets a fault */
export function planStories(seed: number, operations: number, faultRate: number): StoryPlan[] {
  const work = new Draws(seed, 'workload');
  const keys = new Draws(seed, 'keys');
  const faults = new Draws(seed, 'faults');
  const repeats = new Draws(seed, 'repeats');
  const stories: StoryPlan[] = [];
  for (let planned = 0; planned < operations;) {
    const id = `${seed}-${stories.length + 1}`;
    let number = 0;
    const intent = (kind: WriteKind, amount: number): IntentPlan => {
      number += 1;
      const named = `${id}.${number}`;
      const token = kind === 'create-order';
      return {
        id: named,
        kind,
        key: token || keys.chance(0.15) ? null : keys.chance(0.7) ? keys.uuid() : `shop/${named}/${keys.whole(1, 1e9)}`,
        reference: `storm ${named}`,
        amount,
        copies: repeats.chance(0.25) && (!token || repeats.chance(0.5)) ? repeats.whole(2, 4) : 1,
        prefer: repeats.weighted([
          [8, null],
          [1, token ? null : 'respond-async'],
          [1, 'wait=1'],
        ]),
        // An order that is not there can't be captured: most are placed without trouble.
        faults: faults.chance(token ? faultRate / 3 : faultRate) ? drawFaults(faults, kind) : [],
        readFaults: faults.chance(faultRate / 4) ? [drawReadFault(faults)] : [],
        repeats: repeats.whole(0, 3),
        repeatsFinal: repeats.chance(0.25),
        otherBody: repeats.chance(0.08),
        late: repeats.chance(0.15),
        pauseMs: repeats.whole(0, 400),
      };
    };
    const amount = work.whole(100, 1_000) * 100;
    const order = intent('create-order', amount);
    const groups = drawGroups(work, amount, intent);
    stories.push({ id, amount, order, groups, staleRead: work.chance(0.12) });
    planned += number;
  }
  return stories;
}

/** Purchases whose captures are begun by processes that fall asleep. A capture is half of its order: there is room for a second effect. */
export function planSleepers(seed: number, count: number): StoryPlan[] {
  const draws = new Draws(seed, 'sleepers');
  return Array.from({ length: count }, (_, index) => {
    const id = `${seed}-sleeper-${index + 1}`;
    const intent = (number: number, kind: WriteKind, amount: number): IntentPlan => ({
      id: `${id}.${number}`,
      kind,
      key: kind === 'create-order' ? null : draws.uuid(),
      reference: `storm ${id}.${number}`,
      amount,
      copies: 1,
      prefer: null,
      faults: [],
      readFaults: [],
      repeats: 3,
      repeatsFinal: false,
      otherBody: false,
      late: false,
      pauseMs: 0,
    });
    return { id, amount: 20_000, order: intent(1, 'create-order', 20_000), groups: [[intent(2, 'capture', 10_000)]], staleRead: false };
  });
}

function drawGroups(work: Draws, amount: number, intent: (kind: WriteKind, amount: number) => IntentPlan): IntentPlan[][] {
  const part = (divisor: number) => Math.max(100, Math.floor(amount / divisor / 100) * 100 - work.whole(0, 50));
  const captures = (count: number) => Array.from({ length: count }, () => intent('capture', part(count + work.whole(0, 2))));
  const refunds = (count: number) => Array.from({ length: count }, () => intent('refund', part(work.whole(6, 12))));
  // Klarna lets no keyless twin of one cancel or release be told from the other, so an order gets one of each at most.
  return work
    .weighted<() => IntentPlan[][]>([
      [30, () => [captures(work.whole(1, 3)), [...captures(work.whole(0, 2)), ...refunds(work.whole(1, 2))], refunds(work.whole(0, 2))]],
      [20, () => [captures(work.whole(2, 4)), refunds(work.whole(1, 3))]],
      [12, () => [captures(1), [...captures(1), intent('release', 0)], refunds(1)]],
      [12, () => [[intent('cancel', 0)]]],
      [10, () => [[...captures(work.whole(1, 2)), intent('cancel', 0)], captures(1)]],
      [8, () => [[intent('capture', amount)], [intent('capture', part(3)), ...refunds(2)]]],
      [8, () => [[...captures(1), ...refunds(1)], [intent('release', 0), ...refunds(1)], captures(1)]],
    ])()
    .filter((group) => group.length > 0);
}

/** The faults that one write meets. Most are of the kind that matters: it was carried out and nobody hears of it. */
function drawFaults(draws: Draws, kind: WriteKind): FaultDraw[] {
  const times = draws.weighted([
    [6, 1],
    [2, 2],
    [1, 4],
  ]);
  const done = (): FaultDraw =>
    draws.weighted<FaultDraw>([
      [8, { kind: 'reset_after', times }],
      [4, { kind: 'timeout_after', times: 1 }],
      [4, { kind: 'status_after', code: draws.pick([500, 502, 503]), times }],
      [2, { kind: 'garbage_after', variant: 'truncated_json', times }],
      [1, { kind: 'garbage_after', variant: 'html', times: 1 }],
      [1, { kind: 'garbage_after', variant: 'missing_id_header', times }],
    ]);
  const notDone = (): FaultDraw =>
    draws.weighted<FaultDraw>([
      [3, { kind: 'reset_before', times }],
      [2, { kind: 'timeout_before', times: 1 }],
      [3, { kind: 'status', code: draws.pick([500, 503, 408, 425]), times }],
      [2, { kind: 'status', code: 429, times: 1 }],
      [1, { kind: 'status', code: 403, body: '', times }],
      [2, { kind: 'latency', ms: draws.whole(100, 2_600), times: 1 }],
    ]);
  const refused: FaultDraw = { kind: 'status', code: 403, error_code: REFUSAL[kind], times: 1 };
  return draws.weighted<() => FaultDraw[]>([
    [50, () => [done()]],
    [8, () => [done(), done()]],
    [18, () => [notDone()]],
    [8, () => [notDone(), done()]],
    // A refusal after an attempt that may have happened proves nothing.
    [10, () => [done(), refused]],
    [3, () => [notDone(), refused]],
    [3, () => [refused]],
    [0.5, () => [{ kind: 'status', code: 401, times: 1 }]],
  ])();
}

function drawReadFault(draws: Draws): FaultDraw {
  return draws.weighted<FaultDraw>([
    [3, { kind: 'status', code: 500, times: 2 }],
    [2, { kind: 'reset_before', times: 1 }],
    [1, { kind: 'timeout_before', times: 1 }],
    [2, { kind: 'latency', ms: draws.whole(200, 1_500), times: 2 }],
  ]);
}

/** Open questions about Klarna whose answers are drawn; what a caller sees of the others is always the same here. */
const DRAWN = [
  'concurrent_key',
  'replay_4xx',
  'remember_5xx',
  'payments_keys',
  'repeated_token',
  'sticky_errors',
  'status_after_release',
  'status_after_expiry',
  'release_on_expired',
  'cancel_on_cancelled',
  'expires_after_capture',
  'invalid_order_id_status',
  'unknown_refund_status',
  'authorized_payment_method',
] as const satisfies readonly (keyof typeof SWITCHES)[];

/** The simulator's switches. @param fixed those that are not drawn */
export function planSwitches(seed: number, fixed: Readonly<Record<string, string>>): Record<string, unknown> {
  const draws = new Draws(seed, 'switches');
  const drawn: Record<string, unknown> = Object.fromEntries(DRAWN.map((name) => [name, draws.pick<unknown>(SWITCHES[name].values)]));
  // Each of the other answers leaves orders whose id only a person can find, and nothing to be done with them in the storm.
  if (draws.chance(0.5)) drawn['repeated_token'] = 'same_order';
  drawn['read_lag_seconds'] = draws.pick([0, 0, 2, 10]);
  drawn['stale_read_seconds'] = draws.pick([0, 0, 0, 3]);
  for (const [name, value] of Object.entries(fixed))
    drawn[name] = SWITCHES[name as keyof typeof SWITCHES]?.values === null ? Number(value) : value;
  return drawn;
}
