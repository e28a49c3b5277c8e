import { kindOfOperation } from './kinds.js';
import { FINAL, type Finding, type LedgerRequest, type OperationRow, type Rows } from './records.js';
import { roleOf, WAITS, type World } from './world.js';

/** In the hours that a storm lasts, with pauses of half a minute; what it jumps over does not count. */
const MOST_ASKED = 300;

/** Everything recorded has ended, and has done what it says. */
export function ofOperation(operation: OperationRow, world: World): Finding[] {
  const { id, kind, state, reason, lane, providerKeys } = operation;
  const at = { operation: id, ...(lane === null ? {} : { order: lane }) };
  if (!FINAL.includes(state) && state !== 'manual' && !world.waitForPerson.has(id))
    return [{ column: 'lost', what: `${kind} was accepted and is ${state}, for ever`, ...at }];
  const known = kindOfOperation(kind);
  if (known === undefined) return [];
  if (state === 'manual' && reason !== null && !known.manual.includes(reason))
    return [{ column: 'mismatches', what: `${kind} is a person's because it is ${reason}, which its kind never is`, ...at }];
  if (known.sameBy !== 'key') return [];
  const executed = world.sentWith(providerKeys).filter((request) => request.executed);
  if (executed.length > 1 && known.twice === 'harmful') {
    const numbers = executed.map(({ sequence }) => sequence).join(', ');
    return [{ column: 'doubles', what: `${kind} was carried out ${executed.length} times (requests ${numbers})`, ...at }];
  }
  if (state === 'succeeded') {
    if (executed.length === 0 && !world.reachedOtherwise(operation))
      return [{ column: 'lost', what: `${kind} succeeded, and nothing happened`, ...at }];
  } else if (state !== 'manual' && executed.length > 0) {
    return [{ column: 'answered with error, but executed', what: `${kind} is ${state} and was carried out`, ...at }];
  }
  return [];
}

/**
 * Where Klarna takes no key, equal requests can't be told apart there: as many were carried out as may have been. What does harm twice
 * is not sent again by who may have done it.
 */
export function ofEqualOperations(operations: readonly OperationRow[], world: World): Finding[] {
  const [first] = operations;
  const kind = first && kindOfOperation(first.kind);
  if (!first?.address || kind === undefined) return [];
  const requests = world.equalTo(first.address);
  const executed = requests.filter((request) => request.executed);
  const count = (is: (operation: OperationRow) => boolean): number => operations.filter(is).length;
  const succeeded = count(({ state }) => state === 'succeeded');
  const at = { operation: first.id };
  const findings: Finding[] = [];
  if (executed.length === 0 && succeeded > 0 && !isThere(first, world))
    findings.push({ column: 'lost', what: `${first.kind} succeeded, and nothing happened`, ...at });
  if (kind.twice === 'harmless') return findings;
  if (executed.length > operations.length) {
    const numbers = executed.map(({ sequence }) => sequence).join(', ');
    const what = `${first.kind} was carried out ${executed.length} times for ${operations.length} operations (requests ${numbers})`;
    findings.push({ column: 'doubles', what, ...at });
  } else if (succeeded > executed.length && kind.sameBy === 'nothing' && executed.length > 0) {
    const what = `${first.kind} succeeded ${succeeded} times, and happened ${executed.length} times`;
    findings.push({ column: 'lost', what, ...at });
  }
  const may = count(
    ({ state, reason }) => state === 'manual' || (kind.interactive === true && state === 'abandoned' && reason === 'in-doubt'),
  );
  if (Math.min(executed.length, operations.length) > succeeded + may) {
    const states = operations.map(({ state, reason }) => `${state}${reason === null ? '' : ` (${reason})`}`).join(', ');
    findings.push({ column: 'answered with error, but executed', what: `${first.kind} is ${states} and was carried out`, ...at });
  }
  if (kind.interactive === true && operations.length === 1) {
    const doubtful = requests.findIndex(mayHaveHappened);
    const again = doubtful < 0 ? undefined : requests[doubtful + 1];
    if (again !== undefined) {
      const what = `${first.kind} was sent again (request ${again.sequence}) after request ${requests[doubtful]?.sequence} may have happened`;
      findings.push({ column: 'doubles', what, ...at });
    }
  }
  return findings;
}

/** What an answer like this leaves open, as far as who got it can know. */
function mayHaveHappened({ status, fault }: LedgerRequest): boolean {
  return status === null || status >= 500 || status === 408 || status === 425 || fault === 'garbage_after';
}

