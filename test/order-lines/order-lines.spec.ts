import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { BodyRetention } from '../../src/operations/body-retention.js';
import { CHECKOUTS, checkoutOf, opened } from '../support/checkouts.js';
import { type Answer, cartOf } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { klarnaOperations } from '../support/klarna-operations.js';
import { addMerchant } from '../support/merchants.js';
import { lastSequence, operation, ordersPath, rowsOf } from '../support/scene.js';
import { DAY, pass } from '../support/time.js';
import { chargeOf, customerToken, tokenPath } from '../support/tokens.js';

const LINE = { name: 'Freight', quantity: 1, unit_price: 8_000, tax_rate: 2_500, total_amount: 8_000, total_tax_amount: 2_000 };
const WRONG = { ...cartOf(8_000), order_lines: [LINE] };

describe('order lines', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator' } });
    await gateway.behave({ capture_line_sums: 'checked' });
  });
  afterAll(() => gateway.close());

  const count = async () => (await rowsOf<{ count: number }>(gateway.database, 'SELECT count(*)::int AS count FROM operations'))[0]?.count;

  describe('that are checked', () => {
    it('are told line by line what is wrong; nothing is stored and nothing is sent', async () => {
      const [operations, since] = [await count(), await lastSequence(gateway)];
      const answer = await gateway.post('/order-lines/check', { api: 'payments', ...WRONG });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
      expect(answer.json).toMatchObject({
        api: 'payments',
        passes: false,
        findings: [],
        lines: [
          {
            index: 0,
            findings: [{ field: 'order_lines[0].total_tax_amount', code: 'line_tax', given: 2_000, expected: 1_600, off_by: 400 }],
            corrected: { ...LINE, total_tax_amount: 1_600 },
          },
        ],
      });
      expect([await count(), await lastSequence(gateway)]).toEqual([operations, since]);
    });

    it.each(['payments', 'customer-token', 'checkout', 'order-management'])('are judged for %s', async (api) => {
      const answer = await gateway.post('/order-lines/check', { ...cartOf(10_000), api });
      expect([answer.status, answer.json]).toMatchObject([200, { api, passes: true, findings: [], corrected: null }]);
    });

    const APIS = 'one of payments, customer-token, checkout, order-management';
    it.each<[string, unknown, string]>([
      ['no API', { order_lines: [] }, `Bad value: api must be there: ${APIS}`],
      ['an API that has no lines', { api: 'hosted-payment-page', order_lines: [] }, `Bad value: api must be ${APIS}`],
      ['an API that is no text', { api: 7, order_lines: [] }, `Bad value: api must be ${APIS}`],
      ['no lines', { api: 'payments', order_amount: 5 }, 'Bad value: order_lines must be there: a list'],
      ['null for lines', { api: 'checkout', order_amount: 5, order_lines: null }, 'Bad value: order_lines must be there: a list'],
      ['lines that are no list', { api: 'payments', order_lines: {} }, 'Bad value: order_lines must be a list'],
    ])('with %s are refused as a problem', async (_, body, detail) => {
      const answer = await gateway.post('/order-lines/check', body);
      expect([answer.status, answer.headers['content-type']]).toEqual([400, 'application/problem+json']);
      expect(answer.json).toMatchObject({ code: 'BAD_VALUE', detail, retryable: false });
    });

    it.each<[unknown, unknown, string]>([
      [100.5, 100.5, 'order_amount must be a whole number, 0 or more.'],
      ['8000', '8000', 'order_amount must be a whole number, 0 or more, not a text.'],
      ['80.00 SEK', '80.00 SEK', 'order_amount must be a whole number, 0 or more, not a text.'],
      ['Jane Doe', null, 'order_amount must be a whole number, 0 or more, not a text.'],
      [true, null, 'order_amount must be a whole number, 0 or more, not true or false.'],
      [[8_000], null, 'order_amount must be a whole number, 0 or more, not a list.'],
    ])('show what was given for an amount that is none: %j', async (order_amount, given, rule) => {
      const answer = await gateway.post('/order-lines/check', { ...cartOf(8_000), order_amount, api: 'payments' });
      expect([answer.status, answer.json]).toMatchObject([200, { findings: [{ field: 'order_amount', code: 'form', given, rule }] }]);
      expect(answer.json).toMatchObject({ passes: false, corrected: { order_amount: 8_000 } });
    });

    it.each(['{', '[]', ''])('in a body that is no object are refused: %j', async (body) => {
      expect((await gateway.post('/order-lines/check', body)).json).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    });

    it('need credentials', async () => {
      const answer = await gateway.call('POST', '/order-lines/check', { body: { api: 'payments', ...WRONG }, as: null });
      expect([answer.status, answer.json]).toMatchObject([401, { code: 'UNAUTHORIZED' }]);
    });

    it('keep numbers apart that are not what they look like', async () => {
      const body = JSON.stringify({ api: 'payments', ...WRONG }).replace('"unit_price":8000', '"unit_price":9007199254740993');
      expect((await gateway.post('/order-lines/check', body)).json).toMatchObject({
        lines: [{ findings: [{ field: 'order_lines[0].unit_price', code: 'form' }], corrected: null }],
      });
    });
  });

  describe('that Klarna refuses with BAD_VALUE', () => {
    /** What Klarna answers to the body itself. */
    const atKlarna = async (method: string, path: string, body: unknown) => {
      const headers = {
        Authorization: `Basic ${Buffer.from('simulator:simulator').toString('base64')}`,
        'Content-Type': 'application/json',
      };
      const answer = await fetch(gateway.simulatorUrl + path, { method, headers, body: JSON.stringify(body) });
      return (await answer.json()) as { error_messages: string[] };
    };
    const pointed = (answer: Answer) => /^\/operations\/([0-9a-f-]{36})$/.exec(answer.headers['order-lines-check'] ?? '')?.[1] ?? '';

    const ways: [string, () => Promise<[path: string, body: unknown, method?: string]>][] = [
      ['a new session', () => Promise.resolve(['/payments/v1/sessions', WRONG])],
      [
        'a changed session',
        async () => {
          const { session_id: id } = (await gateway.post('/payments/v1/sessions', cartOf(8_000))).json as { session_id: string };
          return [`/payments/v1/sessions/${id}`, WRONG];
        },
      ],
      [
        'an order',
        async () => {
          const { token } = await gateway.authorized(cartOf(8_000));
          return [`/payments/v1/authorizations/${token}/order`, WRONG];
        },
      ],
      ['a capture', async () => [ordersPath(await gateway.order(), '/captures'), { captured_amount: 8_000, order_lines: [LINE] }]],
      [
        'a refund',
        async () => {
          const path = ordersPath(await gateway.order());
          await gateway.post(`${path}/captures`, { captured_amount: 10_000 });
          return [`${path}/refunds`, { refunded_amount: 8_000, order_lines: [LINE] }];
        },
      ],
      [
        'an authorization',
        async () => [ordersPath(await gateway.order(), '/authorization'), { order_amount: 8_000, order_lines: [LINE] }, 'PATCH'],
      ],
      ['a charge', async () => [tokenPath(await customerToken(gateway), '/order'), { ...chargeOf(8_000), order_lines: [LINE] }]],
      ['a new checkout', () => Promise.resolve([CHECKOUTS, { ...checkoutOf(8_000), order_lines: [LINE] }])],
      ['a changed checkout', async () => [`${CHECKOUTS}/${(await opened(gateway)).id}`, WRONG]],
    ];

    it('are those of every operation that takes any', async () => {
      expect(ways).toHaveLength((await klarnaOperations(gateway)).filter(({ hasLines }) => hasLines).length);
    });

    it.each(ways)("of %s: Klarna's bytes, and where the finding is", async (_, make) => {
      const [path, body, method = 'POST'] = await make();
      const answer = await gateway.call(method, path, { body });
      const direct = await atKlarna(method, path, body);
      expect([answer.status, answer.json]).toEqual([400, { ...direct, correlation_id: answer.headers['klarna-correlation-id'] }]);
      const view = await operation(gateway, pointed(answer));
      expect(view).toMatchObject({
        state: 'rejected',
        answer: { status: 400, body: answer.json },
        order_lines_check: {
          passes: false,
          lines: [
            {
              findings: [{ field: 'order_lines[0].total_tax_amount', expected: 1_600, off_by: 400 }],
              corrected: { total_tax_amount: 1_600 },
            },
          ],
        },
      });
      // The header belongs to the answer, not to what is kept of Klarna's.
      expect(view.answer?.headers).not.toHaveProperty('Order-Lines-Check');
    });

    it('say so to every repeat alike, and to nobody else', async () => {
      const path = ordersPath(await gateway.order(), '/captures');
      const [body, key] = [{ captured_amount: 8_000, order_lines: [LINE] }, randomUUID()];
      const first = await gateway.post(path, body, key);
      const again = await gateway.post(path, body, key);
      expect([again.text, again.headers['order-lines-check'], again.headers['idempotent-replayed']]).toEqual([
        first.text,
        first.headers['order-lines-check'],
        'true',
      ]);
      const rival = await addMerchant(gateway, 'rival');
      expect((await gateway.call('GET', `/operations/${pointed(first)}`, { as: rival })).status).toBe(404);
    });

    it('in comparison with what was authorized, too', async () => {
      const { token } = await gateway.authorized(cartOf(8_000));
      const path = `/payments/v1/authorizations/${token}/order`;
      await gateway.fault('status', { method: 'POST', path }, { code: 409, error_code: 'BAD_VALUE' });
      const answer = await gateway.post(path, WRONG);
      expect(answer.status).toBe(409);
      expect((await operation(gateway, pointed(answer))).order_lines_check).toMatchObject({ passes: false });
    });

    it('are right: Klarna means something else, and nobody is sent to look', async () => {
      await gateway.fault('status', { method: 'POST', path: '/payments/v1/sessions' }, { code: 400, error_code: 'BAD_VALUE' });
      const answer = await gateway.post('/payments/v1/sessions', cartOf(10_000));
      expect([answer.status, answer.headers['order-lines-check']]).toEqual([400, undefined]);
      const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations ORDER BY id DESC LIMIT 1');
      expect((await operation(gateway, row?.id ?? '')).order_lines_check).toMatchObject({ passes: true, findings: [] });
    });

    it.each<[string, string, object]>([
      ['another refusal', 'BAD_REQUEST', { captured_amount: 8_000, order_lines: [LINE] }],
      ['a body without lines', 'BAD_VALUE', { captured_amount: 8_000 }],
    ])('are not meant by %s', async (_, code, body) => {
      const path = ordersPath(await gateway.order(), '/captures');
      await gateway.fault('status', { method: 'POST', path }, { code: 400, error_code: code });
      const answer = await gateway.post(path, body);
      expect([answer.status, answer.headers['order-lines-check']]).toEqual([400, undefined]);
      const [row] = await rowsOf<{ id: string }>(gateway.database, 'SELECT id FROM operations ORDER BY id DESC LIMIT 1');
      expect((await operation(gateway, row?.id ?? '')).order_lines_check).toBeNull();
    });

    it('are forgotten with the body', async () => {
      const path = ordersPath(await gateway.order(), '/captures');
      const [body, key] = [{ captured_amount: 8_000, order_lines: [LINE] }, randomUUID()];
      const first = await gateway.post(path, body, key);
      await pass(31 * DAY, gateway);
      await gateway.app.get(BodyRetention).erase();
      const again = await gateway.post(path, body, key);
      expect([again.status, again.headers['idempotent-body-erased'], again.headers['order-lines-check']]).toEqual([400, 'true', undefined]);
      expect((await operation(gateway, pointed(first))).order_lines_check).toBeNull();
    });
  });
});
