import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { BodyRetention } from '../../src/operations/body-retention.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import {
  elsewhere,
  expectRowsLikeLedger,
  lasting,
  operation,
  operationIn,
  type OperationView,
  requests,
  rowsOf,
  settled,
  told,
} from '../support/scene.js';
import { DAY, HOUR, pass } from '../support/time.js';
import { chargeOf, customerToken, orderIn, REQUEST, tokenIn, tokenPath, tokensMade } from '../support/tokens.js';
import { until } from '../support/until.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';
const DECLINED = { code: 403, error_code: 'PAYMENT_METHOD_FAILED' };

describe('customer tokens', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    // After a caller's wait nothing happens by itself until business time moves on.
    gateway = await testGateway({ env: { CLOCK: 'simulator', RETRY_DELAYS_MS: '60000' } });
  });
  afterAll(() => gateway.close());
  beforeEach(async () => {
    await gateway.simulate('DELETE', '/simulator/behaviour');
    await gateway.simulate('DELETE', '/simulator/faults');
  });

  /** Lets business time pass, as long as the operation waits for it, until enough has become of it. */
  async function goOn(of: Answer | string, enough: (view: OperationView) => boolean, seconds = 70): Promise<OperationView> {
    return until(
      'enough has become of it',
      async () => {
        const view = await operation(gateway, of);
        if (enough(view)) return view;
        if (view.next_attempt_at !== null) await pass(seconds, gateway);
        return false;
      },
      { withinMs: 30_000 },
    );
  }
  const charge = (token: string, more: Record<string, unknown> = {}, key: string = randomUUID(), headers: Record<string, string> = {}) =>
    gateway.call('POST', tokenPath(token, '/order'), { body: chargeOf(10_000, more), key, headers });
  const cancel = (token: string, headers: Record<string, string> = {}) =>
    gateway.call('PATCH', tokenPath(token, '/status'), { body: { status: 'CANCELLED' }, headers });

  describe('belong to the merchant who made or first used them', () => {
    it("and are to another what an unknown token is: nothing is sent, and the answers can't be told apart", async () => {
      const token = await customerToken(gateway);
      const other = await addMerchant(gateway, 'token-other');
      const stranger = await addMerchant(gateway, 'token-stranger', 'stranger');
      const asked = (as: string, of: string) =>
        Promise.all([
          gateway.call('GET', tokenPath(of), { as }),
          gateway.call('POST', tokenPath(of, '/order'), { as, body: chargeOf(10_000), key: randomUUID() }),
          gateway.call('PATCH', tokenPath(of, '/status'), { as, body: { status: 'CANCELLED' } }),
        ]);
      const shape = (answers: Answer[]) =>
        answers.map(({ status, json, headers }) => {
          const said = { ...(json as Record<string, unknown>), correlation_id: 'of its own' };
          return { status, said, type: headers['content-type'] };
        });
      const unknown = shape(await asked(other, NOBODY));
      expect(unknown.map(({ status, said }) => [status, (said as Record<string, unknown>)['error_code']])).toEqual(
        Array(3).fill([404, 'TOKEN_NOT_FOUND']),
      );
      const before = await requests(gateway, { path: '/customer-token/*' });
      for (const as of [other, stranger]) {
        expect(shape(await asked(as, token))).toEqual(unknown);
        // A UUID is the same in capitals.
        expect(shape(await asked(as, token.toUpperCase()))).toEqual(unknown);
      }
      expect(await requests(gateway, { path: '/customer-token/*' })).toHaveLength(before.length);
      expect((await gateway.get(tokenPath(token))).json).toMatchObject({ status: 'ACTIVE' });
      expect((await gateway.get(tokenPath(token.toUpperCase()))).status).toBe(200);
    });

    it('a token that Klarna knows and we do not becomes the first caller’s', async () => {
      const { token: authorization } = await gateway.authorized(cartOf(10_000, { intent: 'tokenize' }));
      const made = (await elsewhere(gateway, `/payments/v1/authorizations/${authorization}/customer-token`, REQUEST)) as {
        token_id: string;
      };
      const late = await addMerchant(gateway, 'token-late');
      expect((await gateway.get(tokenPath(made.token_id))).status).toBe(200);
      const refused = await gateway.call('GET', tokenPath(made.token_id), { as: late });
      expect([refused.status, refused.json]).toMatchObject([404, { error_code: 'TOKEN_NOT_FOUND' }]);
      expect((await charge(made.token_id)).status).toBe(200);
    });

    it('hands its data subject on to the orders that are made with it, and is stored nowhere in the open', async () => {
      const { token: authorization, sessionId } = await gateway.authorized(cartOf(10_000, { intent: 'buy_and_tokenize' }));
      await gateway.get(`/payments/v1/sessions/${sessionId}`);
      const token = tokenIn(await gateway.post(`/payments/v1/authorizations/${authorization}/customer-token`, REQUEST));
      const id = orderIn(await charge(token));
      const [row] = await rowsOf<{ session: string; token: string; order: string }>(
        gateway.database,
        `SELECT s.data_subject AS session, t.data_subject AS token, o.data_subject AS "order"
           FROM payment_sessions s JOIN customer_tokens t ON t.data_subject = s.data_subject
           JOIN orders o ON o.provider_order_id = $2 WHERE s.provider_session_id = $1`,
        [sessionId, id],
      );
      expect(new Set(Object.values(row ?? {})).size).toBe(1);
      const tables = await rowsOf<{ name: string }>(
        gateway.database,
        `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
      );
      for (const { name } of tables) {
        const found = await rowsOf(gateway.database, `SELECT 1 FROM "${name}" t WHERE t::text LIKE '%' || $1 || '%'`, [token]);
        expect([name, found.length]).toEqual([name, 0]);
      }
    });
  });

  describe('an order', () => {
    it('is placed once for its key, replayed, and known like every other order', async () => {
      const token = await customerToken(gateway);
      const key = randomUUID();
      const reference = { merchant_reference1: 'SUB-1' };
      const answer = await charge(token, reference, key);
      expect([answer.status, answer.json]).toMatchObject([200, { fraud_status: 'ACCEPTED' }]);
      const again = await charge(token, reference, key);
      expect(told(again)).toEqual(told(answer));
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect(await requests(gateway, { method: 'POST', path: tokenPath(token, '/order') })).toHaveLength(1);
      expect(await gateway.stored(orderIn(answer))).toMatchObject({
        ...{ status: 'AUTHORIZED', order_amount: 10_000, merchant_reference1: 'SUB-1', currency: 'SEK', origin: 'created' },
      });
      const reused = await charge(token, { merchant_reference1: 'SUB-2' }, key);
      expect([reused.status, reused.json]).toMatchObject([422, { error_code: 'IDEMPOTENCY_KEY_REUSED' }]);
      const capture = await gateway.post(`/ordermanagement/v1/orders/${orderIn(answer)}/captures`, { captured_amount: 4_000 });
      expect(capture.status).toBe(201);
      await expectRowsLikeLedger(gateway, orderIn(answer));
    });

    it('without a key is refused while an equal one is not resolved', async () => {
      const token = await customerToken(gateway);
      const path = tokenPath(token, '/order');
      const broken = await lasting(gateway, 'reset_before', { method: 'POST', path });
      const first = await gateway.call('POST', path, { body: chargeOf(10_000), headers: { Prefer: 'wait=0' } });
      expect(first.status).toBe(202);
      const second = await gateway.post(path, chargeOf(10_000));
      expect([second.status, second.json]).toMatchObject([409, { error_code: 'OPERATION_PENDING' }]);
      await broken.end();
      await goOn(first, ({ state }) => state === 'succeeded');
      expect((await tokensMade(gateway, token))?.order_ids).toHaveLength(1);
    });

    it('whose charge was declined is final for its key; a new key charges again', async () => {
      const token = await customerToken(gateway);
      await gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { charges: 'declined' });
      const key = randomUUID();
      const declined = await charge(token, {}, key);
      expect([declined.status, declined.json]).toMatchObject([
        403,
        { error_code: 'PAYMENT_METHOD_FAILED', fraud_status: 'REJECTED', reason: expect.any(String) },
      ]);
      expect(declined.json).not.toHaveProperty('step_up_id');
      await gateway.simulate('POST', `/simulator/customer-tokens/${token}`, { charges: 'accepted' });
      expect(told(await charge(token, {}, key))).toEqual(told(declined));
      expect((await charge(token)).status).toBe(200);
    });

    it('that may have been placed is not called declined before the refusal is certain', async () => {
      const token = await customerToken(gateway);
      const match = { method: 'POST', path: tokenPath(token, '/order') };
      await gateway.fault('reset_before', match);
      await gateway.fault('status', match, DECLINED);
      const first = await charge(token, {}, randomUUID(), { Prefer: 'wait=0' });
      expect(first.status).toBe(202);
      const view = await goOn(first, ({ state }) => state === 'rejected');
      expect(view.history.filter(({ type, outcome }) => type === 'reading' && outcome === 'absent').length).toBeGreaterThanOrEqual(2);
      expect(view.answer).toMatchObject({ status: 403, body: { error_code: 'PAYMENT_METHOD_FAILED' } });
      expect(await requests(gateway, match)).toHaveLength(2);
    });

    it('is never called refused because its token was cancelled after it: that is a person’s', async () => {
      const token = await customerToken(gateway);
      const match = { method: 'POST', path: tokenPath(token, '/order') };
      const key = randomUUID();
      await gateway.fault('reset_after', match);
      await gateway.fault('status', match, { code: 403, error_code: 'TOKEN_CANCELED' });
      const first = await charge(token, {}, key, { Prefer: 'wait=2' });
      expect(first.status).toBe(202);
      const view = await goOn(first, ({ state }) => state === 'manual');
      expect(view.reason).toBe('not-shown');
      expect(gateway.app.get(Alerts).count('operation.manual')).toBeGreaterThanOrEqual(1);
      const page = await gateway.call('GET', `/operations/${view.id}/explanation`, { headers: { Accept: 'text/plain' } });
      expect(page.text).toContain('TOKEN_CANCELED: the token was cancelled');
      const [id = ''] = (await tokensMade(gateway, token))?.order_ids ?? [];
      const resolved = await gateway.post(`/operations/${view.id}/resolve`, {
        outcome: 'succeeded',
        provider_id: id,
        reason: 'in the portal',
      });
      expect(resolved.status).toBe(200);
      const final = await charge(token, {}, key);
      expect([final.status, orderIn(final)]).toEqual([200, id]);
      await expectRowsLikeLedger(gateway, id);
    });

    it('is found when somebody who was told of it reads it here', async () => {
      const token = await customerToken(gateway);
      const match = { method: 'POST', path: tokenPath(token, '/order') };
      await gateway.fault('reset_after', match);
      await gateway.fault('status', match, { code: 403, error_code: 'TOKEN_CANCELED' });
      const first = await charge(token, { merchant_reference1: 'SUB-READ' }, randomUUID(), { Prefer: 'wait=0' });
      await until('it waits', async () => (await operation(gateway, first)).next_attempt_at);
      expect(first.status).toBe(202);
      const [id = ''] = (await tokensMade(gateway, token))?.order_ids ?? [];
      expect((await gateway.get(`/ordermanagement/v1/orders/${id}`)).status).toBe(200);
      const view = await goOn(first, ({ state }) => state !== 'unknown' && state !== 'running');
      expect(view).toMatchObject({ state: 'succeeded', order_id: id, answer: { status: 200, body: { order_id: id } } });
      expect((await tokensMade(gateway, token))?.order_ids).toEqual([id]);
      await expectRowsLikeLedger(gateway, id);
    });

    it('is asked for with its key as long as Klarna knows that, and then goes to a person', async () => {
      const token = await customerToken(gateway);
      const match = { method: 'POST', path: tokenPath(token, '/order') };
      const broken = await lasting(gateway, 'reset_before', match);
      const key = randomUUID();
      const first = await charge(token, {}, key, { Prefer: 'wait=0' });
      await until('it waits', async () => (await operation(gateway, first)).next_attempt_at);
      await pass(21 * HOUR, gateway);
      const view = await goOn(first, ({ state }) => state === 'manual');
      await broken.end();
      expect(view.reason).toBe('not-shown');
      expect(new Set((await requests(gateway, match)).map((each) => each.idempotency_key))).toEqual(new Set([key]));
      // A person who is certain may have it sent once more.
      expect((await gateway.post(`/operations/${view.id}/resolve`, { outcome: 'new_key', reason: 'not at Klarna' })).status).toBe(200);
      expect((await settled(gateway, view.id)).state).toBe('succeeded');
      expect((await tokensMade(gateway, token))?.order_ids).toHaveLength(1);
    });
  });

  describe('a cancel', () => {
    it('is answered 202 without a body, and its token is charged no more', async () => {
      const token = await customerToken(gateway);
      const answer = await cancel(token);
      expect([answer.status, answer.text, answer.headers['location']]).toEqual([202, '', undefined]);
      expect((await gateway.get(tokenPath(token))).json).toMatchObject({ status: 'CANCELLED' });
      const refused = await charge(token);
      expect([refused.status, refused.json]).toMatchObject([403, { error_code: 'TOKEN_CANCELED' }]);
    });

    it.each([
      { repeated_token_cancel: 'accepted', token_cancel_seconds: 0 },
      { repeated_token_cancel: 'forbidden', token_cancel_seconds: 0 },
      { repeated_token_cancel: 'accepted', token_cancel_seconds: 3_600 },
    ])(
      'whose answer was lost is asked for by repeating, and by reading: $repeated_token_cancel, $token_cancel_seconds s',
      async (behaviour) => {
        await gateway.behave(behaviour);
        const token = await customerToken(gateway);
        await gateway.fault('reset_after', { method: 'PATCH', path: tokenPath(token, '/status') });
        const answer = await cancel(token);
        expect([answer.status, answer.text]).toEqual([202, '']);
        expect(answer.headers['location']).toBeUndefined();
        await pass(behaviour.token_cancel_seconds, gateway);
        expect((await gateway.get(tokenPath(token))).json).toMatchObject({ status: 'CANCELLED' });
      },
    );

    it('that Klarna does not answer is followed without its caller', async () => {
      const token = await customerToken(gateway);
      const broken = await lasting(gateway, 'timeout_before', { method: 'PATCH', path: tokenPath(token, '/status') });
      const answer = await cancel(token, { Prefer: 'wait=0' });
      expect([answer.status, operationIn(answer)]).toEqual([202, (answer.json as { id: string }).id]);
      await broken.end();
      expect((await goOn(answer, ({ state }) => state === 'succeeded')).answer).toMatchObject({ status: 202, body: null });
    });
  });

  describe('a token that may have been made', () => {
    const make = (authorization: string, headers: Record<string, string> = {}) =>
      gateway.call('POST', `/payments/v1/authorizations/${authorization}/customer-token`, { body: REQUEST, headers });
    const authorized = async () => (await gateway.authorized(cartOf(10_000, { intent: 'tokenize' }))).token;
    const match = (authorization: string) => ({ method: 'POST', path: `/payments/v1/authorizations/${authorization}/customer-token` });
    const operationOf = async (authorization: string): Promise<string> => {
      const hash = gateway.app.get(SealedEnvelope).fingerprint('authorization-token', authorization);
      const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations WHERE token_hash = $1', [hash]);
      return row?.id ?? '';
    };
    const made = async (authorization: string) => (await tokensMade(gateway)).filter((each) => each.authorization_token === authorization);

    it('is asked for with the same bytes while the caller waits, and made once', async () => {
      const authorization = await authorized();
      await gateway.fault('reset_after', match(authorization));
      const answer = await make(authorization);
      expect(answer.status).toBe(200);
      expect((await made(authorization)).map(({ token_id: id }) => id)).toEqual([tokenIn(answer)]);
      expect(told(await make(authorization))).toEqual(told(answer));
      expect(await requests(gateway, match(authorization))).toHaveLength(2);
    });

    it('is told with an equal repeat, as long as the authorization lives', async () => {
      const authorization = await authorized();
      const broken = await lasting(gateway, 'reset_after', match(authorization));
      const answer = await make(authorization, { Prefer: 'wait=1' });
      expect([answer.status, answer.json]).toMatchObject([503, { error_code: 'TEMPORARILY_UNAVAILABLE' }]);
      await broken.end();
      const sent = (await requests(gateway, match(authorization))).length;
      await pass(1_800, gateway);
      expect((await operation(gateway, answer)).state).toBe('unknown');
      // Nothing was sent without a caller.
      expect(await requests(gateway, match(authorization))).toHaveLength(sent);
      const again = await make(authorization);
      expect([again.status, (await made(authorization)).length]).toEqual([200, 1]);
      expect(await operation(gateway, answer)).toMatchObject({ state: 'succeeded', order_id: null });
    });

    it.each([
      { repeated: 'same_token', kind: 'reset_before', more: {} },
      { repeated: 'consumed', kind: 'reset_after', more: {} },
      { repeated: 'same_token', kind: 'status', more: { code: 500 } },
    ])(
      'and whose caller never asked again is a person’s once the authorization is over ($repeated, $kind)',
      async ({ repeated, kind, more }) => {
        await gateway.behave({ repeated_customer_token: repeated });
        const authorization = await authorized();
        const broken = await lasting(gateway, kind, match(authorization), more);
        const answer = await make(authorization, { Prefer: 'wait=1' });
        expect(answer.status).toBe(503);
        await broken.end();
        const view = await goOn(answer, ({ state }) => state === 'manual', 600);
        expect(view).toMatchObject({ reason: 'not-shown', answer: null, order_id: null });
        // For every repeat it stays so, and nothing is sent for them.
        const sent = (await requests(gateway, match(authorization))).length;
        const again = await make(authorization);
        expect([again.status, operationIn(again)]).toEqual([503, view.id]);
        expect(await requests(gateway, match(authorization))).toHaveLength(sent);

        const token = randomUUID();
        const resolved = await gateway.post(`/operations/${view.id}/resolve`, {
          outcome: 'succeeded',
          provider_id: token,
          reason: 'support',
        });
        expect(resolved.status).toBe(200);
        expect(tokenIn(await make(authorization))).toBe(token);
        expect(
          await rowsOf(gateway.database, 'SELECT 1 FROM resolutions WHERE provider_id IS NOT NULL AND operation_id = $1', [view.id]),
        ).toEqual([]);
      },
    );

    it('is refused when Klarna refuses the very bytes, and only after the quiet period', async () => {
      const authorization = await authorized();
      await gateway.fault('reset_before', match(authorization));
      await gateway.fault('status', match(authorization), { code: 400, error_code: 'BAD_VALUE' });
      const answer = await make(authorization);
      expect([answer.status, answer.json]).toMatchObject([400, { error_code: 'BAD_VALUE' }]);
      const view = await operation(gateway, await operationOf(authorization));
      const looks = view.history.filter(({ type }) => type === 'reading');
      expect([view.state, looks.map(({ outcome }) => outcome)]).toEqual(['rejected', ['absent', 'absent', 'absent']]);
      // It is no answer of record: the authorization can still make a token.
      expect((await make(authorization)).status).toBe(200);
    });

    it('keeps its answer sealed, and without its body once that is old', async () => {
      const authorization = await authorized();
      const first = await make(authorization);
      expect(first.status).toBe(200);
      await pass(31 * DAY, gateway);
      await gateway.app.get(BodyRetention).erase();
      const again = await make(authorization);
      expect([again.status, again.text, again.headers['idempotent-body-erased']]).toEqual([200, '', 'true']);
    });
  });
});
