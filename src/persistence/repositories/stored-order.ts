import { minorUnitsOf } from '../../money.js';

/** A field in which our order and the provider's differ. Codes, ids, references, amounts in minor units, times; never names. */
export interface Difference {
  /** As in `GET /orders/{id}`; a capture or refund as `captures.{capture_id}`. */
  field: string;
  /** Null: we don't have it. */
  ours: string | number | null;
  /** Null: the provider does not show it. */
  klarna: string | number | null;
  /** adopted: ours is now the provider's. flagged: ours was kept, a person should look. */
  resolution: 'adopted' | 'flagged';
}

/** created: placed through this service. late: so, too, but its caller got an error first. adopted: met at the provider. */
export type Origin = 'created' | 'late' | 'adopted';

/** Statuses in which nothing can be captured any more. Refunds are possible all the same. */
export const OVER: readonly (string | null)[] = ['CAPTURED', 'CANCELLED', 'EXPIRED', 'CLOSED'];

/** What of an order changes: the provider's picture of it, and our notes on when to read it again. Amounts in minor units of `currency`. */
export interface OrderState {
  dataSubject: string;
  /** Null until first read at the provider. */
  status: string | null;
  fraudStatus: string | null;
  currency: string | null;
  orderAmount: number | null;
  originalOrderAmount: number | null;
  capturedAmount: number;
  refundedAmount: number;
  remainingAuthorizedAmount: number | null;
  merchantReference1: string | null;
  merchantReference2: string | null;
  klarnaReference: string | null;
  expiresAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  /** Start of the newest snapshot applied in full. */
  readAt: Date | null;
  /** When to read it again; null: no need. */
  refreshAt: Date | null;
  anomaly: string | null;
  /** When to compare it with the provider's at the latest, whatever happens; null: it is over. */
  compareAt: Date | null;
  /** Differences that were kept as ours, as long as they stand. */
  flaggedDifferences: Difference[] | null;
  origin: Origin;
  /** When it became known here. */
  learnedAt: Date | null;
  /** When a capture or refund that was made elsewhere was last learned of. */
  movedElsewhereAt: Date | null;
}

/** Who an order is. */
export interface OrderIdentity {
  id: string;
  merchantId: string;
  providerAccountId: string;
  provider: string;
  providerOrderId: string;
}

export interface StoredOrder extends OrderIdentity, OrderState {
  /** When merchants were first told of it; null: they were not. Written by whoever tells of it. */
  announcedAt: Date | null;
  /** What came of the last extension of its authorization: asked, extended or refused; null: none was asked for. Written by `ExpiryRepository`. */
  extensionState: string | null;
  /** Why it can't be extended: the provider's code, or ours. */
  extensionCode: string | null;
}

const COLUMN_OF = {
  id: 'id',
  merchantId: 'merchant_id',
  providerAccountId: 'provider_account_id',
  provider: 'provider',
  providerOrderId: 'provider_order_id',
  dataSubject: 'data_subject',
  status: 'status',
  fraudStatus: 'fraud_status',
  currency: 'currency',
  orderAmount: 'order_amount',
  originalOrderAmount: 'original_order_amount',
  capturedAmount: 'captured_amount',
  refundedAmount: 'refunded_amount',
  remainingAuthorizedAmount: 'remaining_authorized_amount',
  merchantReference1: 'merchant_reference1',
  merchantReference2: 'merchant_reference2',
  klarnaReference: 'klarna_reference',
  expiresAt: 'expires_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  readAt: 'read_at',
  refreshAt: 'refresh_at',
  anomaly: 'anomaly',
  compareAt: 'compare_at',
  flaggedDifferences: 'flagged_differences',
  origin: 'origin',
  learnedAt: 'learned_at',
  movedElsewhereAt: 'moved_elsewhere_at',
  announcedAt: 'announced_at',
  extensionState: 'extension_state',
  extensionCode: 'extension_code',
} as const satisfies Record<keyof StoredOrder, string>;

const IDENTITY = ['id', 'merchantId', 'providerAccountId', 'provider', 'providerOrderId'] as const;
/** What `save` leaves alone. */
const NO_STATE: readonly string[] = [...IDENTITY, 'announcedAt', 'extensionState', 'extensionCode'];
const AMOUNTS = ['orderAmount', 'originalOrderAmount', 'capturedAmount', 'refundedAmount', 'remainingAuthorizedAmount'] as const;

/** Every member of an order's state with its column, in one fixed order. */
export const STATE_COLUMNS = (Object.keys(COLUMN_OF) as (keyof StoredOrder)[])
  .filter((member): member is keyof OrderState => !NO_STATE.includes(member))
  .map((member) => ({ member, column: COLUMN_OF[member] }));

/** The select list whose rows `orderOf` reads. */
export const ORDER_COLUMNS = Object.entries(COLUMN_OF)
  .map(([member, column]) => `o.${column} AS "${member}"`)
  .join(', ');

/** An order as selected: bigint comes as text. */
export type OrderRow = Omit<StoredOrder, (typeof AMOUNTS)[number]> & Record<(typeof AMOUNTS)[number], string | null>;

/** Turns the bigint columns of a row into minor units. */
export function orderOf(row: OrderRow): StoredOrder {
  const amounts = AMOUNTS.map((name) => [name, row[name] === null ? null : minorUnitsOf(row[name])] as const);
  return { ...row, ...(Object.fromEntries(amounts) as unknown as Pick<StoredOrder, (typeof AMOUNTS)[number]>) };
}
