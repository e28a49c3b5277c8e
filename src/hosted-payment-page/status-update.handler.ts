import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { canonicalId } from '../http/resource-id.js';
import { isObject, type JsonObject, objectIn } from '../json.js';
import { errorCodeIn } from '../klarna/answer-of-record.js';
import { codeOf } from '../klarna/exchange.js';
import { Database } from '../persistence/database.js';
import type { Hook } from '../persistence/repositories/hooks.repository.js';
import type { CallbackHandler, CallbackOutcome, StoredCallback } from '../webhooks/inbox/callback-handler.js';
import { bodyOf } from '../webhooks/inbox/callback-words.js';
import { OperationEnds } from '../webhooks/inbox/operation-ends.js';
import { OwnUrls } from '../webhooks/hooks/own-urls.js';
import { ShopLine } from '../webhooks/inbox/shop-line.js';
import { HostedPagesRepository, type StoredPage } from './hosted-pages.repository.js';
import { FINAL } from './page-facts.js';
import { PageLooks } from './page-looks.js';

/** For so long a read need not show what a callback says. */
const READ_LAG_MS = 120_000;
const SOON_MS = 500;
const STATUSES: readonly string[] = [...FINAL, 'WAITING', 'IN_PROGRESS', 'MANUAL_ID_CHECK', 'FAILED', 'BACK', 'ERROR'];
/** What a shop acts by. */
const WEIGHTY = ['status', 'order_id', 'authorization_token', 'klarna_reference'] as const;

/**
 * `status_update` of a hosted page: a hint to read it. What the page shows is kept. Klarna's body goes on to the caller's own address when
 * the read shows the same, or shows that the page has moved on since (an open status, dated before the one that is shown). What was never
 * so does not: a final status is followed by no other.
 * @see Hosted Payment Page API v1, `merchant_urls.status_update`
 */
@Injectable()
export class StatusUpdateHandler implements CallbackHandler {
  readonly entry = 'status_update';

  constructor(
    private readonly pages: HostedPagesRepository,
    private readonly looks: PageLooks,
    private readonly operations: OperationEnds,
    private readonly shopLine: ShopLine,
    private readonly ownUrls: OwnUrls,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async handle(callback: StoredCallback, hook: Hook): Promise<CallbackOutcome> {
    const { session } = bodyOf(callback.body);
    const said = isObject(session) ? session : {};
    const pageId = textOf(said['session_id']) ?? callback.providerSessionId;
    if (pageId === null) return done('unreadable');
    const page = await this.#page(hook, pageId);
    if (page === undefined)
      return (await this.operations.isOpen(hook.operationId)) ? again('operation-open', SOON_MS) : done('unknown-page');
    // Two ids on one address: only what it was put into the callbacks of.
    if (page.dataSubject !== hook.dataSubject) return done('foreign');
    const { exchange, shown } = await this.looks.take(page);
    if (exchange.kind !== 'answer' || shown === undefined) {
      const isGone = exchange.kind === 'answer' && exchange.status === 404 && errorCodeIn(exchange.body) !== undefined;
      return isGone ? this.#late(callback, 'gone') : again(codeOf(exchange));
    }
    if (textOf(said['status']) === null) return done('unreadable');
    if (!isConfirmed(said, objectIn(exchange.body) ?? {})) return this.#late(callback, 'not-confirmed');
    const ids = { sessionId: page.providerSessionId, ...(shown.orderId === null ? {} : { orderId: canonicalId(shown.orderId) }) };
    // Klarna repeats the page's merchant_urls, which are ours there.
    const body = callback.body && (await this.ownUrls.restored(hook.merchantId, callback.body));
    const isEnd = FINAL.includes(shown.status) && textOf(said['status'])?.toUpperCase() === shown.status;
    await this.database.transaction(async (tx) => {
      // A page ends once: what was told in place of a late callback is not told again.
      if (!isEnd || (await this.pages.passes(tx, page.id, this.clock.now()))) {
        await this.shopLine.pass(tx, callback, hook, { ...ids, body });
      }
    });
    return done('confirmed');
  }

  async #page({ merchantId, providerAccountId }: Hook, pageId: string): Promise<StoredPage | undefined> {
    const found = await this.pages.byProviderId(canonicalId(pageId));
    return found.find((each) => each.merchantId === merchantId && each.providerAccountId === providerAccountId);
  }

  #late(callback: StoredCallback, result: string): CallbackOutcome {
    const age = this.clock.nowMs() - callback.receivedAt.getTime();
    return age < READ_LAG_MS ? again(result) : done(result);
  }
}

/**
 * Whether what is said of a page is so, or was.
 * @param said the callback's `session`
 * @param shown the page as it was read
 */
export function isConfirmed(said: JsonObject, shown: JsonObject): boolean {
  const [saidStatus, shownStatus] = [said['status'], shown['status']].map((each) => (typeof each === 'string' ? each.toUpperCase() : ''));
  if (saidStatus === undefined || saidStatus === '') return false;
  if (saidStatus === shownStatus) return WEIGHTY.slice(1).every((name) => (said[name] ?? null) === null || said[name] === shown[name]);
  const wasOpen = STATUSES.includes(saidStatus) && !FINAL.includes(saidStatus);
  const isBare = WEIGHTY.slice(1).every((name) => (said[name] ?? null) === null);
  return wasOpen && isBare && timeOf(said['updated_at']) < timeOf(shown['updated_at']);
}

function timeOf(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

const done = (result: string): CallbackOutcome => ({ then: 'done', result });
const again = (result: string, afterMs?: number): CallbackOutcome => ({
  then: 'again',
  result,
  ...(afterMs === undefined ? {} : { afterMs }),
});
