import type { Callbacks } from '../callbacks/callbacks.js';
import type { VirtualClock } from '../clock.js';
import type { Store, Put } from '../state/store.js';
import type { Switches } from '../switches.js';

/** What the rules of the Klarna surface work with. */
export interface World {
  store: Store;
  clock: VirtualClock;
  switches: Switches;
  callbacks: Callbacks;
}

/** One request to a Klarna path, read completely. */
export interface KlarnaCall {
  method: string;
  /** Path without the query. */
  path: string;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
  tooLarge: boolean;
  bodySha256: string;
  correlationId: string;
  /** `http://host:port` as the caller wrote it: absolute `Location` headers are made from it. */
  baseUrl: string;
}

/** Rows, and what follows them, gathered to become true together: of a call, or of something that a shopper does. */
export interface Change {
  readonly world: World;
  /** Virtual time. */
  readonly now: number;
  readonly puts: Put[];
  readonly afterCommit: (() => void)[];
}

/**
 * One call being carried out for one merchant. Rules read the store and put new rows here; the rows become true together
 * when the call is committed, so a rule that throws has changed nothing.
 */
export class Work implements Change {
  readonly puts: Put[] = [];
  readonly afterCommit: (() => void)[] = [];
  /** The answer came from an earlier call; nothing was executed now. */
  replayed = false;
  /** The order that this call made or worked on, and the authorization token it used: for the ledger. */
  orderId: string | null = null;

  constructor(
    readonly world: World,
    readonly call: KlarnaCall,
    readonly merchant: string,
    readonly idempotencyKey: string | null,
    /** Virtual time at which the call is carried out. */
    readonly now: number,
  ) {}

  put(...row: Put): void {
    this.puts.push(row);
  }
}
