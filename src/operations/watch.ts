import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { isFinal, type OperationState } from './operation.js';
import { Signals } from './signals.js';

/** What a waiting caller may do now. */
export type Seen = 'settled' | 'turn' | 'timeout';

interface Watcher {
  id: string;
  turns: boolean;
  tell: (seen: Seen) => void;
}

const POLL_MS = 150;

/**
 * Lets callers wait for an operation that this process does not work on, without a connection each: one statement asks for all of
 * them, a few times a second, and at once when this process heard of a change.
 */
@Injectable()
export class Watch implements OnModuleDestroy {
  private readonly watchers = new Set<Watcher>();
  private readonly logger = new Logger(Watch.name);
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private stopped = false;

  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly signals: Signals,
    private readonly clock: Clock,
  ) {}

  /**
   * Waits until the operation is settled or `manual`; with `turns` also until it may be sent: what was before it is settled.
   * @param ms real time
   */
  async wait(id: string, ms: number, turns = false): Promise<Seen> {
    if (ms <= 0 || this.stopped) return 'timeout';
    let forget = (): void => undefined;
    const seen = await new Promise<Seen>((resolve) => {
      const watcher: Watcher = { id, turns, tell: resolve };
      this.watchers.add(watcher);
      const timer = setTimeout(() => resolve('timeout'), ms);
      const silence = this.signals.onChange(id, () => this.soon(0));
      forget = () => {
        clearTimeout(timer);
        silence();
        this.watchers.delete(watcher);
      };
      this.soon(0);
    });
    forget();
    return seen;
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers) watcher.tell('timeout');
  }

  private soon(ms: number): void {
    if (this.looking) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), ms);
  }

  private async look(): Promise<void> {
    this.looking = true;
    const watched = new Map<string, Watcher[]>();
    for (const watcher of this.watchers) {
      const others = watched.get(watcher.id);
      if (others === undefined) watched.set(watcher.id, [watcher]);
      else others.push(watcher);
    }
    const ids = [...watched.keys()];
    try {
      const rows = ids.length > 0 ? await this.repository.states(this.database, ids) : [];
      const now = this.clock.now();
      for (const row of rows) {
        const state = row.state as OperationState;
        const ended = isFinal(state) || state === 'manual';
        const turn = state === 'accepted' && !row.leased && row.next_at !== null && row.next_at <= now;
        for (const watcher of watched.get(row.id) ?? []) {
          if (ended) watcher.tell('settled');
          else if (turn && watcher.turns) watcher.tell('turn');
        }
      }
    } catch (error) {
      this.logger.debug(`Waiting callers could not be served: ${String(error)}`);
    }
    this.looking = false;
    if (this.watchers.size > 0) this.soon(POLL_MS);
  }
}
