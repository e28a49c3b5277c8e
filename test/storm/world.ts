import { kindOf, kindOfOperation, type Role } from './kinds.js';
import type { Address, IntentRecord, Ledger, LedgerOrder, LedgerRequest, OperationRow, Rows, StoredOrder } from './records.js';

/** What the database and the simulator say, by what it is looked for. Judges nothing. */
export class World {
  readonly operations = new Map<string, OperationRow>();
  readonly orders = new Map<string, LedgerOrder>();
  readonly stored = new Map<string, StoredOrder>();
  /** Operations by what callers know of them. */
  readonly #byKey: Map<string, OperationRow[]>;
  readonly #byReference: Map<string, OperationRow[]>;
  readonly #byRequest: Map<string, OperationRow[]>;
  readonly #byLane: Map<string, OperationRow[]>;
  readonly #byProviderKey = new Map<string, OperationRow>();
  readonly #bySession: Map<string, LedgerOrder[]>;
  readonly #byToken: Map<string, LedgerOrder[]>;
  /** Changes as they came to Klarna, by where, by what, and by key; the oldest first. */
  readonly #at: Map<string, LedgerRequest[]>;
  readonly #equal: Map<string, LedgerRequest[]>;
  readonly #withKey: Map<string, LedgerRequest[]>;
  /** Those that wait for their turn behind one that only a person can settle. */
  readonly waitForPerson: ReadonlySet<string>;

  constructor(
    readonly rows: Rows,
    readonly ledger: Ledger,
  ) {
    for (const each of rows.operations) {
      this.operations.set(each.id, each);
      for (const key of each.providerKeys) this.#byProviderKey.set(key, each);
    }
    for (const each of ledger.orders) this.orders.set(each.order_id, each);
    for (const each of rows.orders) this.stored.set(each.order_id, each);
    this.#byKey = grouped(rows.operations, ({ key }) => key);
    this.#byReference = grouped(rows.operations, ({ reference }) => reference);
    this.#byRequest = grouped(rows.operations, ({ address }) => address && requestOf(address));
    this.#byLane = grouped(rows.operations, ({ lane }) => lane);
    this.waitForPerson = waitForPerson(rows.operations);
    this.#bySession = grouped(ledger.orders, ({ session_id }) => session_id);
    this.#byToken = grouped(ledger.orders, ({ customer_token }) => customer_token);
    const changes = ledger.requests.filter(({ method }) => method !== 'GET');
    this.#at = grouped(changes, placeOf);
    this.#equal = grouped(changes, requestOf);
    this.#withKey = grouped(changes, ({ idempotency_key }) => idempotency_key);
  }

  get lanes(): Iterable<[string, OperationRow[]]> {
    return this.#byLane;
  }

