import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';
import { Clock } from '../../src/clock/clock.js';
import { createMerchant } from '../../src/merchants/create-merchant.js';
import { Database } from '../../src/persistence/database.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { CHECKOUTS, checkoutOf, completed, opened } from '../support/checkouts.js';
import { Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { ordersPath, requests, rowsOf } from '../support/scene.js';
import { chargeOf, orderIn, tokenPath, tokensMade } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Klarna and Kustom: two hosts, each with credentials of its own. */
describe('a merchant whose Checkout is at another host than everything else', () => {
  let gateway: TestGateway;
  let kustomHost: Simulator;
  /** The shop, playing the shopper at each of the hosts. */
  let klarna: Client;
  let kustom: Client;
  let kustomAccount: string;

  beforeAll(async () => {
    gateway = await testGateway();
    kustomHost = await startSimulator({ accounts: [{ username: 'kustom', password: 'kustom-secret' }] });
    const at = (host: string, baseUrl: string, username: string, password: string) => ({ host, baseUrl, username, password });
    const { accountIds } = await createMerchant(
      { database: gateway.app.get(Database), envelope: gateway.app.get(SealedEnvelope), clock: gateway.app.get(Clock) },
      {
        name: 'moved',
        credentials: [{ secret: { scheme: 'basic', username: 'moved', password: 'moved' } }],
        accounts: {
          payments: at('simulator', gateway.simulator.url, 'simulator', 'simulator'),
          checkout: at('api.kustom.example', kustomHost.url, 'kustom', 'kustom-secret'),
        },
      },
    );
    kustomAccount = accountIds.checkout;
    klarna = new Client(gateway.url, gateway.simulator.url, 'moved:moved');
    kustom = new Client(gateway.url, kustomHost.url, 'moved:moved');
  });
  afterAll(async () => {
    await gateway.close();
    await kustomHost.close();
  });

  const elsewhere = (id: string) => requests(klarna, { path: `/ordermanagement/v1/orders/${id}*` });

  it('opens it there, and its order stays there: reads, captures and refunds', async () => {
    const { id } = await opened(kustom);
    expect(await requests(klarna, { path: `${CHECKOUTS}*` })).toEqual([]);
    await completed(kustom, id);
    expect((await kustom.get(`${CHECKOUTS}/${id}`)).json).toMatchObject({ status: 'checkout_complete' });
    const pinned = 'SELECT provider_account_id FROM orders WHERE provider_order_id = $1';
    expect(await rowsOf(gateway.database, pinned, [id])).toEqual([{ provider_account_id: kustomAccount }]);
    await until('the order was read where it is', async () => (await kustom.stored(id))['status'] === 'AUTHORIZED');

    const capture = await kustom.post(ordersPath(id, '/captures'), { captured_amount: 6_000 });
    expect(capture.status).toBe(201);
    expect((await kustom.post(ordersPath(id, '/refunds'), { refunded_amount: 1_000 })).status).toBe(201);
    expect((await kustom.get(ordersPath(id))).json).toMatchObject({ captured_amount: 6_000, refunded_amount: 1_000 });
    expect((await kustom.get(ordersPath(id, `/captures/${capture.headers['capture-id']}`))).status).toBe(200);
    expect(await kustom.ledger(id)).toMatchObject({ captured_amount: 6_000, refunded_amount: 1_000 });
    expect(await elsewhere(id)).toEqual([]);
  });

  it('manages its order there although nobody has read the completed checkout', async () => {
    const { id } = await opened(kustom);
    await completed(kustom, id);
    expect((await kustom.post(ordersPath(id, '/captures'), { captured_amount: 10_000 })).status).toBe(201);
    const row = `SELECT o.provider_account_id, o.data_subject = c.data_subject AS same FROM orders o JOIN checkout_orders c USING (provider_order_id)
      WHERE o.provider_order_id = $1`;
    expect(await rowsOf(gateway.database, row, [id])).toEqual([{ provider_account_id: kustomAccount, same: true }]);
    expect(await elsewhere(id)).toEqual([]);
  });

  it('finds its order there by a read, too, when the checkout is not shown any more', async () => {
    await kustom.behave({ completed_checkout: 'gone' });
    const { id } = await opened(kustom);
    await completed(kustom, id);
    expect((await kustom.get(`${CHECKOUTS}/${id}`)).status).toBe(404);
    expect((await kustom.get(ordersPath(id))).json).toMatchObject({ order_id: id, status: 'AUTHORIZED' });
    expect((await kustom.stored(id))['provider_order_id']).toBe(id);
    expect(await elsewhere(id)).toEqual([]);
    await kustom.simulate('DELETE', '/simulator/behaviour');
  });

  it('charges the recurring token of a checkout there, and manages the orders of it there', async () => {
    const { id } = await opened(kustom, checkoutOf(10_000, { recurring: true }));
    await completed(kustom, id);
    const { recurring_token: token } = (await kustom.get(`${CHECKOUTS}/${id}`)).json as { recurring_token: string };
    // To another merchant it is as unknown as one that nobody has, and nobody is asked.
    expect((await gateway.get(tokenPath(token))).json).toMatchObject({ error_code: 'TOKEN_NOT_FOUND' });
    expect((await kustom.get(tokenPath(token))).json).toMatchObject({ status: 'ACTIVE' });
    const charged = await kustom.call('POST', tokenPath(token, '/order'), { body: chargeOf(4_000), key: randomUUID() });
    expect(charged.status).toBe(200);
    const orderId = orderIn(charged);
    expect((await kustom.post(ordersPath(orderId, '/captures'), { captured_amount: 4_000 })).status).toBe(201);
    expect(await kustom.ledger(orderId)).toMatchObject({ captured_amount: 4_000 });
    expect(await tokensMade(kustom, token)).toMatchObject({ order_ids: [orderId] });
    expect(await requests(klarna, { path: '/customer-token/*' })).toEqual([]);
    const subjects = `SELECT count(DISTINCT data_subject)::int AS subjects FROM (SELECT data_subject FROM orders WHERE provider_order_id = ANY($1)
      UNION ALL SELECT data_subject FROM checkout_orders WHERE provider_order_id = $2) AS of`;
    expect(await rowsOf(gateway.database, subjects, [[id, orderId], id])).toEqual([{ subjects: 1 }]);
  });

  it('keeps its other orders where they were made', async () => {
    const id = await klarna.order();
    expect((await klarna.post(ordersPath(id, '/captures'), { captured_amount: 10_000 })).status).toBe(201);
    expect(await requests(kustom, { path: `/ordermanagement/v1/orders/${id}*` })).toEqual([]);
  });

  it('is told of credentials that Kustom refuses, and Klarna goes on', async () => {
    await kustom.fault('status', { method: 'POST', path: CHECKOUTS }, { code: 401 });
    expect((await kustom.post(CHECKOUTS, checkoutOf(10_000))).json).toMatchObject({ error_code: 'PROVIDER_CREDENTIALS' });
    const id = await klarna.order();
    expect((await klarna.post(ordersPath(id, '/captures'), { captured_amount: 1_000 })).status).toBe(201);
    expect((await kustom.post(CHECKOUTS, checkoutOf(10_000))).status).toBe(201);
  });
});
