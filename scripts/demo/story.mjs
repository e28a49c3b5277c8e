// The story: one purchase, three parcels, one return, and nearly everything that can go wrong on the way.
import { randomUUID } from 'node:crypto';
import { MerchantSystem, Simulator } from './clients.mjs';
import { until } from './instance.mjs';
import { chapter, duration, exchange, good, line, money, short, table, trouble } from './telling.mjs';

const BASKET = [
  { name: 'Running shoes', quantity: 1, unit_price: 89_900 },
  { name: 'Rain jacket', quantity: 1, unit_price: 64_900 },
  { name: 'Wool socks', quantity: 2, unit_price: 7_900 },
];
const TAX_RATE = 2_500; // 25.00 %, included in every price
const EVENTS = {
  'order.created': (data) => `${money(data.order_amount, data.currency)} authorized, fraud check ${data.fraud_status}`,
  'order.captured': (data) =>
    `${money(data.amount)}; in all ${money(data.captured_amount)}, remaining ${money(data.remaining_authorized_amount)}`,
  'order.refunded': (data) => `${money(data.amount)}; in all ${money(data.refunded_amount)}`,
  'operation.waiting': (data) => `${data.kind}: ${data.code}; goes on in the queue`,
};

/**
 * Tells it.
 * @param instance started, without a gateway
 * @returns Klarna's id of the order, and the api it was placed with
 */
export async function tell(instance, [api, firstWorker]) {
  const shop = new MerchantSystem(api.url);
  const klarna = new Simulator(instance.klarnaUrl);
  const cart = cartOf(BASKET);

  const sessionId = await fillsBasket(shop, cart);
  const token = await authorizes(klarna, sessionId, cart);
  const orderId = await placesOrder(shop, token, cart);
  const order = { id: orderId, shop, klarna, captures: `/ordermanagement/v1/orders/${orderId}/captures` };
  await capturesFirstParcel(order);
  await losesAnAnswer(order);
  await losesAWorker(order, instance, firstWorker);
  await refunds(order);
  await readsTimeline(order);
  return { orderId, shop, klarna };
}

async function fillsBasket(shop, cart) {
  chapter('A shopper fills a basket, and the shop opens a session');
  table('lrr', [
    ...BASKET.map(({ name, quantity, unit_price: price }) => [name, `${quantity} x ${money(price)}`, money(quantity * price)]),
    ['Total, 25 % tax included', '', money(cart.order_amount)],
  ]);
  const session = await shop.expect(200, 'POST', '/payments/v1/sessions', { body: cart });
  exchange('shop', session);
  return session.json.session_id;
}

async function authorizes(klarna, sessionId, cart) {
  chapter("The shopper authorizes it on Klarna's page");
  const { authorization_token: token } = await klarna.call('POST', `/simulator/sessions/${sessionId}/authorize`, {});
  line(`Klarna holds ${money(cart.order_amount)} and gives the browser an authorization token.`);
  return token;
}

async function placesOrder(shop, token, cart) {
  chapter('The shop places the order');
  const placed = await shop.expect(200, 'POST', `/payments/v1/authorizations/${token}/order`, { body: cart });
  const { order_id: orderId, fraud_status: fraud } = placed.json;
  exchange('shop', { ...placed, path: '/payments/v1/authorizations/{token}/order' });
  good(`Order ${orderId}: ${money(cart.order_amount)} authorized, fraud check ${fraud}`);
  return orderId;
}

async function capturesFirstParcel(order) {
  chapter(`The shoes leave the warehouse: a first, partial capture of ${money(89_900)}`);
  const captured = await order.shop.expect(201, 'POST', order.captures, { key: randomUUID(), body: parcel(1, [BASKET[0]]) });
  exchange('warehouse', shown(captured), `Capture-Id ${short(captured.headers.get('capture-id'))}`);
  await tellAmounts(order);
}

async function losesAnAnswer(order) {
  chapter(`The jacket leaves, ${money(64_900)}: Klarna executes the capture, and its answer is lost`);
  await order.klarna.fault('reset_after', { method: 'POST', path: order.captures });
  const key = randomUUID();
  const captured = await order.shop.expect(201, 'POST', order.captures, { key, body: parcel(2, [BASKET[1]]) });
  trouble('Klarna captured, and the connection broke before a byte of its answer had come.');
  line('Did the money move? Capturing again could charge twice; giving up could give the jacket away.');
  good('The gateway asked again with the same idempotency key, and Klarna repeated its first answer:');
  const { items } = await order.shop.get(`/orders/${order.id}/timeline`);
  tellAttempts(await order.shop.get(`/operations/${items.at(-1).operation_id}`), ['api', 'api']);
  exchange('warehouse', shown(captured), `Capture-Id ${short(captured.headers.get('capture-id'))}: a slow call, and no error`);
  await tellCalls(order, key);
  await tellAmounts(order);
}

