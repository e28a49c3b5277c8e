import { ofIntent } from './compare-callers.js';
import { askedTooOften, contradictions, lanesInOrder, ofEqualOperations, ofOperation, oldKeyAfterNew } from './compare-operations.js';
import { effectsWithoutIntent, olderAfterNewer, ordersAgree } from './compare-orders.js';
import { compareTold } from './compare-told.js';
import type { Finding, IntentRecord, Ledger, Rows } from './records.js';
import type { Told } from './records-told.js';
import { World } from './world.js';

/** What the three ledgers say, and what was noticed while the storm was under way. */
export interface Evidence {
  readonly intents: readonly IntentRecord[];
  readonly rows: Rows;
  readonly ledger: Ledger;
  readonly noticed: readonly Finding[];
  readonly told?: Told;
}

/**
 * Compares what callers were told, the database, and what really happened. Pure. Trusts nobody: neither the gateway's rows nor its
 * rules are used to excuse what the other two say.
 */
export function compare({ intents, rows, ledger, noticed, told }: Evidence): Finding[] {
  const world = new World(rows, ledger);
  return [
    ...noticed,
    ...intents.flatMap((intent) => ofIntent(intent, world)),
    ...rows.operations.flatMap((operation) => ofOperation(operation, world)),
    ...world.withoutKeys.flatMap((operations) => ofEqualOperations(operations, world)),
    ...askedTooOften(rows),
    ...oldKeyAfterNew(world),
    ...olderAfterNewer(intents, world),
    ...effectsWithoutIntent(intents, world),
    ...ordersAgree(intents, world),
    ...lanesInOrder(world),
    ...contradictions(world),
    ...(told === undefined ? [] : compareTold(told, rows, ledger)),
  ];
}
