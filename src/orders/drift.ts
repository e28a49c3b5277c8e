import type { KnownMovement, MovementKind, NewMovement } from '../persistence/repositories/movements.repository.js';
import type { Difference, OrderState } from '../persistence/repositories/stored-order.js';
import type { OrderSnapshot } from './order-snapshot.js';

/** What made the reading in which a difference was found. */
export type ReadingSource = 'refresh' | 'read' | 'scan' | 'reconcile';

/** Operations that change an order, by what they do. */
export const ACTS = [
  'capture',
  'refund',
  'cancel',
  'release',
  'authorization-update',
  'extend-authorization',
  'merchant-references',
] as const;
export type Act = (typeof ACTS)[number];

type Member = keyof typeof COMPARED;
type Values = Readonly<Record<'ours' | 'klarna', unknown>>;

/**
 * Every field that is compared, its name, and what becomes of a difference that nothing explains. What mirrors Klarna is adopted: Klarna
 * keeps the books. The currency is not: all amounts are meant in it, so a change of it is a mistake of somebody's, and no amount is taken
 * over as long as it stands.
 */
export const COMPARED = {
  status: { field: 'status', resolution: 'adopted' },
  fraudStatus: { field: 'fraud_status', resolution: 'adopted' },
  currency: { field: 'currency', resolution: 'flagged' },
  orderAmount: { field: 'order_amount', resolution: 'adopted', amount: true },
  originalOrderAmount: { field: 'original_order_amount', resolution: 'adopted', amount: true },
  capturedAmount: { field: 'captured_amount', resolution: 'adopted', amount: true },
  refundedAmount: { field: 'refunded_amount', resolution: 'adopted', amount: true },
  remainingAuthorizedAmount: { field: 'remaining_authorized_amount', resolution: 'adopted', amount: true },
  merchantReference1: { field: 'merchant_reference1', resolution: 'adopted' },
  merchantReference2: { field: 'merchant_reference2', resolution: 'adopted' },
  klarnaReference: { field: 'klarna_reference', resolution: 'adopted' },
  expiresAt: { field: 'expires_at', resolution: 'adopted' },
} as const satisfies Partial<
  Record<keyof OrderSnapshot & keyof OrderState, { field: string; resolution: Difference['resolution']; amount?: true }>
>;

export const COMPARED_MEMBERS = Object.keys(COMPARED) as Member[];

/** What of a capture or refund is compared. One that Klarna shows and we lack is added; one that we know and Klarna lacks is kept. */
export const COMPARED_OF_MOVEMENTS = {
  unknownHere: 'adopted',
  notShown: 'flagged',
  amount: 'adopted',
  reference: 'adopted',
} as const satisfies Record<string, Difference['resolution']>;

/** What an operation that is still open may have done: `true` any value, else the values that it leads to. */
const MAY_HAVE_DONE: Readonly<Record<Act, Partial<Record<Member, true | readonly string[]>>>> = {
  capture: { status: ['PART_CAPTURED', 'CAPTURED'], capturedAmount: true, remainingAuthorizedAmount: true, expiresAt: true },
  refund: { refundedAmount: true },
  cancel: { status: ['CANCELLED'], remainingAuthorizedAmount: true },
  release: { status: ['CAPTURED', 'CLOSED'], remainingAuthorizedAmount: true },
  'authorization-update': { status: ['AUTHORIZED', 'PART_CAPTURED', 'CAPTURED'], orderAmount: true, remainingAuthorizedAmount: true },
  'extend-authorization': { expiresAt: true },
  'merchant-references': { merchantReference1: true, merchantReference2: true },
};

/** What of an operation of ours that succeeded only Klarna knows, and the next reading tells. All else of it is in our row already. */
const TOLD_BY_THE_NEXT_READING: Readonly<Record<Act, readonly Member[]>> = {
  capture: ['expiresAt'],
  refund: [],
  cancel: [],
  release: ['status'],
  'authorization-update': ['status', 'remainingAuthorizedAmount'],
  'extend-authorization': ['expiresAt'],
  // Two updates wait for neither: which of them Klarna carried out last, only a reading tells.
  'merchant-references': ['merchantReference1', 'merchantReference2'],
};

/** Two clocks never agree; an order may be seen to expire a little before our clock says so. */
const CLOCKS_DIFFER_MS = 300_000;

type Life = Readonly<{ order: OrderState; snapshot: OrderSnapshot; now: Date }>;

/** What happens to orders without anyone doing anything: no drift. */
const ORDINARY_LIFE: Partial<Record<Member, (values: Values, life: Life) => boolean>> = {
  fraudStatus: ({ ours, klarna }) => ours === 'PENDING' && (klarna === 'ACCEPTED' || klarna === 'REJECTED'),
  status: ({ klarna }, life) =>
    ((klarna === 'EXPIRED' || klarna === 'CLOSED') && isPastExpiry(life)) ||
    (klarna === 'CLOSED' && life.order.remainingAuthorizedAmount === 0) ||
    (klarna === 'CANCELLED' && life.snapshot.fraudStatus === 'REJECTED'),
  remainingAuthorizedAmount: ({ klarna }, life) =>
    klarna === 0 && (isPastExpiry(life) || (life.snapshot.fraudStatus === 'REJECTED' && life.snapshot.status === 'CANCELLED')),
};

