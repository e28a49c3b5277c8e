import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testGateway, type TestGateway } from '../support/gateway.js';

describe('a capture', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    await gateway.simulate('DELETE', '/simulator/faults');
  });

  it('happens once for 64 equal requests with one key at once, and all get the same answer', async () => {
    const orderId = await gateway.order(10_000);
    const path = `/ordermanagement/v1/orders/${orderId}/captures`;
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 64 }, () => gateway.post(path, { captured_amount: 2_500, reference: 'parcel' }, key)),
    );
    const told = answers.map(({ status, headers, text }) => ({
      status,
      capture: headers['capture-id'],
      location: headers['location'],
      text,
    }));
    expect(new Set(told.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(told[0]?.status).toBe(201);
    const ledger = await gateway.ledger(orderId);
    expect(ledger.captures).toHaveLength(1);
    expect(ledger.captured_amount).toBe(2_500);
    expect(ledger.captures[0]?.idempotency_key).toBe(key);
    expect(await gateway.stored(orderId)).toMatchObject({ captured_amount: 2_500, remaining_authorized_amount: 7_500 });
  });
});