/** The end of a customer token, a page or a checkout can be seen, whoever brought it about. */
function isThere({ address }: OperationRow, { ledger }: World): boolean {
  const path = address?.path ?? '';
  return (
    ledger.tokens.some(({ token_id, status }) => status === 'CANCELLED' && path.endsWith(`/${token_id}/status`)) ||
    ledger.pages.some(({ session_id, status }) => status === 'DISABLED' && path.endsWith(`/sessions/${session_id}`)) ||
    ledger.checkouts.some(({ order_id, aborted }) => aborted && path.endsWith(`/${order_id}/abort`))
  );
}

/**
 * A new key is granted when the old one is believed to have done nothing: whoever still sends with the old one was not told, and does it a
 * second time as soon as Klarna has forgotten that key.
 */
export function oldKeyAfterNew(world: World): Finding[] {
  return world.rows.operations.flatMap(({ id, kind, lane, providerKeys }): Finding[] => {
    const [newest, ...older] = providerKeys;
    if (newest === undefined || older.length === 0) return [];
    const [began] = world.sentWith([newest]);
    const late = began && world.sentWith(older).find(({ sequence }) => sequence > began.sequence);
    const what = `${kind} was sent with an old key (request ${late?.sequence}) after its new one (request ${began?.sequence})`;
    return late === undefined ? [] : [{ column: 'mismatches', what, operation: id, ...(lane === null ? {} : { order: lane }) }];
  });
}

/** The schedule sets the pace: whoever asks without a pause does harm to Klarna, and to everybody who waits. */
export function askedTooOften({ operations }: Rows): Finding[] {
  return operations
    .filter(({ attempts, looks }) => attempts.length + looks > MOST_ASKED)
    .map(({ id, kind, attempts, looks }) => ({
      column: 'mismatches',
      what: `${kind} was sent ${attempts.length} times and looked for ${looks} times`,
      operation: id,
    }));
}

/** Requests of one order came to Klarna in the order of acceptance: everything of one before anything of what waits for it. */
export function lanesInOrder(world: World): Finding[] {
  const findings: Finding[] = [];
  for (const [lane, operations] of world.lanes) {
    const sent = new Map<string, { first: number; last: number }>();
    const roles = operations.flatMap((operation) => {
      const role = roleOf(operation);
      return role === undefined ? [] : [{ operation, role }];
    });
    for (const { operation } of roles) {
      const sequences = world.sentWith(operation.providerKeys).map(({ sequence }) => sequence);
      if (sequences.length > 0) sent.set(operation.id, { first: Math.min(...sequences), last: Math.max(...sequences) });
    }
    const inOrder = roles
      .flatMap(({ operation, role }) => {
        const span = sent.get(operation.id);
        return span === undefined ? [] : [{ operation, role, ...span }];
      })
      .sort((a, b) => (a.operation.position ?? 0) - (b.operation.position ?? 0));
    inOrder.forEach((later, index) => {
      for (const earlier of inOrder.slice(0, index)) {
        if (!WAITS[later.role].includes(earlier.role) || earlier.last < later.first) continue;
        // What only a person can settle blocks its own kind alone; while it was looked into, it may have been sent once more.
        if (earlier.operation.state === 'manual' && earlier.role !== later.role) continue;
        const [a, b] = [earlier, later].map(
          ({ operation, first, last }) => `${operation.kind} ${operation.position} (requests ${first}..${last})`,
        );
        findings.push({ column: 'mismatches', what: `${b} was sent before ${a} was settled`, order: lane, operation: later.operation.id });
      }
    });
  }
  return findings;
}

/** Rows that contradict each other, save what follows from an operation that waits for a person. */
export function contradictions(world: World): Finding[] {
  const manual = world.rows.operations.filter(({ state }) => state === 'manual');
  const freed = new Set(world.rows.operations.filter(({ reason }) => reason === 'PROVIDER_CREDENTIALS').map(({ key }) => key));
  // The effect of an operation that only a person can settle is in the rows, linked to nothing: one for each at most.
  let unlinked = manual.filter(({ kind }) => ['captures', 'refunds'].includes(kindOfOperation(kind)?.counts ?? '')).length;
  return world.rows.contradictions.flatMap(({ contradiction, id }): Finding[] => {
    // A key is free again after PROVIDER_CREDENTIALS: that certainly did nothing.
    if (contradiction === 'two operations have one key' && freed.has(id)) return [];
    if (id === null && contradiction.includes('is not linked to the operation') && unlinked-- > 0) return [];
    const known = id !== null && world.operations.has(id);
    return [{ column: 'mismatches', what: `rows contradict each other: ${contradiction} (${id})`, ...(known ? { operation: id } : {}) }];
  });
}
