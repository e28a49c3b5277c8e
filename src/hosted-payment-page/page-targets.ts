import { Injectable } from '@nestjs/common';
import { canonicalId, isPossibleId } from '../http/resource-id.js';
import type { Caller } from '../merchants/caller.js';
import { Refusal } from '../operations/errors.js';
import { HostedPagesRepository, type StoredPage } from './hosted-pages.repository.js';

/** Where requests for a page go. */
export interface PageTarget {
  pageId: string;
  providerAccountId: string;
  /** Undefined: we don't know it; Klarna decides, and when it does know it, the page becomes the caller's. */
  page: StoredPage | undefined;
}

/** Finds out whose a page is before anything is sent. */
@Injectable()
export class PageTargets {
  constructor(private readonly pages: HostedPagesRepository) {}

  /**
   * @param parameter the page's id as it stands in the path
   * @throws Refusal NOT_FOUND when it is another merchant's or can't be an id, in the words that Klarna has for an unknown one
   */
  async resolve({ merchantId, accounts }: Caller, parameter: string): Promise<PageTarget> {
    if (!isPossibleId(parameter)) throw noSuchPage();
    const pageId = canonicalId(parameter);
    const own = accounts['hosted-payment-page'];
    const found = await this.pages.byProviderId(pageId);
    const mine = found.filter((page) => page.merchantId === merchantId);
    // What was made with an account stays with it, also after the credentials were rotated.
    const page = mine.find(({ providerAccountId }) => providerAccountId === own) ?? mine[0];
    if (page === undefined && found.length > 0) throw noSuchPage();
    return { pageId, providerAccountId: page?.providerAccountId ?? own, page };
  }
}

function noSuchPage(): Refusal {
  return new Refusal('NOT_FOUND', ['HPP session not found or expired']);
}
