import type { KindName } from './kinds.js';
import type { IntentPlan, Purchase } from './plan.js';
import type { Draws } from './random.js';

/** Makes an intent. @param how `keyed`: never without a key; `copied` false: never sent twice at once */
export type Make = (kind: KindName, amount: number, how?: { keyed?: boolean; copied?: boolean }) => IntentPlan;

/** What an order can be asked for besides its money, by how often. */
const OF_ORDERS: readonly (readonly [number, KindName])[] = [
  [4, 'authorization-update'],
  [3, 'acknowledge'],
  [3, 'merchant-references'],
  [3, 'shipping-info'],
  [2, 'customer-details'],
  [2, 'extend-authorization'],
];
const OF_CAPTURES: readonly (readonly [number, KindName])[] = [
  [4, 'capture-shipping-info'],
  [4, 'send-out'],
  [3, 'extend-due-date'],
];
/** By how many days Klarna puts payments off. */
const DAYS = [14, 30, 60];

/** A purchase as it was drawn, with other changes of its order before, among and after what moves its money. */
export function drawChanges(draws: Draws, amount: number, money: readonly (readonly IntentPlan[])[], make: Make): IntentPlan[][] {
  const groups = money.map((group) => [...group]);
  const before: IntentPlan[] = [];
  const after: IntentPlan[] = [];
  const captured = groups.findIndex((group) => group.some(({ kind }) => kind === 'capture'));
  const keyless = new Set<KindName>();
  const count = draws.weighted([
    [30, 0],
    [34, 1],
    [26, 2],
    [10, 3],
  ]);
  for (let made = 0; made < count; made += 1) {
    const ofCapture = captured >= 0 && draws.chance(0.4);
    const kind = draws.weighted(ofCapture ? OF_CAPTURES : OF_ORDERS);
    // Without a body, and without a key, one of a kind can't be told from another.
    const intent = make(kind, amountFor(draws, kind, amount), { keyed: keyless.has(kind) });
    if (intent.key === null) keyless.add(kind);
    const among = ofCapture ? groups.slice(captured + 1) : groups;
    const place = draws.next();
    if (place < 0.15 && !ofCapture) before.push(intent);
    else if (place < 0.8 && among.length > 0) draws.pick(among).push(intent);
    else after.push(intent);
  }
  return [before, ...groups, after].filter((group) => group.length > 0);
}

function amountFor(draws: Draws, kind: KindName, amount: number): number {
  if (kind === 'extend-due-date') return draws.pick(DAYS);
  if (kind !== 'authorization-update') return 0;
  // One that is lowered leaves captures without room: most are raised.
  return draws.chance(0.75) ? amount + draws.whole(1, 200) * 10 : Math.max(100, Math.floor(amount * (0.4 + draws.next() * 0.55)));
}

/** A shopper agrees to be charged later: a customer token, orders of it, and its end. */
export function drawSubscription(draws: Draws, id: string, make: Make): Purchase {
  const amount = draws.whole(50, 500) * 100;
  const opening = make('create-customer-token', 0);
  // Equal orders without a key have nothing that tells them apart.
  const orders = (count: number) =>
    Array.from({ length: count }, () => {
      const order = make('order-of-token', amount + draws.whole(0, 90) * 10);
      return order.key === null ? { ...order, copies: 1 } : order;
    });
  const cancel = (): IntentPlan => make('cancel-token', 0);
  const groups = draws.weighted<() => IntentPlan[][]>([
    [4, () => [orders(draws.whole(1, 2)), orders(draws.whole(0, 2)), [cancel()]]],
    [3, () => [orders(draws.whole(1, 3))]],
    [2, () => [orders(1), [...orders(1), cancel()]]],
  ])();
  return { id, amount, opening, groups: groups.filter((group) => group.length > 0), staleRead: false };
}

/** A hosted page, messages with its link, and its end. */
export function drawPage(draws: Draws, id: string, make: Make): Purchase {
  const opening = make('create-page', 0, { copied: false });
  const messages = (count: number) => Array.from({ length: count }, () => make('distribute', 0, { copied: false }));
  const groups = draws.weighted<() => IntentPlan[][]>([
    [4, () => [messages(draws.whole(1, 2)), [make('disable-page', 0)]]],
    [3, () => [messages(1), messages(1)]],
    [1, () => [[...messages(1), make('disable-page', 0)]]],
  ])();
  return { id, amount: draws.whole(50, 500) * 100, opening, groups, staleRead: false };
}

/** A checkout that nobody completes: its cart changes, and it is aborted, or not. */
export function drawCheckout(draws: Draws, id: string, make: Make): Purchase {
  const amount = draws.whole(50, 500) * 100;
  const opening = make('open-checkout', amount);
  const update = () => make('update-checkout', amount + draws.whole(1, 90) * 10, { copied: false });
  const abort = () => make('abort-checkout', 0);
  const groups = draws.weighted<() => IntentPlan[][]>([
    [4, () => [[update()], [abort()]]],
    [3, () => [[update()], [update()]]],
    [1, () => [[update()], [update()], [abort()]]],
  ])();
  return { id, amount, opening, groups, staleRead: false };
}
