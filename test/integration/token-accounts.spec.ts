import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startSimulator } from '../../simulator/simulator.js';
import { Clock } from '../../src/clock/clock.js';
import { type CreatedMerchant, createMerchant } from '../../src/merchants/create-merchant.js';
import { Database } from '../../src/persistence/database.js';
import { CustomerTokensRepository } from '../../src/persistence/repositories/customer-tokens.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { cartOf, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { REQUEST, tokenPath } from '../support/tokens.js';

/** With which of Klarna's accounts a token is used: each account has tokens of its own there. */
let gateway: TestGateway;
let merchant: CreatedMerchant;
let earlier: CreatedMerchant;
beforeAll(async () => {
  const usernames = ['simulator', 'tokens', 'earlier'];
  const simulator = await startSimulator({ accounts: usernames.map((username) => ({ username, password: username })) });
  gateway = await testGateway({ simulator });
  const { app } = gateway;
  const rows = { database: app.get(Database), envelope: app.get(SealedEnvelope), clock: app.get(Clock) };
  const account = (username: string) => ({ host: 'simulator', baseUrl: simulator.url, username, password: username });
  const credentials = (name: string) => [{ secret: { scheme: 'basic' as const, username: name, password: name } }];
  const split = { payments: account('simulator'), 'customer-token': account('tokens') };
  merchant = await createMerchant(rows, { name: 'shop', credentials: credentials('shop'), accounts: split });
  earlier = await createMerchant(rows, { name: 'nobody', credentials: credentials('nobody'), accounts: account('earlier') });
});
afterAll(async () => {
  await gateway.close();
  await gateway.simulator.close();
});

/** A token that Klarna has made for one of its accounts, and the row that says whose and of which account it is. */
async function token(username: string, providerAccountId: string): Promise<string> {
  const there = new Client(gateway.simulatorUrl, gateway.simulatorUrl, `${username}:${username}`);
  const { token: authorization } = await there.authorized(cartOf(10_000, { intent: 'tokenize' }));
  const made = await there.post(`/payments/v1/authorizations/${authorization}/customer-token`, REQUEST);
  const { token_id: id } = made.json as { token_id: string };
  const owner = { merchantId: merchant.merchantId, providerAccountId, dataSubject: '00000000-0000-7000-8000-000000000001' };
  const { app } = gateway;
  await app.get(CustomerTokensRepository, { strict: false }).insert(app.get(Database), id, owner, app.get(Clock).now());
  return id;
}

it.each([
  { made: 'with the account of Payments of today', used: 'tokens', account: () => merchant.accountIds.payments },
  { made: 'with the account of Customer Token', used: 'tokens', account: () => merchant.accountIds['customer-token'] },
  { made: 'with an account that was in use before', used: 'earlier', account: () => earlier.accountIds.payments },
])('a token that was made $made is used as $used', async ({ used, account }) => {
  const path = tokenPath(await token(used, account()));
  const shown = await gateway.call('GET', path, { as: 'shop:shop' });
  expect([shown.status, shown.json]).toMatchObject([200, { status: 'ACTIVE' }]);
  const { requests: all } = (await gateway.simulate('GET', '/simulator/ledger/requests')) as {
    requests: { path: string; merchant: string }[];
  };
  expect(all.filter((request) => request.path === path).map((request) => request.merchant)).toEqual([used]);
});
