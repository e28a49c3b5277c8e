import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { accepted, expectRowsLikeLedger, gateAt, operationIn, ordersPath, settled } from '../support/scene.js';

describe('a process that is being stopped', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  it('answers callers who wait for their turn at once, with the address of their operation', async () => {
    const { simulator, database } = gateway;
    const env = { KLARNA_TIMEOUT_MS: '30000', ANSWER_WAIT_MS: '25000', LEASE_MS: '4000', ROLE: 'api' };
    const stopped = await testGateway({ simulator, database, env });
    const id = await gateway.order();
    const path = ordersPath(id, '/captures');
    const gate = await gateAt(gateway, 'before', path);
    const inFlight = stopped.post(path, { captured_amount: 1_000 });
    await gate.waiting();
    const behind = stopped.post(path, { captured_amount: 500 });
    await accepted(gateway, id, 2);
    const begun = performance.now();
    const closing = stopped.close();
    const answer = await behind;
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect([202, 503]).toContain(answer.status);
    expect(operationIn(answer)).toMatch(/^[0-9a-f-]{36}$/);
    await gate.open();
    expect([201, 202]).toContain((await inFlight).status);
    await closing;
    // Others go on with it.
    expect((await settled(gateway, answer)).state).toBe('succeeded');
    expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(1_500);
  });
});
