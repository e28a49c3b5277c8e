import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { durationText } from '../clock/durations.js';
import { WorkerRounds } from '../clock/worker-rounds.js';
import { Settings } from '../config/settings.js';
import { Database, type Transaction } from '../persistence/database.js';
import { EventsRepository } from '../persistence/repositories/events.repository.js';
import { ExpiryRepository, type Watched } from '../persistence/repositories/expiry.repository.js';
import type { DueOrder } from '../persistence/repositories/orders.repository.js';
import { TimelineRepository } from '../persistence/repositories/timeline.repository.js';
import { watchedBy } from './expiry-watch.js';
import { ExtensionPolicy } from './extension-policy.js';
import { OrderReader, type Refreshed } from './order-reader.js';

const EVERY_MS = 5_000;
/** Orders that are planned by one statement, and that are read at a time. */
const PLANNED = 500;
const READ = 16;
/** Longer than any read takes; when a reader dies, its orders are due again after this. */
const CLAIM_MS = 180_000;
/** A read that was overtaken by an operation is soon followed by another. */
const OVERTAKEN_MS = 6_000;
/** What can't be read is tried so often until the end. */
const UNREADABLE_MS = { least: 60_000, most: 15 * 60_000 };
const GONE_MS = 3_600_000;

/**
 * Looks at authorizations that are about to end with money that was not captured: tells their shops (`order.expiring`, once per notice and
 * end), and has them extended where that is the policy. What it says is read at Klarna first. Runs in workers; a claim per order keeps two
 * of them from the same look, and what was told is noted in the transaction that tells it.
 */
@Injectable()
export class ExpiryRadar extends WorkerRounds {
  readonly #watched: Watched;
  #planned = false;

  constructor(
    private readonly expiry: ExpiryRepository,
    private readonly reader: OrderReader,
    private readonly extension: ExtensionPolicy,
    private readonly events: EventsRepository,
    private readonly timeline: TimelineRepository,
    private readonly database: Database,
    private readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name: ExpiryRadar.name, everyMs: EVERY_MS });
    this.#watched = watchedBy(settings);
  }

  /** One round: plans what is new, then reads and tells what is due. @returns whether there is more */
  async round(): Promise<boolean> {
    const now = this.clock.now();
    const claimUntil = new Date(now.getTime() + CLAIM_MS);
    if (!this.#planned) await this.expiry.planAnew(now, claimUntil, this.#watched);
    this.#planned = true;
    const planned = await this.expiry.plan(now, PLANNED, this.#watched);
    const due = await this.expiry.claim(now, claimUntil, READ);
    await Promise.all(due.map((order) => this.#lookAt(order)));
    return planned === PLANNED || due.length === READ;
  }

  /** One order's failure, of whatever kind, is not the others'. */
  async #lookAt(order: DueOrder): Promise<void> {
    try {
      const read = await this.reader.refresh(order);
      const again = againAfterMs(read, order, this.clock.now());
      if (again !== null) {
        await this.expiry.postpone(order, new Date(this.clock.nowMs() + again));
        return;
      }
      await this.extension.apply(order.id);
      await this.database.transaction((tx) => this.#tell(tx, order));
    } catch (error) {
      if (!this.rounds.stopped) this.logger.warn(`The end of order ${order.id} could not be looked at: ${(error as Error).message}`);
    }
  }

  /** What the order's row says now was read a moment ago, or is newer. */
  async #tell(tx: Transaction, { id: orderId }: DueOrder): Promise<void> {
    const at = this.clock.now();
    const notice = await this.expiry.tell(tx, orderId, at, this.#watched);
    await this.expiry.planNext(tx, orderId, at, this.#watched);
    if (notice === undefined) return;
    const { merchantId, providerOrderId, expiresAt, remainingAuthorizedAmount, currency, noticeMs } = notice;
    const data = {
      expires_at: expiresAt.toISOString(),
      remaining_authorized_amount: remainingAuthorizedAmount,
      currency,
      notice: durationText(noticeMs),
    };
    await this.timeline.append(tx, [{ orderId, type: 'order.expiring', at, operationId: null, data }]);
    await this.events.publish(tx, [
      { merchantId, subject: orderId, type: 'order.expiring', at, orderId, providerOrderId, operationId: null, data },
    ]);
  }
}

/** When to look again, because this look did not show how the order is now; null: it did. */
function againAfterMs({ look, application }: Refreshed, { expiresAt }: DueOrder, now: Date): number | null {
  if (look.kind === 'unreadable') {
    const left = expiresAt === null ? 0 : expiresAt.getTime() - now.getTime();
    return Math.min(Math.max(left / 10, UNREADABLE_MS.least), UNREADABLE_MS.most) * (0.5 + Math.random() / 2);
  }
  if (application === 'applied') return null;
  return application === 'added' ? OVERTAKEN_MS : GONE_MS;
}
