import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { SystemClock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';

/** A moment by the steady and by the wall clock: either may stand still while the process sleeps. */
export interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

const WALL = new SystemClock();

export function thisMoment(): Moment {
  return { steadyMs: performance.now(), wallMs: WALL.nowMs() };
}

/** How long ago it was, at least by one of the two clocks. */
export function since(moment: Moment): number {
  return Math.max(performance.now() - moment.steadyMs, WALL.nowMs() - moment.wallMs);
}

interface Held {
  readonly fence: number;
  /** When the lease was last asked for: it began then, or later. */
  asked: Moment;
  lost: boolean;
}

/**
 * Renews the leases of this process, all in one statement, four times a lease. A lease that could not be renewed in time counts as
 * lost here before anybody else may take it: nothing is sent under it.
 */
@Injectable()
export class Leases implements OnModuleDestroy {
  private readonly held = new Map<string, Held>();
  private readonly logger = new Logger(Leases.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly settings: Settings,
  ) {}

  /**
   * Keeps the lease of an operation that was just taken.
   * @param asked before the transaction that took it: Postgres' answer may have found this process asleep, and the lease run out
   */
  hold(operationId: string, fence: number, asked: Moment): void {
    this.held.set(operationId, { fence, asked, lost: false });
    this.timer ??= setTimeout(() => void this.renew(), this.settings.leaseMs / 4).unref();
  }

  /** Lets go of a lease; one that this process has taken anew since is another. */
  drop(operationId: string, fence: number): void {
    if (this.held.get(operationId)?.fence === fence) this.held.delete(operationId);
  }

  /** Whether this process surely still holds the operation: asked immediately before a byte goes out. */
  holds(operationId: string, fence: number): boolean {
    const held = this.held.get(operationId);
    return held?.fence === fence && !held.lost && since(held.asked) < this.settings.leaseMs;
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async renew(): Promise<void> {
    const renewed = [...this.held].filter(([, held]) => !held.lost).map(([id, held]) => ({ id, fence: held.fence }));
    const asked = thisMoment();
    try {
      const still =
        renewed.length > 0 ? await this.repository.renew(this.database.ahead, renewed, this.settings.leaseMs) : new Map<string, boolean>();
      for (const { id, fence } of renewed) {
        const held = this.held.get(id);
        if (held?.fence !== fence) continue;
        const known = still.get(id);
        if (known === true) held.asked = asked;
        else if (known === undefined) held.lost = true;
      }
    } catch (error) {
      this.logger.debug(`Leases were not renewed: ${String(error)}`);
    }
    this.timer = this.held.size > 0 ? setTimeout(() => void this.renew(), this.settings.leaseMs / 4).unref() : undefined;
  }
}