  /** Operations that send the same bytes to the same place, under no key. */
  get withoutKeys(): OperationRow[][] {
    return [...this.#byRequest.values()].filter(([first]) => first !== undefined && kindOfOperation(first.kind)?.sameBy !== 'key');
  }

  operationOfKey(key: string | null): OperationRow | undefined {
    return key === null ? undefined : this.#byProviderKey.get(key);
  }

  /** The operation that a request at Klarna was sent for: by its key, or by what it says where there are no keys. */
  operationOf(request: LedgerRequest, keyed: boolean): OperationRow | undefined {
    return keyed ? this.operationOfKey(request.idempotency_key) : this.#byRequest.get(requestOf(request))?.[0];
  }

  /** Operations that were recorded for an intent. */
  operationsOf(intent: IntentRecord): OperationRow[] {
    const { operation, named } = kindOf(intent.kind);
    const without = (named === true ? this.#byReference.get(intent.reference) : this.#byRequest.get(requestOf(intent))) ?? [];
    const found = intent.key !== null ? (this.#byKey.get(intent.key) ?? []) : without.filter(({ key }) => key === null);
    return found.filter((each) => each.kind === operation);
  }

  /** Everything that was sent with one of these keys, the oldest first. */
  sentWith(keys: readonly string[]): LedgerRequest[] {
    return keys.flatMap((key) => this.#withKey.get(key) ?? []).sort((a, b) => a.sequence - b.sequence);
  }

  /** Everything that came to a place with these bytes. */
  equalTo(address: Address): LedgerRequest[] {
    return this.#equal.get(requestOf(address)) ?? [];
  }

  /** Changes that were carried out at a place. */
  executedAt(address: Pick<Address, 'method' | 'path'>): LedgerRequest[] {
    return (this.#at.get(placeOf(address)) ?? []).filter(({ executed }) => executed);
  }

  /** What an intent really brought about: the ids of what was made, or the requests that were carried out. */
  effectsOf(intent: IntentRecord): string[] {
    const { reference, orderId, target } = intent;
    const order = orderId === null ? undefined : this.orders.get(orderId);
    const { counts, sameBy } = kindOf(intent.kind);
    switch (counts) {
      case 'orders of the session':
        return (this.#bySession.get(target['sessionId'] ?? '') ?? []).map(({ order_id }) => order_id);
      case 'orders of the token':
        return (this.#byToken.get(target['customerToken'] ?? '') ?? [])
          .filter((each) => each.merchant_reference1 === reference)
          .map(({ order_id }) => order_id);
      case 'captures':
      case 'refunds':
        return (order?.[counts] ?? []).filter((each) => each.reference === reference).map(({ id }) => id);
      case 'tokens':
        return this.ledger.tokens
          .filter((each) => each.authorization_token === target['authorizationToken'])
          .map(({ token_id }) => token_id);
      case 'pages':
        return this.ledger.pages.filter((each) => each.payment_session_id === target['sessionId']).map(({ session_id }) => session_id);
      case 'requests': {
        if (sameBy !== 'key') return names(this.equalTo(intent).filter(({ executed }) => executed));
        const mine = new Set(this.operationsOf(intent).map(({ id }) => id));
        return names(
          this.executedAt(intent).filter(
            ({ idempotency_key: key }) => mine.has(this.operationOfKey(key)?.id ?? '') || (key !== null && key === intent.key),
          ),
        );
      }
    }
  }

  /**
   * Whether what an operation wants is there although it was not carried out for it: somebody else asked for the very same, or brought it
   * about in another way. Who did it can't be seen, and does not matter to who asked for it.
   */
  reachedOtherwise({ kind, lane, address }: OperationRow): boolean {
    const order = this.orders.get(lane ?? '');
    // Nothing remains of an authorization that has ended meanwhile, either.
    if (kind === 'order-management.release' && order?.remaining_authorized_amount === 0) return true;
    // Whoever captures acknowledges.
    if (kind === 'order-management.acknowledge' && order?.acknowledged === true) return true;
    // A capture may give what is left of it a later end.
    if (kind === 'order-management.extend-authorization' && order !== undefined && order.captures.length > 0) return true;
    return address !== null && this.equalTo(address).some(({ executed }) => executed);
  }
}

type Placed = Pick<OperationRow, 'id' | 'kind' | 'state' | 'lane' | 'position'>;

/** Whether one is never sent before another that was accepted earlier is settled (docs/architecture.md, "Lanes"), said once more here. */
export const WAITS: Record<Role, readonly Role[]> = {
  capture: ['capture', 'authorization-update', 'release', 'cancel'],
  refund: ['refund'],
  'authorization-update': ['capture', 'refund', 'authorization-update', 'release', 'cancel'],
  release: ['capture', 'refund', 'authorization-update', 'release', 'cancel'],
  cancel: ['capture', 'refund', 'authorization-update', 'release', 'cancel'],
};

/** What one that waits can keep waiting behind itself: a refund waits for captures, too, while the confirmed ones do not cover it. */
const MAY_WAIT: Record<Role, readonly Role[]> = { ...WAITS, refund: ['refund', 'capture'] };

/** The part that an operation plays in its order's lane; undefined: it waits for nobody, and nobody for it. */
export function roleOf({ kind }: Pick<OperationRow, 'kind'>): Role | undefined {
  return kindOfOperation(kind)?.role;
}

/**
 * Operations that wait for their turn behind one of their order that only a person can settle. Such a one blocks its own kind alone, but
 * what it blocks blocks others.
 * @returns their ids
 */
export function waitForPerson(operations: readonly Placed[]): Set<string> {
  return new Set([...grouped(operations, ({ lane }) => lane).values()].flatMap((lane) => [...waitingIn(lane)]));
}

function waitingIn(operations: readonly Placed[]): Set<string> {
  const waiting = new Set<string>();
  const inOrder = operations
    .flatMap((operation) => {
      const role = roleOf(operation);
      return role === undefined ? [] : [{ ...operation, role }];
    })
    .sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  for (const [index, each] of inOrder.entries()) {
    if (each.state !== 'accepted') continue;
    const blocked = inOrder
      .slice(0, index)
      .some((before) =>
        before.state === 'manual' ? before.role === each.role : waiting.has(before.id) && MAY_WAIT[each.role].includes(before.role),
      );
    if (blocked) waiting.add(each.id);
  }
  return waiting;
}

function names(requests: readonly LedgerRequest[]): string[] {
  return requests.map(({ sequence }) => `request ${sequence}`);
}

function placeOf({ method, path }: Pick<Address, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

function requestOf({ method, path, body }: Address): string {
  return `${method} ${path} ${body}`;
}

export function grouped<T>(items: Iterable<T>, by: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = by(item);
    if (name === null) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
