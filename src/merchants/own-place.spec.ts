import { describe, expect, it } from '@jest/globals';
import type { Caller } from './caller.js';
import { ownPlace } from './own-place.js';

const accounts = {
  payments: 'today',
  'customer-token': 'today',
  checkout: 'kustom',
  'order-management': 'today',
  'hosted-payment-page': 'today',
};
const caller: Caller = {
  credentialId: 'c',
  merchantId: 'shop',
  pendingAnswer: 202,
  keyRequired: false,
  limits: 'enforce',
  callbacks: 'gateway',
  accounts,
};
const place = (merchantId: string, providerAccountId: string) => ({ merchantId, providerAccountId });

describe('the place of an id', () => {
  it.each([
    ['nobody knows', [], undefined],
    ['others alone know', [place('rival', 'today')], 'foreign'],
    ['was made with rotated credentials', [place('shop', 'before')], place('shop', 'before')],
    ['another merchant of the account knows, too', [place('rival', 'today'), place('shop', 'today')], place('shop', 'today')],
    ['two accounts of the merchant know', [place('shop', 'before'), place('shop', 'today')], place('shop', 'today')],
  ])('that %s', (_, places, expected) => {
    expect(ownPlace(places, caller, 'order-management')).toEqual(expected);
  });

  it('goes by the account of the API', () => {
    const places = [place('shop', 'today'), place('shop', 'kustom')];
    expect(ownPlace(places, caller, 'checkout')).toEqual(place('shop', 'kustom'));
  });
});
