import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { WorkerRounds } from '../clock/worker-rounds.js';
import { Settings } from '../config/settings.js';
import { type DueOrder, type OrderPlace, OrdersRepository } from '../persistence/repositories/orders.repository.js';
import { OrderReader, type Refreshed } from './order-reader.js';
import { RestingAccounts } from './resting-accounts.js';

const BATCH = 16;
const POLL_MS = 1_000;
const POLL_AFTER_ERROR_MS = 5_000;
/** Longer than any read takes; when a reader dies, its orders are due again after this. */
const CLAIM_MS = 180_000;
const NOT_READABLE_YET_MS = 10_000;

/**
 * Reads the orders whose `refresh_at` has come: after every change, after expiry, while Klarna assesses. When there is time left, it
 * compares those that nobody has read for a day (`compare_at`), within a quota. Runs in workers. An account whose reads fail rests, longer
 * each time, so that it neither burns its own orders' turns nor keeps other accounts' orders waiting.
 */
@Injectable()
export class OrderRefresher extends WorkerRounds {
  readonly #resting: RestingAccounts;

  constructor(
    private readonly orders: OrdersRepository,
    private readonly reader: OrderReader,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name: OrderRefresher.name, everyMs: POLL_MS, afterErrorMs: POLL_AFTER_ERROR_MS });
    this.#resting = new RestingAccounts(clock);
  }

  /** Reads one batch of due orders. @returns how many were due, at most a batch */
  async refreshDue(): Promise<number> {
    const now = this.clock.now();
    const due = await this.orders.claimDue(now, new Date(now.getTime() + CLAIM_MS), BATCH, this.#resting.at(now));
    await Promise.all(due.map((order) => this.#refresh(order)));
    return due.length;
  }

  /**
   * The drift scan: compares orders that have not been read for too long. A claim whose read brings nothing (no answer, an operation that
   * overtook it) is due again when it runs out.
   * @returns how many were taken, at most the quota of each account; none within the second after another process took some
   */
  async compareDue(): Promise<number> {
    const now = this.clock.now();
    const claimUntil = new Date(now.getTime() + CLAIM_MS);
    const due = await this.orders.claimComparisons(now, claimUntil, this.settings.driftScanPerSecond, this.#resting.at(now));
    await Promise.all(
      due.map((order) => this.#attempt(order, async () => void (await this.#read(order, this.reader.compare(order, 'scan'))))),
    );
    return due.length;
  }

  /** Comparisons can wait: they get their turn when few reads are due for a reason. */
  async round(): Promise<boolean> {
    const read = await this.refreshDue();
    if (read < BATCH && !this.rounds.stopped) await this.compareDue();
    return read === BATCH;
  }

  /** One order's failure, of whatever kind, is not the batch's. */
  async #attempt(order: OrderPlace, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.rounds.stopped) this.logger.warn(`Order ${order.id} could not be refreshed: ${(error as Error).message}`);
    }
  }

  #refresh(order: DueOrder): Promise<void> {
    return this.#attempt(order, async () => {
      const { look, application } = await this.#read(order, this.reader.refresh(order, order.claimedUntil));
      if (look.kind === 'unreadable') await this.#postpone(order, this.#resting.rest(order.providerAccountId));
      else if (application === 'young') await this.#postpone(order, NOT_READABLE_YET_MS);
    });
  }

  async #read(order: OrderPlace, reading: Promise<Refreshed>): Promise<Refreshed> {
    const read = await reading;
    if (read.look.kind === 'unreadable') this.#resting.rest(order.providerAccountId);
    else this.#resting.answered(order.providerAccountId);
    return read;
  }

  #postpone(order: DueOrder, ms: number): Promise<void> {
    return this.orders.postpone(order, new Date(this.clock.nowMs() + ms));
  }
}
