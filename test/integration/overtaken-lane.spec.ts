import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { expectRowsLikeLedger, lasting, operation, ordersPath, settled } from '../support/scene.js';

const ASYNC = { headers: { Prefer: 'respond-async' } };

describe('a cancel that overtakes a waiting capture', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  it('lets everything behind that capture go on: the release and the cancel itself', async () => {
    const id = await gateway.order(10_000);
    const fault = await lasting(gateway, 'status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 429 });
    const capture = await gateway.call('POST', ordersPath(id, '/captures'), { body: { captured_amount: 1_000 }, ...ASYNC });
    await settled(gateway, capture, ['waiting']);
    const release = await gateway.call('POST', ordersPath(id, '/release-remaining-authorization'), ASYNC);
    const cancel = await gateway.call('POST', ordersPath(id, '/cancel'), ASYNC);
    expect([capture.status, release.status, cancel.status]).toEqual([202, 202, 202]);
    // Nothing else happens at this order or account that could wake them.
    expect((await settled(gateway, release)).attempts).toBe(1);
    expect((await settled(gateway, cancel)).attempts).toBe(1);
    expect(await operation(gateway, capture)).toMatchObject({ state: 'withdrawn', reason: 'overtaken-by-cancel' });
    await fault.end();
    expect((await expectRowsLikeLedger(gateway, id)).captures).toEqual([]);
  });
});
