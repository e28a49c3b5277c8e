import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { canonicalId } from '../http/resource-id.js';
import { errorCodeIn, type KlarnaAnswer } from '../klarna/answer-of-record.js';
import { Database } from '../persistence/database.js';
import { type DueLook, LooksRepository } from '../persistence/repositories/looks.repository.js';
import { type Looked, Sweeper, unseen } from '../webhooks/looks/sweeper.js';
import { OwnUrls } from '../webhooks/hooks/own-urls.js';
import { ShopAddresses } from '../webhooks/looks/shop-addresses.js';
import { FIRST_LOOK_MS, HostedPagesRepository, type StoredPage } from './hosted-pages.repository.js';
import { FINAL, type PageFacts } from './page-facts.js';
import { PageLooks } from './page-looks.js';

const MINUTE_MS = 60_000;
const LOOKS_MS = [FIRST_LOOK_MS, 30 * MINUTE_MS];
const EVERY_MS = 60 * MINUTE_MS;
/** Klarna ends a page an hour before its payment session, which lives for so long. */
const LIFE_MS = 48 * 60 * MINUTE_MS;
/** A page that was just made need not be readable yet. */
const YOUNG_MS = 2 * MINUTE_MS;

/** When a page that was just looked at, and may still be paid on, is looked at again; once more after its end. Null: it is over. */
export function nextLook({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date | null }, now: Date): Date | null {
  const end = endOf({ createdAt, expiresAt }).getTime() + MINUTE_MS;
  if (now.getTime() >= end) return null;
  const elapsed = now.getTime() - createdAt.getTime();
  const offset = LOOKS_MS.find((ms) => ms > elapsed) ?? (Math.floor(elapsed / EVERY_MS) + 1) * EVERY_MS;
  return new Date(Math.min(createdAt.getTime() + offset, end));
}

/** When a page ends, as far as it is known. */
function endOf({ createdAt, expiresAt }: { createdAt: Date; expiresAt: Date | null }): Date {
  return expiresAt ?? new Date(createdAt.getTime() + LIFE_MS);
}

/** Reads hosted pages whose `status_update` may have got lost (Klarna calls four times within seconds, and then never), until they are final. */
@Injectable()
export class PageSweeper extends Sweeper {
  constructor(
    looks: LooksRepository,
    private readonly pages: HostedPagesRepository,
    private readonly pageLooks: PageLooks,
    private readonly addresses: ShopAddresses,
    private readonly ownUrls: OwnUrls,
    private readonly database: Database,
    clock: Clock,
    settings: Settings,
  ) {
    super('HostedPages', 'hosted_pages', looks, clock, settings);
  }

  protected async look({ id }: DueLook): Promise<Looked> {
    const page = await this.pages.byId(id);
    if (page === undefined) return { answered: true, nextAt: null };
    const at = this.clock.now();
    const { exchange, shown } = await this.pageLooks.take(page);
    if (exchange.kind === 'answer' && shown !== undefined) {
      const expiresAt = shown.expiresAt ?? page.expiresAt;
      if (!FINAL.includes(shown.status)) return { answered: true, nextAt: nextLook({ ...page, expiresAt }, at) };
      await this.#pass(page, shown, exchange, at);
      return { answered: true, nextAt: null };
    }
    const isGone = exchange.kind === 'answer' && exchange.status === 404 && errorCodeIn(exchange.body) !== undefined;
    if (!isGone) return unseen(exchange, at, { next: nextLook(page, at), end: endOf(page) });
    return { answered: true, nextAt: at.getTime() - page.createdAt.getTime() < YOUNG_MS ? nextLook(page, at) : null };
  }

  /** No callback told how the page ended: the shop's own address hears it from us, as Klarna would have written it. */
  async #pass(page: StoredPage, { orderId }: PageFacts, { body }: KlarnaAnswer, at: Date): Promise<void> {
    const ids = { sessionId: page.providerSessionId, ...(orderId === null ? {} : { orderId: canonicalId(orderId) }) };
    // What the page shows of its merchant_urls is ours there.
    const session = await this.ownUrls.restored(page.merchantId, body);
    const words = Buffer.concat([Buffer.from(`{"event_id":"${randomUUID()}","session":`), session, Buffer.from('}')]);
    await this.database.transaction(async (tx) => {
      if (await this.pages.passes(tx, page.id, at)) await this.addresses.tell(tx, page, 'status_update', ids, words, at);
    });
  }
}
