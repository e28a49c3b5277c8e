import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { SystemClock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';

interface Held {
  fence: number;
  /** When the last renewal began, by the steady and by the wall clock: either may stand still while the process sleeps. */
  steadyMs: number;
  wallMs: number;
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
  private readonly wall = new SystemClock();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly settings: Settings,
  ) {}

  /** Keeps the lease of an operation that was just taken. */
  hold(operationId: string, fence: number): void {
    this.held.set(operationId, { fence, steadyMs: performance.now(), wallMs: this.wall.nowMs(), lost: false });
    this.timer ??= setTimeout(() => void this.renew(), this.settings.leaseMs / 4).unref();
  }

  drop(operationId: string): void {
    this.held.delete(operationId);
  }

  /** Whether this process surely still holds the operation: asked immediately before a byte goes out. */
  holds(operationId: string, fence: number): boolean {
    const held = this.held.get(operationId);
    if (!held || held.lost || held.fence !== fence) return false;
    const age = Math.max(performance.now() - held.steadyMs, this.wall.nowMs() - held.wallMs);
    return age < this.settings.leaseMs;
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async renew(): Promise<void> {
    const renewed = [...this.held].filter(([, held]) => !held.lost).map(([id, held]) => ({ id, fence: held.fence }));
    const steadyMs = performance.now();
    const wallMs = this.wall.nowMs();
    try {
      const still = renewed.length > 0 ? await this.repository.renew(this.database, renewed, this.settings.leaseMs) : new Set<string>();
      for (const { id, fence } of renewed) {
        const held = this.held.get(id);
        if (held?.fence !== fence) continue;
        if (still.has(id)) Object.assign(held, { steadyMs, wallMs });
        else held.lost = true;
      }
    } catch (error) {
      this.logger.debug(`Leases were not renewed: ${String(error)}`);
    }
    this.timer = this.held.size > 0 ? setTimeout(() => void this.renew(), this.settings.leaseMs / 4).unref() : undefined;
  }
}
