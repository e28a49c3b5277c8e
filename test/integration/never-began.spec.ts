import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable } from '../../src/persistence/database.js';
import { AcceptanceRepository } from '../../src/persistence/repositories/acceptance.repository.js';
import type { Answer, Call } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { lastSequence, ordersPath, requests, rowsOf } from '../support/scene.js';

const BODY = { captured_amount: 2_500, reference: 'parcel 1' };
const TABLES = ['operations', 'attempts', 'readings', 'idempotency_keys', 'provider_keys', 'lanes'];

describe('a request that never began', () => {
  let gateway: TestGateway;
  let strict: TestGateway;
  let rival: string;
  beforeAll(async () => {
    gateway = await testGateway();
    rival = await addMerchant(gateway, 'rival');
    const { simulator, database } = gateway;
    strict = await testGateway({ simulator, database, env: { API_KEY_REQUIRED: 'true' } });
  });
  afterEach(() => void jest.restoreAllMocks());
  afterAll(async () => {
    await strict.close();
    await gateway.close();
  });

  /** Everything that is on record of operations. */
  const record = async () =>
    (await rowsOf(gateway.database, `SELECT ${TABLES.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ')}`))[0];

  it.each<[number, string, Call]>([
    [400, 'a body that is no JSON', { body: '{"captured_amount":' }],
    [400, 'a body that is a list', { body: '[]' }],
    [400, 'a member twice', { body: '{"captured_amount":1,"captured_amount":2}' }],
    [400, 'a field of a wrong type', { body: { captured_amount: '2500' } }],
    [400, 'an empty key', { body: BODY, key: '' }],
    [400, 'a key that is too long', { body: BODY, key: 'k'.repeat(256) }],
    [400, 'a key beyond ASCII', { body: BODY, key: 'k\u00e5' }],
    [401, 'no credentials', { body: BODY, as: null }],
    [401, 'wrong credentials', { body: BODY, as: 'demo:wrong' }],
    [404, "another merchant's order", { body: BODY, as: 'rival:rival' }],
    [413, 'a body that is too large', { body: `{"captured_amount":1,"reference":"${'x'.repeat(1_100_000)}"}` }],
    [415, 'another content type', { body: BODY, headers: { 'Content-Type': 'text/plain' } }],
  ])('leaves nothing on record, and its key free: %s, %s', async (status, _, call) => {
    const id = await gateway.order();
    const key = call.key ?? randomUUID();
    const path = ordersPath(id, '/captures');
    const before = await record();
    const since = await lastSequence(gateway);
    const answer = await gateway.call('POST', path, { ...call, key });
    expect(answer.status).toBe(status);
    expect(await record()).toEqual(before);
    expect((await requests(gateway, { path: '/*' }, since)).filter(({ method }) => method !== 'GET')).toEqual([]);
    if (call.key !== undefined) return;
    // Whoever has the key may use it for something else.
    const as = call.as === 'rival:rival' ? rival : 'demo:demo';
    const target = call.as === 'rival:rival' ? await rivalsOrder() : id;
    const other = await gateway.call('POST', ordersPath(target, '/captures'), { body: { captured_amount: 100 }, key, as });
    expect(other.status).toBe(201);
  });

  async function rivalsOrder(): Promise<string> {
    const cart = (await gateway.authorized()).cart;
    const session = await gateway.call('POST', '/payments/v1/sessions', { body: cart, as: rival });
    const { session_id: sessionId } = session.json as { session_id: string };
    const { authorization_token: token } = (await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {})) as {
      authorization_token: string;
    };
    const placed = await gateway.call('POST', `/payments/v1/authorizations/${token}/order`, { body: cart, as: rival });
    return (placed.json as { order_id: string }).order_id;
  }

  it('leaves nothing on record where a key is required and none came', async () => {
    const id = await gateway.order();
    const before = await record();
    expect((await strict.post(ordersPath(id, '/captures'), BODY)).status).toBe(400);
    expect(await record()).toEqual(before);
  });

  it('leaves nothing on record, and its key free, when Postgres did not take it (503)', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const path = ordersPath(id, '/captures');
    const before = await record();
    jest.spyOn(gateway.app.get(AcceptanceRepository), 'accept').mockRejectedValueOnce(new DatabaseUnavailable('gone'));
    const refused: Answer = await gateway.post(path, BODY, key);
    expect([refused.status, refused.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    expect(await record()).toEqual(before);
    expect(await requests(gateway, { method: 'POST', path })).toEqual([]);
    expect((await gateway.post(path, { captured_amount: 100 }, key)).status).toBe(201);
  });

  it('is not looked up: the form of a key is judged before anything is asked of Postgres', async () => {
    const id = await gateway.order();
    const repository = gateway.app.get(AcceptanceRepository);
    const asked = [jest.spyOn(repository, 'accept'), jest.spyOn(repository, 'byKey')];
    expect((await gateway.post(ordersPath(id, '/captures'), BODY, 'k'.repeat(256))).status).toBe(400);
    for (const spy of asked) expect(spy).not.toHaveBeenCalled();
    expect((await gateway.post(ordersPath(id, '/captures'), BODY, 'k'.repeat(255))).status).toBe(201);
    expect(asked[0]).toHaveBeenCalledTimes(1);
  });
});