/** What is known about an order besides its row when a snapshot is compared with it. */
export interface ComparisonFacts {
  snapshot: OrderSnapshot;
  /** When its answer was there. */
  now: Date;
  /** Operations that may have happened and are not settled. */
  unsettled: Readonly<Record<Act, boolean>>;
  /** Operations that succeeded since the order was last compared. */
  settled: Readonly<Record<Act, boolean>>;
  known: readonly KnownMovement[];
}

export interface Comparison {
  drift: Difference[];
  /** Members in which ours differs and that something explains. */
  explained: Member[];
}

/** Whether anything was known of an order that could differ; before its first reading an adopted order is known by its id alone. */
export function isComparable(order: OrderState): boolean {
  return order.readAt !== null || order.status !== null;
}

/** Compares our order with a snapshot that is newer than everything in it. */
export function compare(order: OrderState, facts: ComparisonFacts): Comparison {
  const drift: Difference[] = [];
  const explained: Member[] = [];
  if (!isComparable(order)) return { drift, explained };
  const foreignMoney = currencyDiffers(order, facts.snapshot);
  for (const member of COMPARED_MEMBERS) {
    const rule: { field: string; resolution: Difference['resolution']; amount?: true } = COMPARED[member];
    const [ours, klarna] = [plain(order[member]), plain(facts.snapshot[member])];
    // What Klarna leaves out says nothing, and what becomes known is no difference.
    if (klarna === null || ours === null || ours === klarna) continue;
    if (isExplained(member, { ours, klarna }, order, facts)) explained.push(member);
    else drift.push({ field: rule.field, ours, klarna, resolution: rule.amount && foreignMoney ? 'flagged' : rule.resolution });
  }
  return { drift: [...drift, ...ofKnownMovements(facts)], explained };
}

/** A capture or refund that none of our operations made. */
export function unknownHere(kind: MovementKind, { providerId, amount }: Pick<NewMovement, 'providerId' | 'amount'>): Difference {
  return { field: fieldOf(kind, providerId), ours: null, klarna: shownAmount(amount), resolution: COMPARED_OF_MOVEMENTS.unknownHere };
}

/** An order that Klarna no longer shows. */
export function absence(providerOrderId: string): Difference {
  return { field: 'provider_order_id', ours: providerOrderId, klarna: null, resolution: 'flagged' };
}

export function currencyDiffers({ currency }: OrderState, snapshot: OrderSnapshot): boolean {
  return currency !== null && snapshot.currency !== null && currency !== snapshot.currency;
}

/** Differences that were not told before: each that was adopted, and those flagged ones that did not stand yet. */
export function untold(differences: readonly Difference[], standing: readonly Difference[] | null): Difference[] {
  const told = (one: Difference) =>
    (standing ?? []).some(({ field, ours, klarna }) => field === one.field && ours === one.ours && klarna === one.klarna);
  return differences.filter((one) => one.resolution === 'adopted' || !told(one));
}

function isExplained(member: Member, values: Values, order: OrderState, facts: ComparisonFacts): boolean {
  const byAnOpenOne = ACTS.some((act) => {
    const done = MAY_HAVE_DONE[act][member];
    return facts.unsettled[act] && done !== undefined && (done === true || done.some((value) => value === values.klarna));
  });
  const byOneOfOurs = ACTS.some((act) => facts.settled[act] && TOLD_BY_THE_NEXT_READING[act].includes(member));
  return byAnOpenOne || byOneOfOurs || (ORDINARY_LIFE[member]?.(values, { order, ...facts }) ?? false);
}

/**
 * By our own knowledge of the expiry: one that was moved elsewhere is a difference, and so is what follows from it. An order may expire while
 * its answer is on the way.
 */
function isPastExpiry({ order, snapshot, now }: Life): boolean {
  const expiresAt = order.expiresAt ?? snapshot.expiresAt;
  return expiresAt !== null && expiresAt.getTime() <= now.getTime() + CLOCKS_DIFFER_MS;
}

function ofKnownMovements({ snapshot, known }: ComparisonFacts): Difference[] {
  return known.flatMap(({ kind, providerId, amount, reference }) => {
    const shown = kind === 'capture' ? snapshot.captures : snapshot.refunds;
    const field = fieldOf(kind, providerId);
    if (shown === null) return [];
    const seen = shown.find((movement) => movement.providerId === providerId);
    if (seen === undefined) return [{ field, ours: shownAmount(amount), klarna: null, resolution: COMPARED_OF_MOVEMENTS.notShown }];
    const found: Difference[] = [];
    for (const [name, ours, klarna] of [
      ['amount', amount, seen.amount],
      ['reference', reference, seen.reference],
    ] as const) {
      if (ours !== null && klarna !== null && ours !== klarna)
        found.push({ field: `${field}.${name}`, ours, klarna, resolution: COMPARED_OF_MOVEMENTS[name] });
    }
    return found;
  });
}

function fieldOf(kind: MovementKind, providerId: string): string {
  return `${kind}s.${providerId}`;
}

function shownAmount(amount: number | null): number | string {
  return amount ?? 'UNREADABLE_AMOUNT';
}

function plain(value: string | number | Date | null): string | number | null {
  return value instanceof Date ? value.toISOString() : value;
}
