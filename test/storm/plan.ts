import { SWITCHES } from '../../simulator/switches.js';
import { drawChanges, drawCheckout, drawPage, drawSubscription, type Make } from './plan-changes.js';
import { kindOf, type KindName } from './kinds.js';
import { Draws } from './random.js';

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
  readonly kind: KindName;
  /** null: sent without a key, or Klarna takes none. */
  readonly key: string | null;
  /** Stands in the request and in Klarna's ledger, and in no other intent. */
  readonly reference: string;
  /** Minor units; days where a due date is put off. */
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
  /** Whether Klarna's push about what it made comes meanwhile, and the shop reads it. */
  readonly push: boolean;
  readonly pauseMs: number;
  /** Klarna takes its time to accept the shopper. */
  readonly pending?: boolean;
}

/** What one shop does with one purchase, customer token or hosted page. The intents of a group are asked for at the same time. */
export interface StoryPlan {
  readonly id: string;
  readonly amount: number;
  /** Makes what all the others are for. */
  readonly opening: IntentPlan;
  readonly groups: readonly (readonly IntentPlan[])[];
  /** Reads the order through the gateway while a capture is settled, so that the read is older than what it meets. */
  readonly staleRead: boolean;
  /** Which URLs of its own the shop gives to Klarna with the session. */
  readonly urls: 'all' | 'push' | 'none';
  /** Whether it gives them once more with the order. */
  readonly urlsAgain: boolean;
}
export type Purchase = Omit<StoryPlan, 'urls' | 'urlsAgain'>;

/** Stories until so many operations are planned. @param faultRate how often a write meets a fault */
export function planStories(seed: number, operations: number, faultRate: number): StoryPlan[] {
  const work = new Draws(seed, 'workload');
  const usual = maker(seed, '', faultRate);
  // What came later draws from streams of its own: purchases are what they were.
  const changes = new Draws(seed, 'changes');
  const later = maker(seed, ' of changes', faultRate);
  const callbacks = new Draws(seed, 'callbacks');
  const stories: StoryPlan[] = [];
  let planned = 0;
  const add = (story: Purchase): void => {
    stories.push(withUrls(callbacks, story));
    planned += 1 + story.groups.flat().length;
  };
  for (let number = 1; planned < operations; number += 1) {
    const id = `${seed}-${number}`;
    const make = usual(id);
    const amount = work.whole(100, 1_000) * 100;
    const opening = make('create-order', amount);
    const groups = drawChanges(changes, amount, drawGroups(work, amount, make), later(`${id}.c`));
    add({ id, amount, opening, groups, staleRead: work.chance(0.12) });
    if (changes.chance(0.08)) add(drawSubscription(changes, `${id}-token`, later(`${id}-token`)));
    if (changes.chance(0.06)) add(drawCheckout(changes, `${id}-checkout`, later(`${id}-checkout`)));
    if (changes.chance(0.06)) add(drawPage(changes, `${id}-page`, later(`${id}-page`)));
  }
  return stories;
}

/** What the shop has Klarna call, and whether Klarna accepts the shopper at once. */
function withUrls(draws: Draws, story: Purchase): StoryPlan {
  const urls = draws.weighted<StoryPlan['urls']>([
    [7, 'all'],
    [2, 'push'],
    [1, 'none'],
  ]);
  const urlsAgain = draws.chance(0.3);
  const pending = draws.chance(0.06) && story.opening.kind === 'create-order';
  return { ...story, urls, urlsAgain, opening: pending ? { ...story.opening, pending } : story.opening };
}

