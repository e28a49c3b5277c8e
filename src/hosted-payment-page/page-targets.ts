import { Injectable } from '@nestjs/common';
import { canonicalId, isPossibleId } from '../http/resource-id.js';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
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
  async resolve(caller: Caller, parameter: string): Promise<PageTarget> {
    if (!isPossibleId(parameter)) throw noSuchPage();
    const pageId = canonicalId(parameter);
    const page = ownPlace(await this.pages.byProviderId(pageId), caller, 'hosted-payment-page');
    if (page === 'foreign') throw noSuchPage();
    return { pageId, providerAccountId: page?.providerAccountId ?? caller.accounts['hosted-payment-page'], page };
  }
}

function noSuchPage(): Refusal {
  return new Refusal('NOT_FOUND', ['HPP session not found or expired']);
}
