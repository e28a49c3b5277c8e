import { describe, expect, it } from '@jest/globals';
import type { OrderSnapshot } from '../../orders/order-snapshot.js';
import type { HookPurchase } from '../../persistence/repositories/callback-purchases.repository.js';
import { belonging, placedBy, type NamedOrder } from './belonging.js';

const NOTHING: HookPurchase = {
  ...{
    kind: 'payments.create-session',
    orderIds: [],
    tokenOrderIds: [],
    madeIds: [],
    checkoutIds: [],
    sessionIds: [],
    pageOrderIds: [],
    currencies: [],
    references: [],
  },
  ...{ placing: [], placingSomething: false, anothersOrder: false, sharedAccount: false },
};
const ORDER: NamedOrder = {
  ...{ providerOrderId: 'o', providerSessionId: null, known: false },
  snapshot: { currency: 'SEK', merchantReference1: null, merchantReference2: null },
};
const shows = (merchantReference1: string | null, more: Partial<NamedOrder> = {}): Partial<NamedOrder> => ({
  ...more,
  snapshot: { currency: 'SEK', merchantReference1, merchantReference2: null },
});

const PLACING = {
  id: '1',
  kind: 'payments.create-order',
  manual: true,
  late: true,
  amount: 100,
  reference: 'R',
  sentAt: '2026-01-01T10:00:00Z',
  twin: false,
};
const CHARGE = { ...PLACING, kind: 'customer-token.create-order' };

const CASES: [string, Partial<HookPurchase>, Partial<NamedOrder>, ReturnType<typeof belonging>][] = [
  ['nothing speaks for it or against it', {}, {}, 'unknown'],
  ['the checkout’s own order', { checkoutIds: ['o'] }, {}, 'ours'],
  ['another one than the checkout’s', { checkoutIds: ['p'] }, {}, 'foreign'],
  ['another one than the checkout’s, with its reference', { checkoutIds: ['p'], references: ['R'] }, shows('R'), 'foreign'],
  ['the session’s order', { orderIds: ['o'] }, {}, 'ours'],
  ['the session has placed another', { orderIds: ['p'] }, {}, 'foreign'],
  ['a customer token places many', { kind: 'customer-token.create-order', orderIds: ['p'] }, {}, 'unknown'],
  [
    'a customer token’s order that is stored, of a checkout’s token',
    { kind: 'customer-token.create-order', checkoutIds: ['c'], orderIds: ['c', 'o'] },
    {},
    'ours',
  ],
  ['one that is not stored yet', { kind: 'customer-token.create-order', checkoutIds: ['c'], orderIds: ['c'] }, {}, 'unknown'],
  [
    'a token’s order, at the checkout’s address',
    { kind: 'checkout.create-order', checkoutIds: ['c'], orderIds: ['c', 'o'] },
    {},
    'foreign',
  ],
  ['the page’s order', { pageOrderIds: ['o'] }, {}, 'ours'],
  ['another purchase’s order', { anothersOrder: true }, { known: true }, 'foreign'],
  ['the session that it names', { sessionIds: ['s'] }, { providerSessionId: 's' }, 'unknown'],
  ['another session', { sessionIds: ['s'] }, { providerSessionId: 't' }, 'foreign'],
  ['another currency', { currencies: ['NOK'] }, {}, 'foreign'],
  ['the same currency', { currencies: ['SEK'] }, {}, 'unknown'],
  ['the session’s reference', { references: ['R'] }, shows('R'), 'ours'],
  ['another reference', { references: ['R'] }, shows('Q'), 'foreign'],
  ['another reference of an order that is stored', { references: ['R'] }, shows('Q', { known: true }), 'unknown'],
  ['another reference while one is being placed', { references: ['R'], placing: [PLACING] }, shows('Q'), 'unknown'],
  ['no reference at all', { references: ['R'] }, shows(null), 'unknown'],
];

describe('whether an order belongs to the purchase of an address', () => {
  it.each(CASES)('%s', (_, purchase, order, is) => {
    expect(belonging({ ...NOTHING, ...purchase }, { ...ORDER, ...order })).toBe(is);
  });
});

describe('which open operation has placed an order that nobody knew', () => {
  const shown = (more: Partial<OrderSnapshot> = {}) =>
    ({ originalOrderAmount: 100, orderAmount: 80, merchantReference1: 'R', createdAt: null, ...more }) as OrderSnapshot;
  const two = [PLACING, { ...PLACING, id: '2' }];
  const by = (purchase: Partial<HookPurchase>, order = shown(), operationId = '0') =>
    placedBy({ ...NOTHING, ...purchase }, { operationId }, order)?.id;

  it.each([
    ['the only one of a session', by({ placing: [PLACING] }), '1'],
    ['none of two', by({ placing: two }), undefined],
    ['the one in whose request the address was put', by({ placing: two }, shown(), '2'), '2'],
    ['a charge to a token by its own address alone', by({ placing: [CHARGE] }, shown(), '3'), undefined],
    ['by that', by({ placing: [CHARGE] }, shown(), '1'), '1'],
    ['a charge is nothing to the one of a session', by({ placing: [{ ...CHARGE, id: '2' }, PLACING] }), '1'],
    [
      'nor at a charge’s address the one of its session',
      by({ kind: 'customer-token.create-order', placing: [PLACING] }, shown(), '3'),
      undefined,
    ],
    ['not where another one is open that would make an equal order', by({ placing: [{ ...PLACING, twin: true }] }), undefined],
    ['unless it came to its own address', by({ placing: [{ ...PLACING, twin: true }] }, shown(), '1'), '1'],
    ['not one that Klarna certainly never got', by({ placing: [{ ...PLACING, sentAt: null }] }), undefined],
    [
      'not one that was sent after the order was made',
      by({ placing: [PLACING] }, shown({ createdAt: new Date('2026-01-01T09:57:00Z') })),
      undefined,
    ],
    ['clocks may differ', by({ placing: [PLACING] }, shown({ createdAt: new Date('2026-01-01T09:59:00Z') })), '1'],
    ['not one of another amount', by({ placing: [PLACING] }, shown({ originalOrderAmount: 99 })), undefined],
    [
      'where the first amount is not shown, by the present one',
      by({ placing: [PLACING] }, shown({ originalOrderAmount: null })),
      undefined,
    ],
    ['not one whose amount is not known', by({ placing: [{ ...PLACING, amount: null }] }), undefined],
    ['not one of another reference', by({ placing: [PLACING] }, shown({ merchantReference1: 'Q' })), undefined],
    ['one without a reference by the amount', by({ placing: [{ ...PLACING, reference: null }] }, shown({ merchantReference1: 'Q' })), '1'],
  ])('%s', (_, is, expected) => expect(is).toBe(expected));
});
