import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { derivedKey } from '../../src/operations/provider-key.js';
import { cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import {
  accepted,
  expectRowsLikeLedger,
  gateAt,
  lasting,
  lastSequence,
  operation,
  operationIn,
  ordersPath,
  requests,
  rowsOf,
  settled,
  told,
} from '../support/scene.js';

const NOW = { Prefer: 'wait=0' };
const BODY = { captured_amount: 2_500, reference: 'parcel 1' };

describe('idempotency keys', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  const capture = (id: string, body: unknown, key?: string, headers: Record<string, string> = {}) =>
    gateway.call('POST', ordersPath(id, '/captures'), { body, headers, ...(key === undefined ? {} : { key }) });
  const keysAt = async (id: string) =>
    (await requests(gateway, { method: 'POST', path: ordersPath(id, '/captures') })).map((each) => each.idempotency_key);
  /** What is on record of operations, keys and requests: nothing of it changes when nothing is stored or sent. */
  async function record() {
    const [row] = await rowsOf(
      gateway.database,
      'SELECT (SELECT count(*) FROM operations) AS operations, (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM idempotency_keys) AS keys',
    );
    return { ...row, writes: (await requests(gateway, { method: 'POST', path: '/*' })).length };
  }

  describe('without a key', () => {
    it('an equal request is refused while the first is unresolved, with its address; nothing is stored and nothing is sent', async () => {
      const id = await gateway.order();
      const broken = await lasting(gateway, 'timeout_before', { method: 'POST', path: ordersPath(id, '/captures') });
      const first = await capture(id, BODY, undefined, NOW);
      expect(first.status).toBe(202);
      const before = await record();
      const again = await capture(id, BODY);
      expect([again.status, again.json]).toMatchObject([409, { error_code: 'OPERATION_PENDING' }]);
      expect(operationIn(again)).toBe(operationIn(first));
      expect(Number(again.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      const after = await record();
      expect({ ...after, attempts: 0, writes: 0 }).toEqual({ ...before, attempts: 0, writes: 0 });
      // Another amount is another intent, and so is the same with a key.
      const others = [await capture(id, { ...BODY, captured_amount: 100 }, undefined, NOW), await capture(id, BODY, randomUUID(), NOW)];
      expect(others.map(({ status }) => status)).toEqual([202, 202]);
      await broken.end();
      for (const answer of [first, ...others]) expect((await settled(gateway, answer)).state).toBe('succeeded');
      // Resolved: a repeat is a new intent.
      expect((await capture(id, BODY)).status).toBe(201);
    });

    it('equal requests that merely run at the same time are both carried out', async () => {
      const id = await gateway.order();
      const gate = await gateAt(gateway, 'before', ordersPath(id, '/captures'));
      const calls = [capture(id, BODY), capture(id, BODY)];
      await accepted(gateway, id, 2);
      await gate.open();
      const answers = await Promise.all(calls);
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(new Set(answers.map(({ headers }) => headers['capture-id'])).size).toBe(2);
      expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(5_000);
    });

    it('an authorization that is being cancelled is not cancelled twice', async () => {
      const { token } = await gateway.authorized(cartOf(33_300));
      const path = `/payments/v1/authorizations/${token}`;
      const broken = await lasting(gateway, 'reset_before', { method: 'DELETE', path });
      const first = await gateway.call('DELETE', path, { headers: NOW });
      const again = await gateway.call('DELETE', path);
      expect([first.status, again.status, operationIn(again)]).toEqual([202, 409, operationIn(first)]);
      await broken.end();
      expect((await settled(gateway, first)).state).toBe('succeeded');
    });
  });

  it.each(['', 'k'.repeat(256), 'k\u00e5'])('the key %j is refused, and nothing is stored', async (key) => {
    const id = await gateway.order();
    const before = await record();
    const answer = await capture(id, BODY, key);
    expect([answer.status, answer.json]).toMatchObject([400, { error_messages: ['Bad value: Klarna-Idempotency-Key'] }]);
    expect(await record()).toEqual(before);
  });

  it('a key that was used for another body, order or route is refused, with 0 provider calls, and the first stays as it is', async () => {
    const [id, other] = await Promise.all([gateway.order(), gateway.order()]);
    const key = 'order 4711 parcel 1';
    const first = await capture(id, BODY, key);
    const before = await record();
    const since = await lastSequence(gateway);
    const reused = [
      await capture(id, { ...BODY, captured_amount: 2_501 }, key),
      await capture(id, '{"captured_amount": 2500.0, "reference": "parcel 1"}', key),
      await capture(other, BODY, key),
      await gateway.post(ordersPath(id, '/refunds'), { refunded_amount: 2_500, reference: 'parcel 1' }, key),
      await gateway.post(ordersPath(id, '/cancel'), undefined, key),
      await gateway.post(ordersPath(id, '/release-remaining-authorization'), undefined, key),
    ];
    for (const answer of reused) {
      expect([answer.status, answer.json]).toMatchObject([422, { error_code: 'IDEMPOTENCY_KEY_REUSED' }]);
      expect(answer.headers['location']).toBe(reused[0]?.headers['location']);
    }
    expect(await record()).toEqual(before);
    expect(await requests(gateway, { method: 'POST', path: '/ordermanagement/*' }, since)).toHaveLength(0);
    expect(told(await capture(id, BODY, key))).toEqual(told(first));
    expect(await operation(gateway, reused[0]!)).toMatchObject({ kind: 'order-management.capture', state: 'succeeded', attempts: 1 });
  });

  it('the same JSON with its members in another order, other spacing or other escapes gets the first answer again', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const first = await capture(id, '{"captured_amount":2500,"reference":"caf\u00e9"}', key);
    for (const same of ['{ "reference" : "caf\\u00e9",\n"captured_amount":2500 }', '{"captured_amount":2500,"reference":"caf\u00e9"}']) {
      const again = await capture(id, same, key);
      expect(told(again)).toEqual(told(first));
      expect(again.headers['idempotent-replayed']).toBe('true');
    }
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(await keysAt(id)).toEqual([key]);
  });

  it('a refusal of Klarna is an answer of record, too', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const first = await capture(id, { captured_amount: 10_001 }, key);
    const again = await capture(id, { captured_amount: 10_001 }, key);
    expect([first.status, first.json]).toMatchObject([403, { error_code: 'CAPTURE_NOT_ALLOWED' }]);
    // Klarna's correlation id included: its support asks for it.
    expect(told(again)).toEqual(told(first));
    expect(again.headers['klarna-correlation-id']).toBe(first.headers['klarna-correlation-id']);
    expect(await keysAt(id)).toHaveLength(1);
  });

  it('a repeat of an unresolved operation waits like its first caller, and then gets the same 202', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    const path = ordersPath(id, '/captures');
    const broken = await lasting(gateway, 'timeout_before', { method: 'POST', path });
    const first = await capture(id, BODY, key, NOW);
    const again = await capture(id, BODY, key, { Prefer: 'wait=1' });
    expect([again.status, operationIn(again)]).toEqual([202, operationIn(first)]);
    expect(again.headers['idempotent-replayed']).toBeUndefined();
    const waiting = capture(id, BODY, key, { Prefer: 'wait=20' });
    await broken.end();
    const answer = await waiting;
    expect([answer.status, answer.headers['idempotent-replayed']]).toEqual([201, 'true']);
    expect((await expectRowsLikeLedger(gateway, id)).captures).toHaveLength(1);
  });

  it('a key is free again when our credentials were refused', async () => {
    const id = await gateway.order();
    const key = randomUUID();
    await gateway.fault('status', { method: 'POST', path: ordersPath(id, '/captures') }, { code: 401 });
    const refused = await capture(id, BODY, key);
    expect([refused.status, refused.json]).toMatchObject([502, { error_code: 'PROVIDER_CREDENTIALS' }]);
    // Even for another request.
    const answer = await capture(id, { captured_amount: 100 }, key);
    expect(answer.status).toBe(201);
    expect((await expectRowsLikeLedger(gateway, id)).captured_amount).toBe(100);
  });

  it('is ignored where Klarna takes none', async () => {
    const key = randomUUID();
    const since = await lastSequence(gateway);
    const [one, two] = [
      await gateway.post('/payments/v1/sessions', cartOf(10_000), key),
      await gateway.post('/payments/v1/sessions', cartOf(20_000), key),
    ];
    const ids = [one, two].map(({ json }) => (json as { session_id: string }).session_id);
    expect(new Set(ids).size).toBe(2);
    expect((await gateway.post(`/payments/v1/sessions/${ids[0]}`, cartOf(30_000), key)).status).toBe(204);
    const sent = await requests(gateway, { method: 'POST', path: '/payments/*' }, since);
    expect(sent.map((each) => each.idempotency_key)).toEqual([null, null, null]);
    // And free for a write that takes one.
    const id = await gateway.order();
    expect((await capture(id, BODY, key)).status).toBe(201);
    expect(await keysAt(id)).toEqual([key]);
  });

  describe('at Klarna', () => {
    it("a caller's UUID is sent as it is", async () => {
      const id = await gateway.order();
      const key = randomUUID();
      await capture(id, BODY, key);
      expect(await keysAt(id)).toEqual([key]);
    });

    it('another key, or none, becomes a UUID that is the same at each attempt and in each process', async () => {
      const id = await gateway.order();
      for (const key of ['parcel 1 of order 17', undefined]) {
        await gateway.fault('reset_before', { method: 'POST', path: ordersPath(id, '/captures') });
        expect((await capture(id, BODY, key)).status).toBe(201);
      }
      const rows = await rowsOf<{ id: string }>(
        gateway.database,
        `SELECT id FROM operations WHERE lane = $1 AND kind = 'order-management.capture' ORDER BY id`,
        [id],
      );
      expect(await keysAt(id)).toEqual(rows.flatMap((row) => [derivedKey(row.id, 1), derivedKey(row.id, 1)]));
    });

    it('a UUID that another merchant of the same account has used is replaced: each has its own effect', async () => {
      const rival = await addMerchant(gateway, 'rival');
      const mine = await gateway.order();
      const cart = cartOf(12_300);
      const session = await gateway.call('POST', '/payments/v1/sessions', { body: cart, as: rival });
      const { session_id: sessionId } = session.json as { session_id: string };
      const { authorization_token: token } = (await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {})) as {
        authorization_token: string;
      };
      const placed = await gateway.call('POST', `/payments/v1/authorizations/${token}/order`, { body: cart, as: rival });
      const theirs = (placed.json as { order_id: string }).order_id;

      const key = randomUUID();
      const ours = await capture(mine, BODY, key);
      const path = ordersPath(theirs, '/captures');
      const other = await gateway.call('POST', path, { body: BODY, key, as: rival });
      expect([ours.status, other.status]).toEqual([201, 201]);
      expect(await keysAt(mine)).toEqual([key]);
      const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations WHERE lane = $1', [theirs]);
      expect(await keysAt(theirs)).toEqual([derivedKey(row?.id ?? '', 1)]);
      expect(told(await gateway.call('POST', path, { body: BODY, key, as: rival }))).toEqual(told(other));
      await expectRowsLikeLedger(gateway, mine);
      await expectRowsLikeLedger(gateway, theirs);
    });
  });
});
