import type { Clock } from '../../clock/clock.js';
import { WorkerRounds } from '../../clock/worker-rounds.js';
import type { Settings } from '../../config/settings.js';
import { errorCodeIn } from '../../klarna/answer-of-record.js';
import type { KlarnaExchange } from '../../klarna/exchange.js';
import { RestingAccounts } from '../../orders/resting-accounts.js';
import type { DueLook, LookedAtTable, LooksRepository } from '../../persistence/repositories/looks.repository.js';

/** Longer than any look takes; when a process dies, what it was looking at is due again after this. */
const CLAIM_MS = 180_000;
const EVERY_MS = 1_000;
const HOUR_MS = 3_600_000;
/** What nobody could look at is given up so long after its end. */
const OVER_AFTER_MS = 24 * HOUR_MS;
/** Credentials, and limits. */
const ABOUT_THE_ACCOUNT = [401, 403, 408, 429];
/** One look may take so long: others wait for the round. */
export const LOOK_WITHIN_MS = 15_000;

/** What one look came to. @see LooksRepository.next */
export type Looked =
  /** When to look again; null: never. */
  | { answered: true; nextAt: Date | null }
  /** No answer, a 5xx, refused credentials. The account is left alone for a while, and the look is made again, though not when `end` is long over. */
  | { answered: false; end: Date };

/**
 * Reads, in workers, what callbacks may have been lost of: whatever of one table has its time come, within a quota per account. A feature
 * says how it is read and when again.
 */
export abstract class Sweeper extends WorkerRounds {
  readonly #resting: RestingAccounts;

  /** @param name begins log lines */
  protected constructor(
    name: string,
    private readonly table: LookedAtTable,
    private readonly looks: LooksRepository,
    protected readonly clock: Clock,
    settings: Settings,
  ) {
    super(settings, { name, everyMs: EVERY_MS });
    this.#resting = new RestingAccounts(clock);
  }

  /** Reads one at the provider, once, and takes over what it shows. */
  protected abstract look(due: DueLook): Promise<Looked>;

  /** What is left over comes with the next round: the quota is of a second. */
  async round(): Promise<boolean> {
    await this.lookDue();
    return false;
  }

  /** Looks at what is due. @returns how many there were, at most the quota of each account; none within the second after others were taken */
  async lookDue(): Promise<number> {
    const now = this.clock.now();
    const claimUntil = new Date(now.getTime() + CLAIM_MS);
    const quota = this.settings.missingCallbackReadsPerSecond;
    const due = await this.looks.claim(this.table, now, claimUntil, quota, this.#resting.at(now));
    await Promise.all(due.map((one) => this.#look(one)));
    return due.length;
  }

  #again({ providerAccountId }: DueLook, end: Date): Date | null {
    const at = this.clock.nowMs() + this.#resting.rest(providerAccountId);
    return at < end.getTime() + OVER_AFTER_MS ? new Date(at) : null;
  }

  /** One failure, of whatever kind, is not the batch's; its claim runs out. */
  async #look(due: DueLook): Promise<void> {
    try {
      const looked = await this.look(due);
      if (looked.answered) this.#resting.answered(due.providerAccountId);
      await this.looks.next(this.table, due, looked.answered ? looked.nextAt : this.#again(due, looked.end));
    } catch (error) {
      this.logger.warn(`${due.id} could not be looked at: ${(error as Error).message}`);
    }
  }
}

/**
 * What a look that showed nothing comes to. Klarna's own refusal is about this one alone, whose account is well: the plan goes on, and beyond
 * its end once an hour; everything else is the account's.
 * @param next when it would be looked at next, had it shown anything
 */
export function unseen(exchange: KlarnaExchange, at: Date, { next, end }: { next: Date | null; end: Date }): Looked {
  const refused = exchange.kind === 'answer' && exchange.status >= 400 && exchange.status < 500 && errorCodeIn(exchange.body) !== undefined;
  if (!refused || ABOUT_THE_ACCOUNT.includes(exchange.status)) return { answered: false, end };
  const hourly = new Date(at.getTime() + HOUR_MS);
  return { answered: true, nextAt: next ?? (hourly.getTime() < end.getTime() + OVER_AFTER_MS ? hourly : null) };
}
