import { join } from 'node:path';
import type {
  Authorization,
  Capture,
  Checkout,
  CustomerToken,
  Distribution,
  HostedPage,
  Order,
  Refund,
  RememberedAnswer,
  RequestRecord,
  Session,
  StepUp,
} from '../klarna/model.js';
import type { Callback } from '../callbacks/callback.js';
import { Journal } from './journal.js';

/** Everything the simulator remembers. Rows are never changed in place: a change is a new row under the same id. */
export interface Tables {
  sessions: Session;
  authorizations: Authorization;
  customer_tokens: CustomerToken;
  step_ups: StepUp;
  hosted_pages: HostedPage;
  distributions: Distribution;
  checkouts: Checkout;
  orders: Order;
  captures: Capture;
  refunds: Refund;
  keys: RememberedAnswer;
  requests: RequestRecord;
  callbacks: Callback;
  settings: { clock_offset_ms: number; switches: Record<string, string | number | boolean> };
}

type TableName = keyof Tables;
type Rows = { [Name in TableName]: Map<string, Tables[Name]> };

/** One row to write: table, id, row (null removes it). */
export type Put = { [Name in TableName]: [Name, string, Tables[Name] | null] }[TableName];

/** A file above this size is compacted when the simulator starts. */
const COMPACT_ABOVE_BYTES = 32 * 1024 * 1024;
/** Requests that belong to no order are kept only up to this number when the file is compacted. */
const LOOSE_REQUESTS_KEPT = 10_000;
const VERSIONS_KEPT = 50;
/** Rows read back from the file count as having been there always: lagging reads know no history before the start. */
const REPLAYED = 0;

const emptyRows = (): Rows => ({
  sessions: new Map(),
  authorizations: new Map(),
  customer_tokens: new Map(),
  step_ups: new Map(),
  hosted_pages: new Map(),
  distributions: new Map(),
  checkouts: new Map(),
  orders: new Map(),
  captures: new Map(),
  refunds: new Map(),
  keys: new Map(),
  requests: new Map(),
  callbacks: new Map(),
  settings: new Map(),
});

/** The state in memory, and its journal when there is a data directory. */
export class Store {
  readonly rows = emptyRows();
  /** Earlier rows of each order with the moment they came about, newest last: for reads that lag. In memory only. */
  readonly orderVersions = new Map<string, { at: number; order: Order }[]>();
  /** The file that was read had grown so large that it should be compacted. */
  readonly isLarge: boolean = false;
  private readonly journal: Journal | undefined;

  /** @param dataDir folder for `simulator.ndjson`; without it state lives in memory only */
  constructor(dataDir?: string) {
    if (dataDir === undefined) return;
    const { journal, bytes } = Journal.open(join(dataDir, 'simulator.ndjson'), (line) => this.apply(line as Put[], REPLAYED));
    this.journal = journal;
    this.isLarge = bytes > COMPACT_ABOVE_BYTES;
  }

  /** Writes rows together, in one line: after a crash all of them are there or none. */
  commit(puts: Put[], at: number): void {
    if (puts.length === 0) return;
    this.journal?.append(puts);
    this.apply(puts, at);
  }

  /** Shows a row to readers without writing it to the file: a request that has only arrived. */
  show<Name extends TableName>(name: Name, id: string, row: Tables[Name]): void {
    const table: Map<string, Tables[Name]> = this.rows[name];
    table.set(id, row);
  }

  /** Forgets everything, in the file too. */
  wipe(): void {
    for (const table of Object.values(this.rows)) table.clear();
    this.orderVersions.clear();
    this.journal?.rewrite([]);
  }

  /** Writes the file anew with one line per row that is still needed. */
  compact(): void {
    const loose = [...this.rows.requests.values()].filter((request) => request.order_id === null && request.authorization_token === null);
    for (const request of loose.slice(0, -LOOSE_REQUESTS_KEPT)) this.rows.requests.delete(String(request.sequence));
    this.journal?.rewrite(this.lines());
  }

  close(): void {
    this.journal?.close();
  }

  private apply(puts: Put[], at: number): void {
    for (const [name, id, row] of puts) {
      const table = this.rows[name] as Map<string, unknown>;
      if (row === null) table.delete(id);
      else table.set(id, row);
      if (name === 'orders' && row !== null) this.rememberVersion(row, at);
    }
  }

  private rememberVersion(order: Order, at: number): void {
    const versions = at === REPLAYED ? [] : (this.orderVersions.get(order.order_id) ?? []);
    versions.push({ at, order });
    if (versions.length > VERSIONS_KEPT) versions.shift();
    this.orderVersions.set(order.order_id, versions);
  }

  private *lines(): Iterable<Put[]> {
    for (const [name, table] of Object.entries(this.rows)) for (const [id, row] of table) yield [[name, id, row] as Put];
  }
}
