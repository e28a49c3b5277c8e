import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { requests } from '../support/scene.js';

describe("another merchant's authorization token, on the same account at Klarna", () => {
  let gateway: TestGateway;
  let other: string;
  beforeAll(async () => {
    gateway = await testGateway();
    other = await addMerchant(gateway, 'm2');
  });
  afterAll(() => gateway.close());

  it('is not found, also with the bytes that made the order: nothing is sent, and no order is named', async () => {
    const { token, cart } = await gateway.authorized();
    const path = `/payments/v1/authorizations/${token}/order`;
    const mine = await gateway.post(path, cart);
    expect(mine.status).toBe(200);
    const { order_id: orderId } = mine.json as { order_id: string };
    const theirs = await gateway.call('POST', path, { body: cart, as: other });
    expect([theirs.status, theirs.json]).toMatchObject([404, { error_code: 'NOT_FOUND' }]);
    expect(theirs.text).not.toContain(orderId);
    expect(theirs.headers['location']).toBeUndefined();
    expect(theirs.headers['idempotent-replayed']).toBeUndefined();
    expect(await requests(gateway, { method: 'POST', path })).toHaveLength(1);
  });
});
