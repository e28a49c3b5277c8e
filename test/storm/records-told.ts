/** A place that messages go to: a registered endpoint, or the shops' own URLs. */
export interface StormEndpoint {
  readonly name: string;
  /** The gateway's id; null: the shops' own URLs. */
  readonly id: string | null;
  /** null: all. */
  readonly types: readonly string[] | null;
  readonly strict: boolean;
  /** Whether it takes what it gets sooner or later. The others never do. */
  readonly living: boolean;
}

/** A message as it came to a receiver. */
export interface Taking {
  /** Name of the endpoint; `shop` for the shops' own URLs. */
  readonly at: string;
  /** `webhook-id` */
  readonly messageId: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** `taken`: kept by the receiver, whether or not its answer arrived. `refused`: it kept nothing, and answered an error or not at all. */
  readonly end: 'taken' | 'refused';
  /** What the receiver found wrong with it: its signature. */
  readonly objection: string | null;
}

/** An event as the database has it. */
export interface EventRow {
  readonly id: string;
  readonly subject: string;
  readonly sequence: number;
  readonly type: string;
  /** Klarna's id. */
  readonly order: string | null;
  readonly operation: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface DeliveryRow {
  readonly id: string;
  readonly messageId: string;
  /** null: to a shop's own URL. */
  readonly endpointId: string | null;
  readonly callbackId: string | null;
  readonly state: string;
  readonly reason: string | null;
  /** Whether it was given up once and sent again on demand: it may come after what is newer. */
  readonly replayed: boolean;
}

/** A callback of Klarna's as the inbox has it. */
export interface CallbackRow {
  readonly id: string;
  readonly hookId: string;
  readonly entry: string;
  readonly order: string | null;
  /** How often it came. */
  readonly times: number;
  readonly state: string;
  readonly result: string | null;
}

export interface HookRow {
  readonly id: string;
  readonly entry: string;
  /** ms */
  readonly expiresAt: number;
}

/** A callback as the simulator sent it. */
export interface SentCallback {
  readonly id: string;
  readonly kind: string;
  readonly url: string;
  readonly order: string | null;
  readonly attempts: readonly { readonly at: number; readonly status: number | null }[];
}

/** What merchants were told, what Klarna told us, and what of it is on record. */
export interface Told {
  readonly endpoints: readonly StormEndpoint[];
  /** In the order in which they came. */
  readonly takings: readonly Taking[];
  /** What came to addresses that nobody has given away. */
  readonly strangers: readonly string[];
  readonly events: readonly EventRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly callbacks: readonly CallbackRow[];
  readonly hooks: readonly HookRow[];
  readonly sent: readonly SentCallback[];
}

export const NOTHING_TOLD: Told = {
  ...{ endpoints: [], takings: [], strangers: [], events: [], deliveries: [], callbacks: [], hooks: [], sent: [] },
};

/** The name of the shops' own URLs among the receivers. */
export const SHOP = 'shop';

/** The id of the address of ours that a URL is. */
export function hookIdOf(url: string): string | undefined {
  return /\/webhooks\/klarna\/([0-9a-f-]{36})\//.exec(url)?.[1];
}
