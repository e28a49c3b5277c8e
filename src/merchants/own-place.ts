import type { Api } from '../klarna/api.js';
import type { Caller } from './caller.js';

/** Whose place is looked for. */
export type PlaceOwner = Pick<Caller, 'merchantId' | 'accounts'>;

/** Where a resource of Klarna's was made, and for whom. */
interface Place {
  merchantId: string;
  providerAccountId: string;
}

/**
 * Of all places where one id is known, the caller's: best at the account that serves the API today. What was made with another account stays
 * with it, also after the credentials were rotated.
 * @returns `foreign` when others alone know it; undefined when nobody does: then Klarna decides whose it is
 */
export function ownPlace<P extends Place>(places: readonly P[], { merchantId, accounts }: PlaceOwner, api: Api): P | 'foreign' | undefined {
  const mine = places.filter((place) => place.merchantId === merchantId);
  const place = mine.find(({ providerAccountId }) => providerAccountId === accounts[api]) ?? mine[0];
  return place ?? (places.length > 0 ? 'foreign' : undefined);
}
