import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, manualCapture, ordersPath, rowsOf } from '../support/scene.js';

describe('a merchant with API_LIMITS=report', () => {
  let gateway: TestGateway;
  const warned = jest.spyOn(Logger.prototype, 'warn');
  beforeAll(async () => {
    gateway = await testGateway({ env: { API_LIMITS: 'report' } });
  });
  afterAll(async () => {
    warned.mockRestore();
    await gateway.close();
  });

  it('has Klarna judge what is beyond a limit, and is told by path', async () => {
    const shopper = 'Jane Doe '.repeat(20);
    const body = JSON.stringify({ ...cartOf(10_000), billing_address: { given_name: shopper } });
    const since = await lastSequence(gateway);
    const answer = await gateway.post('/payments/v1/sessions', body);
    // Klarna, as the simulator has it, keeps to its document.
    expect([answer.status, answer.headers['limits-reported']]).toEqual([400, 'billing_address.given_name']);
    expect((answer.json as { error_code: string }).error_code).toBe('BAD_VALUE');
    const { requests } = (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as {
      requests: { body_base64: string }[];
    };
    expect(requests.map((each) => Buffer.from(each.body_base64, 'base64').toString())).toEqual([body]);
    const lines = warned.mock.calls.map(([message]) => String(message));
    const told = lines.filter((line) => line.includes('beyond limits'));
    expect(told).toEqual([
      expect.stringMatching(/^POST \/payments\/v1\/sessions forwarded beyond limits: billing_address\.given_name [0-9a-f-]{36}$/),
    ]);
    expect(lines.join()).not.toContain('Jane');
  });

  it('has amounts refused as ever, with nothing stored', async () => {
    const since = await lastSequence(gateway);
    const answer = await gateway.post(ordersPath('o-1', '/captures'), { captured_amount: -1, reference: 'x'.repeat(256) });
    expect([answer.status, answer.json]).toMatchObject([400, { error_messages: ['Bad value: captured_amount'] }]);
    expect(await lastSequence(gateway)).toBe(since);
    expect(await rowsOf(gateway.database, `SELECT id FROM operations WHERE lane = 'o-1'`)).toEqual([]);
  });

  it.each(['a%2Fb', '%00', 'x'.repeat(256)])('has ids refused as ever, with nothing sent: %s', async (id) => {
    const since = await lastSequence(gateway);
    const answer = await gateway.post(ordersPath(id, '/captures'), { captured_amount: 1, reference: 'x'.repeat(256) });
    expect([answer.status, answer.json]).toMatchObject([404, { error_code: 'NO_SUCH_ORDER' }]);
    expect(await lastSequence(gateway)).toBe(since);
  });

  it('has limits enforced on the own routes, where nobody judges after us', async () => {
    const id = await manualCapture(gateway, await gateway.order(), 1_000);
    const answer = await gateway.post(`/operations/${id}/resolve`, { outcome: 'maybe', reason: 'x'.repeat(1_001) });
    expect([answer.status, answer.json]).toMatchObject([400, { detail: 'Bad value: outcome Bad value: reason' }]);
  });
});
