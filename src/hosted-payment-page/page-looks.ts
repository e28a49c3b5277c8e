import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { LOOK_WITHIN_MS } from '../webhooks/looks/sweeper.js';
import type { StoredPage } from './hosted-pages.repository.js';
import { type PageLook, PageReader } from './page-reader.js';

/** Looks at pages that nobody asked for. */
@Injectable()
export class PageLooks {
  constructor(
    private readonly reader: PageReader,
    private readonly accounts: ProviderAccounts,
    private readonly clock: Clock,
  ) {}

  /** Reads a stored page and takes over what it shows, in its merchant's name. */
  async take(page: StoredPage): Promise<PageLook> {
    const { merchantId, providerAccountId, providerSessionId: pageId } = page;
    const at = this.clock.now();
    const look = await this.reader.look(await this.accounts.byId(providerAccountId), pageId, { timeoutMs: LOOK_WITHIN_MS });
    if (look.shown !== undefined) {
      const owner = { merchantId, accounts: await this.accounts.ofMerchant(merchantId) };
      await this.reader.keep(owner, { pageId, providerAccountId, page }, look.shown, at);
    }
    return look;
  }
}
