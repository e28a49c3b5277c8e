import { describe, expect, it } from '@jest/globals';
import { CallbackOrders } from '../../src/webhooks/inbox/callback-orders.js';
import type { StoredCallback } from '../../src/webhooks/inbox/callback-handler.js';

const purchase = (placing: { id: string; manual: boolean }[]) => ({
  ...{ kind: 'payments.create-session', orderIds: [], checkoutIds: [], sessionIds: [], pageOrderIds: [], currencies: [], references: [] },
  ...{ placing, placingSomething: false, anothersOrder: false, sharedAccount: true },
});
const snapshot = { currency: 'SEK', merchantReference1: null, merchantReference2: null };
const seen = (placing: { id: string; manual: boolean }[], attempts: number, lastResult: string | null = null) =>
  new CallbackOrders(
    { of: () => Promise.resolve(purchase(placing)), wake: () => Promise.resolve([]) } as never,
    { findByProviderId: () => Promise.resolve([]) } as never,
    { at: () => Promise.resolve({ look: { kind: 'order', snapshot } }) } as never,
    {} as never,
    {} as never,
    { nudge: () => undefined } as never,
    { now: () => new Date() } as never,
    { raise: () => undefined } as never,
  ).seen(
    { id: 'c', entry: 'notification', providerOrderId: 'o', providerSessionId: null, attempts, lastResult } as StoredCallback,
    { merchantId: 'm', providerAccountId: 'a', dataSubject: 's' } as never,
  );

describe('on an account that two merchants share, a callback that is faster than our own answer', () => {
  it('waits for it', async () =>
    expect(await seen([{ id: '1', manual: false }], 0)).toMatchObject({ then: 'again', result: 'being-placed' }));
  it('is foreign where nothing is being placed', async () => expect(await seen([], 0)).toMatchObject({ then: 'done', result: 'foreign' }));
  it('or when that took too long', async () =>
    expect(await seen([{ id: '1', manual: false }], 9, 'being-placed')).toMatchObject({ result: 'foreign' }));
  it('but not when all looks before have seen nothing', async () =>
    expect(await seen([{ id: '1', manual: false }], 9, 'unreadable')).toMatchObject({ then: 'again', result: 'being-placed' }));
});
