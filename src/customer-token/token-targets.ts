import { Injectable } from '@nestjs/common';
import { canonicalId, isPossibleId } from '../http/resource-id.js';
import type { Caller } from '../merchants/caller.js';
import { ownPlace } from '../merchants/own-place.js';
import { Refusal } from '../operations/errors.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';

/** Where requests for a customer token go. */
export interface TokenTarget {
  customerToken: string;
  providerAccountId: string;
  /** Undefined: we don't know the token; Klarna decides, and when it does know it, the token becomes the caller's. */
  dataSubject: string | undefined;
}

/** Finds out whose a customer token is before anything is sent. */
@Injectable()
export class TokenTargets {
  constructor(private readonly tokens: CustomerTokensRepository) {}

  /**
   * @param customerToken as it stands in the path
   * @throws Refusal TOKEN_NOT_FOUND when it is another merchant's, as for one that nobody knows
   */
  async resolve(caller: Caller, customerToken: string): Promise<TokenTarget> {
    if (!isPossibleId(customerToken)) throw noSuchToken();
    const id = canonicalId(customerToken);
    const own = caller.accounts['customer-token'];
    const token = ownPlace(await this.tokens.find(id), caller, 'customer-token');
    if (token === 'foreign') throw noSuchToken();
    // A token comes out of Payments: one of the account that serves it today is used with that of Customer Token. One of an earlier
    // account, or of Checkout's, stays with that.
    const made = token?.providerAccountId ?? own;
    return { customerToken: id, providerAccountId: made === caller.accounts.payments ? own : made, dataSubject: token?.dataSubject };
  }
}

function noSuchToken(): Refusal {
  return new Refusal('TOKEN_NOT_FOUND', ['Customer token not found']);
}
