import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { ShopServer } from '../notifications/shop-server.js';
import { checkoutOf, opened } from '../support/checkouts.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';
import { until } from '../support/until.js';

const QUESTIONS = 'validation,address_update,country_change,shipping_option_update';
const BUDGET_MS = 600;

interface Row {
  entry: string;
  answered_by: string;
  status: number;
  reason: string | null;
  provider_order_id: string;
}

describe('questions of Klarna', () => {
  let simulator: Simulator;
  let shop: ShopServer;
  let gateway: TestGateway;
  let strict: TestGateway;
  const started = (env: Record<string, string>) =>
    testGateway({
      simulator,
      reachable: true,
      env: { CLOCK: 'simulator', NOTIFY_ALLOW_CIDRS: '127.0.0.0/8', QUESTION_BUDGET_MS: String(BUDGET_MS), ...env },
    });
  beforeAll(async () => {
    simulator = await startSimulator();
    shop = await ShopServer.open();
    gateway = await started({ FORWARD_QUESTIONS: QUESTIONS });
    strict = await started({ FORWARD_QUESTIONS: QUESTIONS, QUESTION_FALLBACK: 'deny' });
  });
  afterAll(async () => {
    await gateway.close();
    await strict.close();
    await shop.close();
    await simulator.close();
  });
  beforeEach(() => {
    shop.received.length = 0;
    shop.answers(200);
  });

  /** A checkout whose shop is asked about it. */
  const checkout = async (at: TestGateway, entries: readonly string[], more: Record<string, unknown> = {}): Promise<string> => {
    const cart = checkoutOf(10_000, more);
    const asked = Object.fromEntries(entries.map((entry) => [entry, shop.url(`/${entry}?o={checkout.order.id}`)]));
    const urls = { ...(cart as unknown as { merchant_urls: Record<string, string> }).merchant_urls, ...asked };
    return (await opened(at, { ...cart, merchant_urls: urls })).id;
  };
  const complete = (id: string) =>
    fetch(`${simulator.url}/simulator/checkouts/${id}/complete`, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json' },
    });
  const change = (id: string, what: Record<string, unknown>) =>
    fetch(`${simulator.url}/simulator/checkouts/${id}/change`, {
      method: 'POST',
      body: JSON.stringify(what),
      headers: { 'Content-Type': 'application/json' },
    });
  const recorded = (at: TestGateway, id: string, count = 1) =>
    until('the answers are on record', async () => {
      const rows = await rowsOf<Row>(at.database, 'SELECT * FROM question_answers WHERE provider_order_id = $1 ORDER BY asked_at, id', [
        id,
      ]);
      return rows.length === count && rows;
    });

  it('go to the shop with Klarna’s body, and the shop’s yes goes back', async () => {
    const id = await checkout(gateway, ['validation']);
    expect((await complete(id)).status).toBe(200);
    expect(shop.received.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST /validation?o=${id}`]);
    expect(JSON.parse(shop.received[0]!.body.toString())).toMatchObject({
      ...{ order_id: id, order_amount: 10_000 },
      merchant_urls: {
        push: 'https://shop.example/push?order={checkout.order.id}',
        validation: shop.url('/validation?o={checkout.order.id}'),
      },
    });
    // No address of ours, with its secret, reaches the shop.
    expect(shop.received[0]!.body.toString()).not.toContain('/webhooks/klarna/');
    expect(await recorded(gateway, id)).toMatchObject([{ entry: 'validation', answered_by: 'shop', status: 200, reason: null }]);
  });

  it('go into the timeline as soon as there is an order', async () => {
    const id = await checkout(gateway, ['validation']);
    expect((await complete(id)).status).toBe(200);
    await gateway.get(`/ordermanagement/v1/orders/${id}`);
    const told = await until('the timeline tells', async () => {
      const { items } = (await gateway.get(`/orders/${id}/timeline`)).json as { items: { type: string; data: object }[] };
      return items.find(({ type }) => type === 'checkout.question_answered');
    });
    expect(told.data).toMatchObject({ entry: 'validation', answered_by: 'shop', status: 200 });
  });

  it('are answered with the shop’s no, in its words', async () => {
    shop.answer = (response) =>
      response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error_type":"approval_failed","error_text":"Sold out"}');
    const id = await checkout(gateway, ['validation']);
    const refused = await complete(id);
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('Sold out')]);
    expect(await recorded(gateway, id)).toMatchObject([{ answered_by: 'shop', status: 400 }]);
  });

  it('are answered with the page to which the shop sends the shopper', async () => {
    shop.answer = (response) => response.writeHead(303, { Location: 'https://shop.example/sold-out' }).end();
    const id = await checkout(gateway, ['validation']);
    expect(await (await complete(id)).text()).toContain('elsewhere');
    expect(await recorded(gateway, id)).toMatchObject([{ answered_by: 'shop', status: 303 }]);
  });

  const WRONG: [string, (typeof shop)['answer'], RegExp][] = [
    ['is silent', () => undefined, /TIMEOUT/],
    ['fails', (response) => response.writeHead(500).end(), /500/],
    ['hangs up', (response) => response.destroy(), /no answer/],
    ['answers what Klarna does not know', (response) => response.writeHead(204).end(), /204/],
    ['drips', (response) => response.writeHead(400).write('{'), /cut short|TIMEOUT/],
  ];
  it.each(WRONG)('are answered in time in place of a shop that %s: yes or no, as configured', async (_, answer, reason) => {
    shop.answer = answer;
    for (const [at, completes, status] of [
      [gateway, 200, 200],
      [strict, 403, 400],
    ] as const) {
      const id = await checkout(at, ['validation'], { options: { require_validate_callback_success: true } });
      const began = performance.now();
      expect((await complete(id)).status).toBe(completes);
      expect(performance.now() - began).toBeLessThan(3_000);
      expect(await recorded(at, id)).toMatchObject([{ answered_by: 'fallback', status, reason: expect.stringMatching(reason) }]);
    }
  });

  it('about a cart: the shop’s cart goes back byte by byte; a wrong one does not, nor one of before', async () => {
    const cart = { order_amount: 11_000, order_tax_amount: 2_200, purchase_currency: 'SEK', order_lines: [] as object[] };
    cart.order_lines = [{ name: 'Shoe', quantity: 1, unit_price: 11_000, tax_rate: 2500, total_amount: 11_000, total_tax_amount: 2_200 }];
    const answering = (body: object) => {
      shop.answer = (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    };
    const id = await checkout(gateway, ['address_update']);
    const address = (city: string) => ({
      billing_address: { given_name: 'A', family_name: 'B', city, country: 'SE', email: 'a@b.example' },
    });
    const amount = async () => ((await gateway.get(`/checkout/v3/orders/${id}`)).json as { order_amount: number }).order_amount;
    answering(cart);
    expect((await change(id, address('Malmö'))).status).toBe(200);
    expect(await amount()).toBe(11_000);
    answering({ ...cart, order_amount: 99_999 });
    expect((await change(id, address('Lund'))).status).toBe(200);
    // As it was: the question's own cart, neither the wrong answer nor another one of the shop's.
    expect(await amount()).toBe(11_000);
    expect(await recorded(gateway, id, 2)).toMatchObject([
      { entry: 'address_update', answered_by: 'shop', status: 200 },
      { entry: 'address_update', answered_by: 'fallback', status: 200, reason: expect.stringContaining('order_amount') },
    ]);
  });

  it('are counted, by who answered them', async () => {
    shop.answer = (response) => response.writeHead(200).end();
    await complete(await checkout(gateway, ['validation']));
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/gateway_questions_total\{entry="validation",answered_by="shop",status="200"\} [1-9]/);
    expect(metrics).toMatch(/gateway_questions_total\{entry="validation",answered_by="fallback",status="200"\} [1-9]/);
    expect(metrics).toContain('gateway_question_seconds_bucket');
  });

  it('stay between Klarna and the shop unless the merchant wants otherwise', async () => {
    const plain = await started({});
    try {
      const id = await checkout(plain, ['validation', 'address_update']);
      const shown = await fetch(`${simulator.url}/checkout/v3/orders/${id}`, {
        headers: { Authorization: `Basic ${btoa('simulator:simulator')}` },
      });
      const { merchant_urls: urls } = (await shown.json()) as { merchant_urls: Record<string, string> };
      expect([urls['validation'], urls['address_update']]).toEqual([
        shop.url('/validation?o={checkout.order.id}'),
        shop.url('/address_update?o={checkout.order.id}'),
      ]);
      expect(urls['push']).toContain('/webhooks/klarna/');
    } finally {
      await plain.close();
    }
  });

  it('are on record when the process stops right after an answer', async () => {
    shop.answer = (response) => response.writeHead(200).end();
    const stopping = await started({ FORWARD_QUESTIONS: QUESTIONS });
    const id = await checkout(stopping, ['validation']);
    await complete(id);
    await stopping.app.close();
    const rows = await rowsOf(stopping.database, 'SELECT * FROM question_answers WHERE provider_order_id = $1', [id]);
    await stopping.database.drop();
    expect(rows).toHaveLength(1);
  });
});