/** Draws intents from four streams. @param concern tells these streams from others */
function maker(seed: number, concern: string, faultRate: number): (story: string) => Make {
  const keys = new Draws(seed, `keys${concern}`);
  const faults = new Draws(seed, `faults${concern}`);
  const repeats = new Draws(seed, `repeats${concern}`);
  return (story) => {
    let number = 0;
    return (kind, amount, { keyed = false, copied = true } = {}): IntentPlan => {
      number += 1;
      const id = `${story}.${number}`;
      const { sameBy, interactive = false } = kindOf(kind);
      const waited = sameBy === 'token' || interactive;
      // What is not there can't be worked with: most things are made without trouble.
      const opens = sameBy === 'token' || ['create-page', 'open-checkout'].includes(kind);
      return {
        id,
        kind,
        key: sameBy !== 'key' || keys.chance(keyed ? 0 : 0.15) ? null : keys.chance(0.7) ? keys.uuid() : `shop/${id}/${keys.whole(1, 1e9)}`,
        reference: `storm ${id}`,
        amount,
        copies: repeats.chance(0.25) && copied && (!waited || repeats.chance(0.5)) ? repeats.whole(2, 4) : 1,
        prefer: repeats.weighted([
          [8, null],
          [1, waited ? null : 'respond-async'],
          [1, 'wait=1'],
        ]),
        faults: faults.chance(opens ? faultRate / 3 : faultRate) ? drawFaults(faults, kind) : [],
        readFaults: faults.chance(faultRate / 4) ? [drawReadFault(faults)] : [],
        repeats: repeats.whole(0, 3),
        repeatsFinal: repeats.chance(0.25),
        otherBody: repeats.chance(0.08),
        late: repeats.chance(0.15),
        push: kind === 'order-of-token' && repeats.chance(0.3),
        pauseMs: repeats.whole(0, 400),
      };
    };
  };
}

/** Purchases whose captures are begun by processes that fall asleep. A capture is half of its order: there is room for a second effect. */
export function planSleepers(seed: number, count: number): StoryPlan[] {
  const draws = new Draws(seed, 'sleepers');
  return Array.from({ length: count }, (_, index) => {
    const id = `${seed}-sleeper-${index + 1}`;
    const intent = (number: number, kind: KindName, amount: number): IntentPlan => ({
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
      push: false,
      pauseMs: 0,
    });
    return {
      id,
      amount: 20_000,
      opening: intent(1, 'create-order', 20_000),
      groups: [[intent(2, 'capture', 10_000)]],
      staleRead: false,
      urls: 'none',
      urlsAgain: false,
    };
  });
}

function drawGroups(work: Draws, amount: number, intent: Make): IntentPlan[][] {
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
function drawFaults(draws: Draws, kind: KindName): FaultDraw[] {
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
  const refused: FaultDraw = { kind: 'status', code: 403, error_code: kindOf(kind).refusal, times: 1 };
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
const DRAWN_LATER = [
  'repeated_customer_token',
  'repeated_token_cancel',
  'unknown_token_code',
  'references_on_expired',
  'address_when_captured',
  'due_date_again',
  'expired_page',
  'disable_on_disabled',
  'distribution_status',
  'checkout_status_case',
  'aborted_checkout',
] as const satisfies readonly (keyof typeof SWITCHES)[];

const DRAWN_OF_CALLBACKS = [
  'push_repeats',
  'notification_stops_on',
  'other_placeholders',
  'merchant_urls_again',
  'capture_while_pending',
] as const satisfies readonly (keyof typeof SWITCHES)[];

/** The simulator's switches. @param fixed those that are not drawn */
export function planSwitches(seed: number, fixed: Readonly<Record<string, string>>): Record<string, unknown> {
  const draws = new Draws(seed, 'switches');
  const drawn: Record<string, unknown> = Object.fromEntries(DRAWN.map((name) => [name, draws.pick<unknown>(SWITCHES[name].values)]));
  // Each of the other answers leaves orders whose id only a person can find, and nothing to be done with them in the storm.
  if (draws.chance(0.5)) drawn['repeated_token'] = 'same_order';
  drawn['read_lag_seconds'] = draws.pick([0, 0, 2, 10]);
  drawn['stale_read_seconds'] = draws.pick([0, 0, 0, 3]);
  const later = new Draws(seed, 'switches of changes');
  for (const name of DRAWN_LATER) drawn[name] = later.pick<unknown>(SWITCHES[name].values);
  drawn['token_cancel_seconds'] = later.pick([0, 0, 30]);
  const callbacks = new Draws(seed, 'switches of callbacks');
  for (const name of DRAWN_OF_CALLBACKS) drawn[name] = callbacks.pick<unknown>(SWITCHES[name].values);
  const percent = (): number => callbacks.pick([0, 5, 20]);
  Object.assign(drawn, {
    callbacks_http_loopback: true,
    callbacks_lost: percent(),
    callbacks_doubled: percent(),
    callbacks_delayed: percent(),
  });
  Object.assign(drawn, { callbacks_delay_seconds: 300, callbacks_seed: seed });
  for (const [name, value] of Object.entries(fixed))
    drawn[name] = SWITCHES[name as keyof typeof SWITCHES]?.values === null ? Number(value) : value;
  return drawn;
}
