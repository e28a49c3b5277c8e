import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Cursors } from '../http/cursors.js';
import { minorUnitsOf, sum } from '../money.js';
import {
  type ListedOperationRow,
  type OperationCountRow,
  OperationListRepository,
} from '../persistence/repositories/operation-list.repository.js';
import { KINDS } from './kinds.js';
import { FINAL_STATES, isFinal, OPERATION_STATES } from './operation.js';
import type { CountOfKind, CountOfState, ListedOperation, OperationPage, OperationSummary } from './operation-list.dto.js';
import { firstIdAt, OPEN_STATES, type OperationsQuery } from './operations-query.js';

/** Finished operations count in the summary for so long after their acceptance. */
const RECENT_MS = 24 * 3_600_000;
/** And so many of one state and kind, so that a busy day costs no more than a quiet one. */
const MOST_COUNTED = 10_000;
const ALL_KINDS = Object.keys(KINDS);

/** Operations of the calling merchant, for people: in pages, and as counts. */
@Injectable()
export class OperationList {
  constructor(
    private readonly repository: OperationListRepository,
    private readonly cursors: Cursors,
    private readonly clock: Clock,
  ) {}

  /**
   * One page, newest first. An operation whose state changes between two pages may be on both, or on neither.
   * @throws Refusal BAD_VALUE for a cursor of another list
   */
  async list(caller: { merchantId: string }, query: OperationsQuery): Promise<OperationPage> {
    const { states, kind, olderThan, limit } = query;
    const list = ['operations', caller.merchantId, JSON.stringify([states, kind, olderThan])];
    const after = query.cursor === null ? null : String(this.cursors.read(list, query.cursor)[0]);
    const acceptedBefore =
      olderThan === null ? null : firstIdAt('at' in olderThan ? olderThan.at.getTime() : this.clock.nowMs() - olderThan.ms);
    const [before = null] = [after, acceptedBefore].filter((id) => id !== null).sort();
    const found = await this.repository.list({
      merchantId: caller.merchantId,
      open: states.filter((state) => !isFinal(state)),
      final: states.filter((state) => isFinal(state)),
      kinds: kind === null ? ALL_KINDS : [kind],
      ...{ kind, before, limit: limit + 1 },
    });
    const rows = found.slice(0, limit);
    const last = found.length > limit ? rows.at(-1) : undefined;
    return { items: rows.map(listed), next_cursor: last === undefined ? null : this.cursors.write(list, [last.id]) };
  }

  /** Counts and money by state. Costs as much as there are unfinished operations, and a bounded number of finished ones. */
  async summary(caller: { merchantId: string }): Promise<OperationSummary> {
    const now = this.clock.nowMs();
    const since = now - RECENT_MS;
    const [open, finished] = await Promise.all([
      this.repository.countOpen(caller.merchantId, OPEN_STATES),
      this.repository.countFinished(caller.merchantId, {
        ...{ states: FINAL_STATES, kinds: ALL_KINDS, since: firstIdAt(since), most: MOST_COUNTED },
      }),
    ]);
    return {
      as_of: new Date(now).toISOString(),
      finished_since: new Date(since).toISOString(),
      states: OPERATION_STATES.map((state) => {
        const rows = (isFinal(state) ? finished : open).filter((row) => row.state === state);
        return countOf(state, rows, isFinal(state) ? MOST_COUNTED : Infinity);
      }),
    };
  }
}

function listed(row: ListedOperationRow): ListedOperation {
  return {
    id: row.id,
    kind: row.kind,
    class: row.class,
    state: row.state,
    order_id: row.order_id,
    reference: row.reference,
    amount: row.amount === null ? null : minorUnitsOf(row.amount),
    currency: row.currency,
    attempts: row.attempts ?? 0,
    last_code: row.last_code,
    next_attempt_at: row.next_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
    reason: row.reason,
  };
}

function countOf(state: string, rows: readonly OperationCountRow[], most: number): CountOfState {
  const kinds = [...new Set(rows.map(({ kind }) => kind))].sort();
  return {
    state,
    count: total(rows),
    oldest_created_at: oldest(rows),
    kinds: kinds.map((kind) =>
      countOfKind(
        kind,
        rows.filter((row) => row.kind === kind),
        most,
      ),
    ),
  };
}

function countOfKind(kind: string, rows: readonly OperationCountRow[], most: number): CountOfKind {
  const priced = rows.filter(({ amount }) => amount !== null);
  return {
    kind,
    count: total(rows),
    oldest_created_at: oldest(rows) ?? '',
    capped: total(rows) >= most,
    amounts: priced
      .map((row) => ({ currency: row.currency, amount: minorUnitsOf(row.amount), operations: minorUnitsOf(row.priced) }))
      .sort((a, b) => ((a.currency ?? '') < (b.currency ?? '') ? -1 : 1)),
  };
}

function total(rows: readonly OperationCountRow[]): number {
  return sum(rows.map(({ count }) => minorUnitsOf(count)));
}

function oldest(rows: readonly OperationCountRow[]): string | null {
  const times = rows.map((row) => row.oldest.getTime());
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}
