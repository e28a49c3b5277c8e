import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import type { Transaction } from '../persistence/database.js';
import { type LaneKey, OperationsRepository } from '../persistence/repositories/operations.repository.js';
import type { HoldReason } from './handler.js';
import { type Due, Settlement } from './settlement.js';

/** Operations that wait for something else than what is before them in their lane: whoever learns that it has come, wakes them. */
@Injectable()
export class HeldBack {
  constructor(
    private readonly repository: OperationsRepository,
    private readonly settlement: Settlement,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes those of a locked lane due that wait for a reason; their handlers are asked again. Comes before the order's lock, and after
   * the lane's.
   * @returns what is to be announced after the commit
   */
  async release(tx: Transaction, lane: LaneKey, reason: HoldReason): Promise<Due[]> {
    const now = this.clock.now();
    const due = await this.repository.release(tx, lane, reason, now);
    return due.map((each) => ({ ...each, at: now }));
  }

  /** After the commit. Without it the sweep finds them, a little later. */
  announce(due: readonly Due[]): void {
    this.settlement.nudge(due);
  }
}