async function losesAWorker(order, instance, firstWorker) {
  chapter(`The socks leave, ${money(15_800)}: Klarna is down for a moment, and a worker is killed in the middle of the capture`);
  const { shop, klarna, captures } = order;
  const key = randomUUID();
  const body = parcel(3, [BASKET[2]]);
  await klarna.fault('status', { method: 'POST', path: captures }, { code: 503 });
  const gate = await klarna.holdAnswers({ method: 'POST', path: captures });

  const asked = await shop.expect(202, 'POST', captures, { key, body, headers: { Prefer: 'respond-async' } });
  const askedAt = performance.now();
  exchange('warehouse', shown(asked), `operation ${short(asked.json.id)}; it does not wait (Prefer: respond-async)`);
  trouble('Klarna answers 503. The operation is safe in Postgres, and the queue hands it to a worker.');

  await gate.reached();
  const secondWorker = await instance.gateway('worker');
  line(
    `Worker 1 (process ${firstWorker.pid}) has sent it, Klarna has captured, the answer is on its way. Worker 2 (${secondWorker.pid}) is ready.`,
  );
  const killedAt = performance.now();
  const { signal } = await firstWorker.kill();
  trouble(`${signal} to worker 1: the answer comes to a process that no longer exists.`);
  await gate.open();

  const operation = await until('the other worker has finished', () => finished(shop, asked), secondWorker);
  const tookMs = performance.now() - killedAt;
  if (operation.state !== 'succeeded') throw new Error(`The third capture ended ${operation.state}: ${JSON.stringify(operation)}`);
  good(`Worker 2 took over when the lease ran out; ${duration(tookMs)} after the kill it had the answer:`);
  tellAttempts(operation, ['api', 'worker 1', 'worker 2']);
  await tellCalls(order, key);

  const repeated = await shop.expect(201, 'POST', captures, { key, body });
  line(`The warehouse repeats its request ${duration(performance.now() - askedAt)} after the first and gets the final answer:`);
  const replayed = `Idempotent-Replayed: ${repeated.headers.get('idempotent-replayed')}`;
  exchange('warehouse', shown(repeated), `Capture-Id ${short(repeated.headers.get('capture-id'))}, ${replayed}`);
  await tellAmounts(order);
}

async function refunds(order) {
  chapter(`One pair of socks comes back: a refund of ${money(7_900)}`);
  const path = `/ordermanagement/v1/orders/${order.id}/refunds`;
  const body = { refunded_amount: 7_900, reference: 'return-1', order_lines: cartOf([{ ...BASKET[2], quantity: 1 }]).order_lines };
  const refunded = await order.shop.expect(201, 'POST', path, { key: randomUUID(), body });
  exchange(
    'shop',
    { ...refunded, path: '/ordermanagement/v1/orders/{id}/refunds' },
    `Refund-Id ${short(refunded.headers.get('refund-id'))}`,
  );
  await tellAmounts(order);
}

async function readsTimeline(order) {
  chapter('The back office asks what happened: GET /orders/{id}/timeline');
  const { items } = await order.shop.get(`/orders/${order.id}/timeline`);
  table(
    'lll',
    items.map(({ at, type, data }) => [at.slice(11, 23), type, (EVENTS[type] ?? JSON.stringify)(data)]),
  );
}

async function finished(shop, asked) {
  const seen = await shop.get(asked.headers.get('location'));
  return seen.finished_at === null ? undefined : seen;
}

async function tellAmounts(order) {
  const {
    status,
    order_amount: ordered,
    captured_amount: captured,
    refunded_amount: refunded,
  } = await order.shop.get(`/orders/${order.id}`);
  good(`${status}: ${money(captured)} of ${money(ordered)} captured${refunded > 0 ? `, ${money(refunded)} refunded` : ''}`);
}

/** How often Klarna was called with a key, and how often that did something. */
async function tellCalls(order, key) {
  const { requests } = await order.klarna.ledger(order.id);
  const calls = requests.filter((request) => request.idempotency_key === key);
  const executed = calls.filter((request) => request.executed).length;
  if (executed !== 1) throw new Error(`Klarna executed ${executed} of the calls with key ${key}`);
  good(`Klarna's ledger: ${calls.length} calls with this key, 1 of them executed`);
}

/** @param senders who made the attempts, as the story arranged it */
function tellAttempts({ history, created_at: createdAt }, senders) {
  table(
    'llrl',
    history.map((each, index) => [
      `    attempt ${index + 1}`,
      senders[index] ?? '',
      `after ${duration(Date.parse(each.started_at) - Date.parse(createdAt))}`,
      each.ended_at === null ? 'no answer, and its process died' : `${each.status ?? each.code}, ${each.outcome}`,
    ]),
  );
}

/** With the path as the documentation writes it. */
function shown(answer) {
  return { ...answer, path: '/ordermanagement/v1/orders/{id}/captures' };
}

function parcel(number, items) {
  const { order_amount: amount, order_lines: lines } = cartOf(items);
  const shipping = [{ shipping_company: 'PostNord', shipping_method: 'Home', tracking_number: `SE000000${number}` }];
  return { captured_amount: amount, reference: `parcel-${number}`, order_lines: lines, shipping_info: shipping };
}

function cartOf(items) {
  const lines = items.map(({ name, quantity, unit_price: price }) => {
    const total = quantity * price;
    const tax = total - Math.round((total * 10_000) / (10_000 + TAX_RATE));
    return { type: 'physical', name, quantity, unit_price: price, tax_rate: TAX_RATE, total_amount: total, total_tax_amount: tax };
  });
  const sum = (member) => lines.reduce((total, each) => total + each[member], 0);
  return {
    purchase_country: 'SE',
    purchase_currency: 'SEK',
    locale: 'sv-SE',
    order_amount: sum('total_amount'),
    order_tax_amount: sum('total_tax_amount'),
    order_lines: lines,
    merchant_reference1: 'demo-1001',
  };
}
