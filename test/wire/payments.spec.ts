import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Clock } from '../../src/clock/clock.js';
import { createMerchant } from '../../src/merchants/create-merchant.js';
import type { OperationContext, ReadResult } from '../../src/operations/handler.js';
import { CancelAuthorizationHandler } from '../../src/payments/cancel-authorization.handler.js';
import { CreateOrderHandler } from '../../src/payments/create-order.handler.js';
import { Database } from '../../src/persistence/database.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { cartOf, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { elsewhere } from '../support/scene.js';

describe('sessions and authorizations, with Klarna behind them', () => {
  let gateway: TestGateway;
  let other: Client;
  let stranger: Client;
  let database: Database;

  beforeAll(async () => {
    gateway = await testGateway();
    database = gateway.app.get(Database);
    const envelope = gateway.app.get(SealedEnvelope);
    const clock = gateway.app.get(Clock);
    const add = async (name: string, username: string) => {
      const accounts = { host: 'simulator', baseUrl: gateway.simulator.url, username, password: username };
      await createMerchant(
        { database, envelope, clock },
        { name, credentials: [{ secret: { scheme: 'basic', username: name, password: name } }], accounts },
      );
      return new Client(gateway.url, gateway.simulator.url, `${name}:${name}`);
    };
    // One shares demo's account at Klarna, the other has one of its own.
    other = await add('other', 'simulator');
    stranger = await add('stranger', 'stranger');
  });
  afterAll(() => gateway.close());

  const sessionRow = async (sessionId: string) => {
    const [row] = await database.query<Record<string, unknown>>('SELECT * FROM payment_sessions WHERE provider_session_id = $1', [
      sessionId,
    ]);
    return row;
  };
  const authorize = async (sessionId: string): Promise<string> => {
    const answer = await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {});
    return (answer as { authorization_token: string }).authorization_token;
  };
  const context = async (
    token: string,
    kind: 'payments.create-order' | 'payments.cancel-authorization',
    body: unknown = null,
  ): Promise<OperationContext> => {
    const [account] = await database.query<{ id: string; merchant_id: string }>(
      `SELECT l.provider_account_id AS id, l.merchant_id FROM merchant_provider_accounts l JOIN merchants m ON m.id = l.merchant_id
        WHERE m.name = 'demo' AND api = 'payments'`,
    );
    return {
      id: '00000000-0000-7000-8000-000000000000',
      kind,
      merchantId: account?.merchant_id ?? '',
      providerAccountId: account?.id ?? '',
      lane: null,
      dataSubject: '00000000-0000-7000-8000-000000000001',
      target: { authorizationToken: token },
      before: {},
      passedHeaders: {},
      body: body === null ? null : Buffer.from(JSON.stringify(body)),
      amount: null,
      reference: null,
      createdAt: new Date(),
    };
  };
  const lookForOrder = async (token: string, cart: unknown, more: Partial<OperationContext> = {}): Promise<ReadResult> =>
    gateway.app.get(CreateOrderHandler, { strict: false }).read({ ...(await context(token, 'payments.create-order', cart)), ...more });
  const lookForCancel = async (token: string, more: Partial<OperationContext> = {}): Promise<ReadResult> =>
    gateway.app
      .get(CancelAuthorizationHandler, { strict: false })
      .read({ ...(await context(token, 'payments.cancel-authorization')), ...more });

  it('keeps of a session what it needs, from its making, its updates and its reads, and no token in the open', async () => {
    const created = await gateway.post('/payments/v1/sessions', cartOf(10_000, { merchant_reference1: 'A-1' }));
    const { session_id: id } = created.json as { session_id: string };
    expect(await sessionRow(id)).toMatchObject({
      status: 'incomplete',
      purchase_currency: 'SEK',
      order_amount: '10000',
      merchant_reference1: 'A-1',
    });
    expect((await gateway.post(`/payments/v1/sessions/${id}`, { merchant_reference1: 'A-2' })).status).toBe(204);
    expect(await sessionRow(id)).toMatchObject({ merchant_reference1: 'A-2', order_amount: '10000', authorization_token_hash: null });
    const token = await authorize(id);
    const read = await gateway.get(`/payments/v1/sessions/${id}`);
    expect((read.json as { authorization_token: string }).authorization_token).toBe(token);
    const row = await sessionRow(id);
    expect(row?.['expires_at']).toBeInstanceOf(Date);
    expect(row?.['authorization_token_hash']).toEqual(gateway.app.get(SealedEnvelope).fingerprint('authorization-token', token));
  });

  it('passes the session on as Klarna wrote it', async () => {
    const { sessionId } = await gateway.authorized();
    const direct = await fetch(`${gateway.simulator.url}/payments/v1/sessions/${sessionId}`, {
      headers: { Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}` },
    });
    expect((await gateway.get(`/payments/v1/sessions/${sessionId}`)).text).toBe(await direct.text());
  });

  it('adopts a session that Klarna knows and we do not', async () => {
    const { sessionId } = await gateway.authorized();
    await database.query('DELETE FROM payment_sessions WHERE provider_session_id = $1', [sessionId]);
    expect((await gateway.get(`/payments/v1/sessions/${sessionId}`)).status).toBe(200);
    expect(await sessionRow(sessionId)).toMatchObject({ status: 'incomplete', order_amount: '10000' });
  });

  it('answers an unknown session in the words of Klarna', async () => {
    const answer = await gateway.get('/payments/v1/sessions/00000000-0000-4000-8000-000000000000');
    expect([answer.status, answer.json]).toMatchObject([404, { error_code: 'NOT_FOUND', error_messages: ['Invalid session id'] }]);
  });

  it("knows nothing of another merchant's session or authorization, and asks Klarna nothing", async () => {
    const { sessionId, token, cart } = await gateway.authorized();
    await gateway.get(`/payments/v1/sessions/${sessionId}`);
    const unknown = await other.get('/payments/v1/sessions/00000000-0000-4000-8000-000000000000');
    // Whatever reached Klarna would be answered with this.
    await gateway.fault('status', { path: '/payments/*' }, { code: 500, times: 1_000 });
    for (const caller of [other, stranger]) {
      const answers = [
        await caller.get(`/payments/v1/sessions/${sessionId}`),
        await caller.post(`/payments/v1/sessions/${sessionId}`, { merchant_reference1: 'stolen' }),
      ];
      for (const answer of answers) {
        expect([answer.status, (answer.json as { error_messages: unknown }).error_messages]).toEqual([404, ['Invalid session id']]);
        expect(Object.keys(answer.json as object).sort()).toEqual(Object.keys(unknown.json as object).sort());
      }
      expect((await caller.post(`/payments/v1/authorizations/${token}/order`, cart)).status).toBe(404);
      expect((await caller.call('DELETE', `/payments/v1/authorizations/${token}`)).status).toBe(404);
    }
    await gateway.simulate('DELETE', '/simulator/faults');
    expect((await gateway.post(`/payments/v1/authorizations/${token}/order`, cart)).status).toBe(200);
  });

  it('hands the data subject of a session on to its order', async () => {
    const { sessionId, token, cart } = await gateway.authorized();
    await gateway.get(`/payments/v1/sessions/${sessionId}`);
    const order = (await gateway.post(`/payments/v1/authorizations/${token}/order`, cart)).json as { order_id: string };
    const [row] = await database.query<{ data_subject: string }>('SELECT data_subject FROM orders WHERE provider_order_id = $1', [
      order.order_id,
    ]);
    expect(await sessionRow(sessionId)).toMatchObject({ data_subject: row?.data_subject, status: 'complete' });
  });

  it('says that Klarna is unavailable, with its words when it had some', async () => {
    const { sessionId } = await gateway.authorized();
    const path = `/payments/v1/sessions/${sessionId}`;
    await gateway.fault('reset_before', { method: 'GET', path });
    const silent = await gateway.get(path);
    expect([silent.status, silent.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
    expect(silent.headers['retry-after']).toBe('1');
    await gateway.fault('garbage_after', { method: 'GET', path }, { variant: 'html' });
    const garbled = await gateway.get(path);
    expect([garbled.status, garbled.headers['retry-after'], garbled.text]).toEqual([
      503,
      '1',
      expect.stringContaining('something unreadable'),
    ]);
    await gateway.fault('status', { method: 'GET', path }, { code: 500 });
    expect((await gateway.get(path)).status).toBe(503);
    await gateway.fault('status', { method: 'GET', path }, { code: 401 });
    const credentials = await gateway.get(path);
    expect([credentials.status, credentials.json]).toMatchObject([502, { error_code: 'PROVIDER_CREDENTIALS' }]);
  });

  describe('looking for an order', () => {
    it('finds it placed or absent by the session that showed the token', async () => {
      const { sessionId, token, cart } = await gateway.authorized();
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'absent', data: { session: sessionId, token: 'same' } });
      // Placed, and no operation on record that heard of it: the one that is looked for.
      await elsewhere(gateway, `/payments/v1/authorizations/${token}/order`, cart);
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'placed', providerId: null, answer: null });
    });

    it('finds it absent when another request has placed the order of this token', async () => {
      const { token, cart } = await gateway.authorized();
      await gateway.post(`/payments/v1/authorizations/${token}/order`, cart);
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'absent', data: { order: 'placed by another request' } });
    });

    it('finds the session of a token that it has never seen, among those of this cart', async () => {
      const cart = cartOf(7_331);
      await gateway.authorized(cart);
      const { sessionId, token } = await gateway.authorized(cart);
      await gateway.authorized(cart);
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'absent', data: { session: sessionId } });
      expect((await sessionRow(sessionId))?.['authorization_token_hash']).not.toBeNull();
      expect(await lookForOrder(token, cartOf(7_332))).toMatchObject({ finding: 'absent', data: { session: sessionId } });
    });

    it('calls it unreadable when no session can be the one', async () => {
      const cart = cartOf(7_433);
      expect(await lookForOrder('no-such-token', cart)).toMatchObject({
        finding: 'unreadable',
        data: { session: 'unknown', candidates: 0 },
      });
      await gateway.authorized(cart);
      expect(await lookForOrder('no-such-token', cart)).toMatchObject({
        finding: 'unreadable',
        data: { session: 'unknown', candidates: 1 },
      });
    });

    it('calls it unreadable while the session can not be read', async () => {
      const { sessionId, token, cart } = await gateway.authorized();
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      await gateway.fault('status', { method: 'GET', path: `/payments/v1/sessions/${sessionId}` }, { code: 503 });
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'unreadable', data: { code: 'HTTP_503' } });
      await database.query('UPDATE payment_sessions SET provider_session_id = $2 WHERE provider_session_id = $1', [
        sessionId,
        `${sessionId}x`,
      ]);
      expect(await lookForOrder(token, cart)).toMatchObject({ finding: 'unreadable', data: { code: 'HTTP_404' } });
    });

    it('finds it absent when a newer token took the place of ours, also when that one was used', async () => {
      const { sessionId, token, cart } = await gateway.authorized();
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      const newer = await authorize(sessionId);
      const dataSubject = String((await sessionRow(sessionId))?.['data_subject']);
      expect(await lookForOrder(token, cart, { dataSubject })).toMatchObject({ finding: 'absent', data: { token: 'other' } });
      await gateway.post(`/payments/v1/authorizations/${newer}/order`, cart);
      expect(await lookForOrder(token, cart, { dataSubject })).toMatchObject({
        finding: 'absent',
        data: { token: 'other', status: 'complete' },
      });
    });
  });

  describe('looking for a cancelled authorization', () => {
    it('finds it gone when the session no longer shows it', async () => {
      const { sessionId, token } = await gateway.authorized();
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      expect((await lookForCancel(token)).finding).toBe('absent');
      expect((await gateway.call('DELETE', `/payments/v1/authorizations/${token}`)).status).toBe(204);
      expect(await lookForCancel(token)).toMatchObject({ finding: 'present', answer: { status: 204, headers: {}, body: null } });
    });

    it('does not call an authorization gone that became an order', async () => {
      const { sessionId, token, cart } = await gateway.authorized();
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      await gateway.post(`/payments/v1/authorizations/${token}/order`, cart);
      expect(await lookForCancel(token)).toMatchObject({ finding: 'absent', data: { order: 'placed' } });
    });

    it('takes a 404 of an earlier attempt for gone when no session is known', async () => {
      expect((await lookForCancel('never-seen')).finding).toBe('unreadable');
      await gateway.call('DELETE', '/payments/v1/authorizations/never-seen');
      const [operation] = await database.query<{ id: string }>(
        `SELECT operation_id AS id FROM attempts WHERE status = 404 ORDER BY started_at DESC LIMIT 1`,
      );
      expect((await lookForCancel('never-seen', { id: operation?.id ?? '' })).finding).toBe('present');
    });
  });
});
