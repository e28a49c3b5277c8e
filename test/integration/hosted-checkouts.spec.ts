import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CHECKOUTS, completed, opened } from '../support/checkouts.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { expectRowsLikeLedger, lastSequence, ordersPath, requests, rowsOf, timeline } from '../support/scene.js';
import { until } from '../support/until.js';

const PAGES = '/hpp/v1/sessions';

interface Page {
  session_id: string;
  status: string;
  order_id?: string;
}

describe('a hosted page for a checkout', () => {
  let gateway: TestGateway;
  let neighbour: string;
  beforeAll(async () => {
    gateway = await testGateway();
    neighbour = await addMerchant(gateway, 'neighbour');
  });
  afterEach(() => gateway.simulate('DELETE', '/simulator/behaviour'));
  afterAll(() => gateway.close());

  const make = async (checkout: string, base = gateway.url) => {
    const made = await gateway.post(PAGES, { payment_session_url: `${base}${CHECKOUTS}/${checkout}` });
    expect([made.status, made.text]).toEqual([201, expect.any(String)]);
    return (made.json as Page).session_id;
  };
  const play = (id: string, action: string, given: object = {}) =>
    gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action, ...given });
  const read = async (id: string) => (await gateway.get(`${PAGES}/${id}`)).json as Page;
  const row = async (id: string) =>
    (
      await rowsOf(
        gateway.database,
        'SELECT purchase_api, purchase_id, status, provider_order_id FROM hosted_pages WHERE provider_session_id = $1',
        [id],
      )
    )[0];
  const order = (id: string) =>
    rowsOf(
      gateway.database,
      `SELECT c.data_subject = o.data_subject AND c.provider_account_id = o.provider_account_id AS "isTheCheckouts"
         FROM orders o JOIN checkout_orders c USING (provider_order_id) WHERE provider_order_id = $1`,
      [id],
    );

  it.each([
    ['this service', () => gateway.url, 'shown'],
    ['Klarna', () => gateway.simulatorUrl, 'left_out'],
  ])('named at %s is made at Klarna, paid, and its order adopted by the read (%s)', async (_, base, checkout_page_order) => {
    await gateway.behave({ checkout_page_order });
    const { id: checkout } = await opened(gateway);
    const id = await make(checkout, base());
    expect(await row(id)).toEqual({ purchase_api: 'checkout', purchase_id: checkout, status: 'WAITING', provider_order_id: null });
    await play(id, 'open');
    expect((await read(id)).status).toBe('IN_PROGRESS');
    expect(await order(checkout)).toEqual([]);

    await play(id, 'pay', { billing_address: { given_name: 'Alva' } });
    const shown = await read(id);
    expect([shown.status, shown.order_id]).toEqual(['COMPLETED', checkout_page_order === 'shown' ? checkout : undefined]);
    expect(await row(id)).toMatchObject({ status: 'COMPLETED', provider_order_id: checkout });
    expect(await order(checkout)).toEqual([{ isTheCheckouts: true }]);
    await until('the order was read', async () => (await gateway.stored(checkout))['status'] === 'AUTHORIZED');
    // The checkout, when it is read as well, tells nothing new.
    expect((await gateway.get(`${CHECKOUTS}/${checkout}`)).json).toMatchObject({ status: 'checkout_complete' });
    expect((await timeline(gateway, checkout)).filter(({ type }) => type === 'order.adopted')).toHaveLength(1);

    const captured = await gateway.post(ordersPath(checkout, '/captures'), { captured_amount: 4_000 });
    expect([captured.status, (await expectRowsLikeLedger(gateway, checkout)).captured_amount]).toEqual([201, 4_000]);
  });

  it('is declined and paid by another try', async () => {
    const { id: checkout } = await opened(gateway);
    const id = await make(checkout);
    await play(id, 'pay', { billing_address: { email: 'a+denied@example.com' } });
    expect([(await read(id)).status, await order(checkout)]).toEqual(['FAILED', []]);
    await play(id, 'pay', { billing_address: { email: 'a@example.com' } });
    expect([(await read(id)).status, await order(checkout)]).toEqual(['COMPLETED', [{ isTheCheckouts: true }]]);
  });

  it('adopts nothing while its read fails, and does once it succeeds', async () => {
    const { id: checkout } = await opened(gateway);
    const id = await make(checkout);
    await play(id, 'pay');
    await gateway.fault('status', { method: 'GET', path: `${PAGES}/${id}` }, { code: 500 });
    const failed = await gateway.get(`${PAGES}/${id}`);
    expect([failed.status, failed.json]).toMatchObject([
      503,
      { error_code: 'INTERNAL_SERVER_ERROR', error_messages: ['Simulated failure'] },
    ]);
    expect([await order(checkout), await row(id)]).toMatchObject([[], { status: 'WAITING' }]);
    await read(id);
    expect(await order(checkout)).toEqual([{ isTheCheckouts: true }]);
  });

  it("is refused for another merchant's checkout, like one that nobody has, and for one that is over, by Klarna", async () => {
    const { id: checkout } = await opened(gateway);
    const body = { payment_session_url: `${gateway.url}${CHECKOUTS}/${checkout}` };
    const since = await lastSequence(gateway);
    const foreign = await gateway.call('POST', PAGES, { body, as: neighbour });
    expect(await requests(gateway, { path: PAGES }, since)).toEqual([]);
    await completed(gateway, checkout);
    const over = await gateway.post(PAGES, body);
    const words = ({ error_code, error_messages }: { error_code?: string; error_messages?: string[] }) => [error_code, error_messages];
    expect([foreign.status, over.status, words(foreign.json as object)]).toEqual([404, 404, words(over.json as object)]);
  });
});
