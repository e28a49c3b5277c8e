import { Injectable } from '@nestjs/common';
import { minorUnitsOf } from '../money.js';
import type { Queryable } from '../persistence/database.js';
import type { LanePeerRow, OperationRow } from '../persistence/repositories/operation-rows.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import type { HoldReason } from './handler.js';
import { isOperationKind, policyOf } from './kinds.js';
import { type LanePeer, type LaneTurn, turnOf } from './lanes.js';
import type { OperationState } from './operation.js';
import { laneOf } from './timing.js';

/** Whose turn it is, asked of Postgres. Binding only under the lane's lock; without it, a picture for people. */
@Injectable()
export class LaneTurns {
  constructor(private readonly repository: OperationsRepository) {}

  /** null for operations without a lane. `blocker` is the row of `blockedBy`. */
  async turnOf(db: Queryable, row: OperationRow): Promise<(LaneTurn & { blocker: LanePeerRow | null }) | null> {
    const lane = laneOf({ providerAccountId: row.provider_account_id, lane: row.lane });
    const role = isOperationKind(row.kind) ? policyOf(row.kind).lane : undefined;
    if (!lane || !role) return null;
    const rows = await this.repository.peers(db, lane);
    const covered = role === 'refund' ? await this.repository.coverage(db, lane) : null;
    const mine = { id: row.id, role, position: Number(row.position), amount: row.amount === null ? null : minorUnitsOf(row.amount) };
    const coverage = covered && { capturedAmount: minorUnitsOf(covered.captured), refundedAmount: minorUnitsOf(covered.refunded) };
    const turn = turnOf(mine, rows.flatMap(peerOf), coverage);
    return { ...turn, blocker: rows.find((peer) => peer.id === turn.blockedBy?.id) ?? null };
  }
}

function peerOf(row: LanePeerRow): LanePeer[] {
  const role = isOperationKind(row.kind) ? policyOf(row.kind).lane : undefined;
  if (!role) return [];
  const neverSent = row.never_sent && row.leased !== true;
  const heldBack = row.reason === ('order-pending' satisfies HoldReason) && row.leased !== true;
  return [{ id: row.id, role, position: Number(row.position), state: row.state as OperationState, neverSent, begun: row.begun, heldBack }];
}
