import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CreateCheckoutHandler } from '../../src/checkout/create-checkout.handler.js';
import { Clock } from '../../src/clock/clock.js';
import type { OperationContext } from '../../src/operations/handler.js';
import { Database } from '../../src/persistence/database.js';
import { CHECKOUTS, checkoutOf, completed, direct, opened } from '../support/checkouts.js';
import { type Answer, cartOf, Client } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { addMerchant } from '../support/merchants.js';
import { gateAt, ordersPath, requests, rowsOf, timeline } from '../support/scene.js';
import { HOUR, pass } from '../support/time.js';
import { until } from '../support/until.js';

describe('a checkout', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({ env: { CLOCK: 'simulator' } });
  });
  afterEach(() => gateway.simulate('DELETE', '/simulator/behaviour'));
  afterAll(() => gateway.close());

  const pathOf = (id: string) => `${CHECKOUTS}/${id}`;
  const stored = async (id: string) =>
    (await rowsOf(gateway.database, 'SELECT * FROM checkout_orders WHERE provider_order_id = $1', [id]))[0];
  const code = ({ json }: Answer) => (json as { error_code?: string } | undefined)?.error_code;
  const status = ({ json }: Answer) => (json as { status: string }).status;

  it('is opened, shown and changed in the bytes of Klarna', async () => {
    const { id, answer } = await opened(gateway, checkoutOf(10_000, { merchant_reference1: 'A-1' }));
    expect(answer.rawHeaders).toEqual(expect.arrayContaining(['Location', `${gateway.url}${pathOf(id)}`, 'Content-Type']));
    const [operation] = await rowsOf(
      gateway.database,
      `SELECT answer_headers->>'Location' AS location, class FROM operations WHERE kind = 'checkout.create-order' ORDER BY id DESC LIMIT 1`,
    );
    expect(operation).toEqual({ location: pathOf(id), class: 'interactive' });

    // Klarna escapes slashes: whoever writes the JSON anew would not.
    expect(answer.text).toContain('<\\/iframe>');
    const shown = await gateway.get(pathOf(id));
    expect(shown.text).toBe(await (await direct(gateway.simulator.url, id)).text());
    expect((shown.json as { html_snippet: string }).html_snippet).toBe((answer.json as { html_snippet: string }).html_snippet);

    const update = await gateway.post(pathOf(id), { merchant_reference2: 'B-1' });
    expect([update.status, update.json]).toMatchObject([
      200,
      { merchant_reference1: 'A-1', merchant_reference2: 'B-1', order_amount: 10_000 },
    ]);
    expect((await gateway.post(pathOf(id), cartOf(20_000))).json).toMatchObject({ merchant_reference2: 'B-1', order_amount: 20_000 });
    expect(await stored(id)).toMatchObject({
      status: 'checkout_incomplete',
      order_amount: '20000',
      merchant_reference2: 'B-1',
      gone_at: null,
    });
  });

  it.each(['lower', 'upper'])(
    'that the shopper completed becomes an order, to be captured under its id (statuses in %s case)',
    async (letters) => {
      await gateway.behave({ checkout_status_case: letters });
      const { id, answer } = await opened(gateway);
      await completed(gateway, id);
      const shown = await gateway.get(pathOf(id));
      expect(status(shown)).toBe(letters === 'upper' ? 'CHECKOUT_COMPLETE' : 'checkout_complete');
      expect(status(answer).toLowerCase()).toBe('checkout_incomplete');
      expect(await stored(id)).toMatchObject({ status: 'checkout_complete', completed_at: expect.any(Date) });
      expect(await timeline(gateway, id)).toMatchObject([{ type: 'order.adopted', operation_id: null }]);
      await until('the order was read', async () => (await gateway.stored(id))['order_amount'] === 10_000);
      expect(await gateway.stored(id)).toMatchObject({ status: 'AUTHORIZED', currency: 'SEK', captured_amount: 0 });
      const subject = `SELECT (SELECT data_subject FROM orders WHERE provider_order_id = $1) = data_subject AS same
      FROM checkout_orders WHERE provider_order_id = $1`;
      expect(await rowsOf(gateway.database, subject, [id])).toEqual([{ same: true }]);
      expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 4_000 })).status).toBe(201);
      expect(await gateway.ledger(id)).toMatchObject({ captured_amount: 4_000, remaining_authorized_amount: 6_000 });
    },
  );

  it('is managed as an order although it was never read complete, and is no longer shown', async () => {
    await gateway.behave({ completed_checkout: 'gone' });
    const { id } = await opened(gateway);
    await completed(gateway, id);
    const shown = await gateway.get(pathOf(id));
    expect([shown.status, shown.text]).toEqual([404, '']);
    expect((await gateway.post(ordersPath(id, '/captures'), { captured_amount: 10_000 })).status).toBe(201);
    expect((await gateway.get(ordersPath(id))).json).toMatchObject({ order_id: id, status: 'CAPTURED' });
  });

  it('that was adopted stays an order when Klarna shows the checkout no longer', async () => {
    const { id } = await opened(gateway);
    await completed(gateway, id);
    expect((await gateway.get(pathOf(id))).status).toBe(200);
    await gateway.behave({ completed_checkout: 'gone' });
    expect((await gateway.get(pathOf(id))).status).toBe(404);
    expect(await stored(id)).toMatchObject({ status: 'checkout_complete', gone_at: null });
    expect((await gateway.post(ordersPath(id, '/cancel'))).status).toBe(204);
  });

  it('is read-only once it is complete, in the words of Klarna', async () => {
    const { id } = await opened(gateway);
    await completed(gateway, id);
    for (const answer of [await gateway.post(pathOf(id), { merchant_reference1: 'late' }), await gateway.post(`${pathOf(id)}/abort`)]) {
      expect([answer.status, code(answer)]).toEqual([403, 'READ_ONLY_ORDER']);
    }
  });

  it('that has lapsed is a 404 without a body', async () => {
    const { id } = await opened(gateway);
    await pass(47 * HOUR, gateway);
    expect((await gateway.post(pathOf(id), { merchant_reference1: 'still here' })).status).toBe(200);
    await pass(47 * HOUR, gateway);
    expect((await gateway.get(pathOf(id))).status).toBe(200);
    await pass(HOUR, gateway);
    for (const answer of [
      await gateway.get(pathOf(id)),
      await gateway.post(pathOf(id), { merchant_reference1: 'too late' }),
      await gateway.post(`${pathOf(id)}/abort`),
    ]) {
      expect([answer.status, answer.text, answer.headers['content-type'], answer.headers['content-length']]).toEqual([
        404,
        '',
        undefined,
        '0',
      ]);
    }
    expect((await stored(id))?.['gone_at']).toBeInstanceOf(Date);
  });

  it('is aborted, and is over', async () => {
    const { id } = await opened(gateway);
    const aborted = await gateway.post(`${pathOf(id)}/abort`);
    expect([aborted.status, aborted.json]).toMatchObject([200, { order_id: id }]);
    expect((await stored(id))?.['gone_at']).toBeInstanceOf(Date);
    expect(code(await gateway.post(pathOf(id), { merchant_reference1: 'x' }))).toBe('READ_ONLY_ORDER');
  });

  it('passes on what Klarna may know of the caller, and no key', async () => {
    const since = (await requests(gateway, { path: '/*' })).at(-1)?.sequence ?? 0;
    const headers = {
      'Klarna-Partner': 'partner-1',
      'Klarna-Integrator': 'integrator-1',
      'Accept-Language': 'sv',
      'User-Agent': 'Shop/1',
      'X-Secret': 'no',
    };
    await gateway.call('POST', CHECKOUTS, { body: checkoutOf(10_000), headers, key: randomUUID() });
    const [request] = (
      (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as { requests: { headers: object }[] }
    ).requests;
    expect(request?.headers).toMatchObject({
      'klarna-partner': 'partner-1',
      'klarna-integrator': 'integrator-1',
      'accept-language': 'sv',
      'user-agent': 'Shop/1',
    });
    expect(Object.keys(request?.headers ?? {})).not.toEqual(expect.arrayContaining(['x-secret']));
    expect(Object.keys(request?.headers ?? {})).not.toContain('klarna-idempotency-key');
  });

  describe('asked for twice', () => {
    const id = ({ json }: Answer) => (json as { order_id: string }).order_id;

    it('without a key is two checkouts', async () => {
      expect(id(await gateway.post(CHECKOUTS, checkoutOf(10_000)))).not.toBe(id(await gateway.post(CHECKOUTS, checkoutOf(10_000))));
    });

    it('with a key is one, as long as it lives; another cart under the key is another checkout', async () => {
      const key = randomUUID();
      const first = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      const again = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      expect([again.status, again.text, again.headers['location']]).toEqual([201, first.text, first.headers['location']]);
      expect(again.headers['idempotent-replayed']).toBe('true');
      const other = await gateway.post(CHECKOUTS, checkoutOf(12_000), key);
      expect(other.status).toBe(201);
      expect(id(other)).not.toBe(id(first));

      await gateway.post(`${pathOf(id(first))}/abort`);
      const afterAbort = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      expect([afterAbort.status, id(afterAbort) === id(first)]).toEqual([201, false]);
      await pass(49 * HOUR, gateway);
      const afterLapse = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      expect([afterLapse.status, id(afterLapse) === id(afterAbort)]).toEqual([201, false]);
      expect(afterLapse.headers['idempotent-replayed']).toBeUndefined();
    });

    it('with a key is one also after it was paid: nobody pays twice for one intent', async () => {
      const key = randomUUID();
      const first = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      await completed(gateway, id(first));
      await gateway.get(pathOf(id(first)));
      await pass(49 * HOUR, gateway);
      expect(id(await gateway.post(CHECKOUTS, checkoutOf(10_000), key))).toBe(id(first));
    });

    it('at once with a key is one: the second caller waits for the answer of the first', async () => {
      const key = randomUUID();
      const gate = await gateAt(gateway, 'after', CHECKOUTS);
      const first = gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      await gate.waiting();
      const second = gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      const third = gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      await gate.open();
      const answers = await Promise.all([first, second, third]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    });

    it('with a key after a refusal, or silence, is asked of Klarna again', async () => {
      const key = randomUUID();
      await gateway.fault('status', { method: 'POST', path: CHECKOUTS }, { code: 400, error_code: 'BAD_VALUE' });
      expect((await gateway.post(CHECKOUTS, checkoutOf(10_000), key)).status).toBe(400);
      await gateway.fault('status', { method: 'POST', path: CHECKOUTS }, { code: 503, times: 100 });
      const silent = await gateway.call('POST', CHECKOUTS, { body: checkoutOf(10_000), key, headers: { Prefer: 'wait=1' } });
      expect([silent.status, code(silent)]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
      await gateway.simulate('DELETE', '/simulator/faults');
      const last = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
      expect([last.status, last.headers['idempotent-replayed']]).toEqual([201, undefined]);
    });

    it('is nothing that a merchant must send a key for, and a malformed key is refused', async () => {
      const answer = await gateway.call('POST', CHECKOUTS, { body: checkoutOf(10_000), key: 'x'.repeat(256) });
      expect([answer.status, code(answer)]).toEqual([400, 'BAD_VALUE']);
    });
  });

  describe('of another merchant', () => {
    let other: Client;
    let stranger: Client;
    beforeAll(async () => {
      other = new Client(gateway.url, gateway.simulator.url, await addMerchant(gateway, 'other'));
      stranger = new Client(gateway.url, gateway.simulator.url, await addMerchant(gateway, 'stranger', 'stranger'));
    });

    it('is as unknown as one that nobody has, and Klarna is asked nothing', async () => {
      const { id } = await opened(gateway);
      const unknown = await gateway.get(pathOf(randomUUID()));
      // Whatever reached Klarna would be answered with this.
      await gateway.fault('status', { path: '/checkout/*' }, { code: 500, times: 1_000 });
      await gateway.fault('status', { path: '/ordermanagement/*' }, { code: 500, times: 1_000 });
      const seen = ({ status, text, headers }: Answer) => ({ status, text, names: Object.keys(headers).sort() });
      for (const caller of [other, stranger]) {
        for (const spelled of [id, id.toUpperCase()]) {
          for (const answer of [
            await caller.get(pathOf(spelled)),
            await caller.post(pathOf(spelled), { merchant_reference1: 'stolen' }),
            await caller.post(`${pathOf(spelled)}/abort`),
          ]) {
            expect(seen(answer)).toEqual(seen(unknown));
          }
          expect(code(await caller.post(ordersPath(spelled, '/cancel')))).toBe('NO_SUCH_ORDER');
          expect(code(await caller.get(ordersPath(spelled)))).toBe('NO_SUCH_ORDER');
        }
      }
      await gateway.simulate('DELETE', '/simulator/faults');
      expect((await gateway.post(pathOf(id), { merchant_reference1: 'mine' })).status).toBe(200);
    });

    it('is so after it became an order that only Order Management has seen', async () => {
      const { id } = await opened(gateway);
      await completed(gateway, id);
      expect((await gateway.get(ordersPath(id))).status).toBe(200);
      await rowsOf(gateway.database, 'DELETE FROM checkout_orders WHERE provider_order_id = $1', [id]);
      const answer = await other.get(pathOf(id));
      expect([answer.status, answer.text]).toEqual([404, '']);
    });
  });

  it('that we do not know is asked of Klarna, and becomes the merchant who asked first', async () => {
    const { id } = await opened(gateway);
    const forget = () => rowsOf(gateway.database, 'DELETE FROM checkout_orders WHERE provider_order_id = $1', [id]);
    await forget();
    expect((await gateway.get(pathOf(id))).status).toBe(200);
    expect(await stored(id)).toMatchObject({ status: 'checkout_incomplete', operation_id: null, order_amount: '10000' });
    await forget();
    expect((await gateway.post(pathOf(id), { merchant_reference1: 'adopted' })).status).toBe(200);
    expect(await stored(id)).toMatchObject({ merchant_reference1: 'adopted' });
    const late = new Client(gateway.url, gateway.simulator.url, await addMerchant(gateway, 'late'));
    expect((await late.get(pathOf(id))).status).toBe(404);
  });

  it.each(['%2e%2e%2fsecrets', 'a%2Fb', 'a%00b', 'a%20b', 'x'.repeat(300)])('can not be called %s', async (id) => {
    const answer = await gateway.get(`${CHECKOUTS}/${id}`);
    expect(answer.status).toBe(404);
    expect(await requests(gateway, { path: `${CHECKOUTS}/${id}` })).toEqual([]);
  });

  describe('changed by a call whose answer got lost', () => {
    it('is reported changed, although the shopper completed it before the call was repeated', async () => {
      const { id } = await opened(gateway);
      await gateway.fault('reset_after', { method: 'POST', path: pathOf(id) });
      const gate = await gateAt(gateway, 'after', pathOf(id));
      const update = gateway.post(pathOf(id), { ...cartOf(30_000), merchant_reference1: 'A-2' });
      await gate.waiting();
      await completed(gateway, id);
      await gate.open();
      const answer = await update;
      expect([answer.status, answer.json]).toMatchObject([200, { order_amount: 30_000, merchant_reference1: 'A-2', order_id: id }]);
      expect(status(answer)).toBe('checkout_complete');
      expect((await gateway.stored(id))['provider_order_id']).toBe(id);
    });

    it.each([
      ['marked', 200],
      ['unmarked', 503],
      ['gone', 503],
    ])('is reported aborted only when Klarna shows it so, and never called refused (%s)', async (aborted, told) => {
      await gateway.behave({ aborted_checkout: aborted });
      const { id } = await opened(gateway);
      await gateway.fault('reset_after', { method: 'POST', path: `${pathOf(id)}/abort` });
      const answer = await gateway.call('POST', `${pathOf(id)}/abort`, { headers: { Prefer: 'wait=1' } });
      expect(answer.status).toBe(told);
    });

    it('is not aborted when the shopper completed it: Klarna says so', async () => {
      const { id } = await opened(gateway);
      const abort = { method: 'POST', path: `${pathOf(id)}/abort` };
      await gateway.fault('reset_before', abort);
      await completed(gateway, id);
      const answer = await gateway.post(abort.path);
      expect([answer.status, answer.json]).toMatchObject([403, { error_code: 'READ_ONLY_ORDER' }]);
    });
  });

  it('that two calls of one operation made, one of them answered late, leaves two that are known', async () => {
    const handler = gateway.app.get(CreateCheckoutHandler, { strict: false });
    const key = randomUUID();
    const made = await gateway.post(CHECKOUTS, checkoutOf(10_000), key);
    const first = (made.json as { order_id: string }).order_id;
    const [row] = await rowsOf<{ id: string; merchant: string; account: string; subject: string }>(
      gateway.database,
      `SELECT operation_id AS id, merchant_id AS merchant, provider_account_id AS account, data_subject AS subject
         FROM checkout_orders WHERE provider_order_id = $1`,
      [first],
    );
    if (row === undefined) throw new Error('The checkout is not stored');
    const second = randomUUID();
    const body = Buffer.from(made.text.replaceAll(first, second));
    const operation: OperationContext = {
      ...{ id: row.id, kind: handler.kind, merchantId: row.merchant, providerAccountId: row.account, dataSubject: row.subject },
      ...{ lane: null, target: {}, before: {}, passedHeaders: {}, body: null, amount: null, reference: null, createdAt: new Date() },
    };
    const success = { answer: { status: 201, headers: {}, body }, providerId: second, at: gateway.app.get(Clock).now(), late: true };
    await gateway.app.get(Database).transaction((tx) => handler.succeeded(tx, operation, success));
    expect(await stored(second)).toMatchObject({ operation_id: row.id, status: 'checkout_incomplete' });
    expect((await gateway.post(CHECKOUTS, checkoutOf(10_000), key)).text).toBe(made.text);
  });

  it('that can not be read is a 503, with the words of Klarna when it had some', async () => {
    const { id } = await opened(gateway);
    const match = { method: 'GET', path: pathOf(id) };
    await gateway.fault('reset_before', match);
    expect(code(await gateway.get(pathOf(id)))).toBe('TEMPORARILY_UNAVAILABLE');
    await gateway.fault('status', match, { code: 504, body: '' });
    expect((await gateway.get(pathOf(id))).status).toBe(503);
    await gateway.fault('status', match, { code: 500, error_code: 'UNEXPECTED_ERROR' });
    const broken = await gateway.get(pathOf(id));
    expect([broken.status, code(broken)]).toEqual([503, 'UNEXPECTED_ERROR']);
    await gateway.fault('status', match, { code: 401 });
    expect(code(await gateway.get(pathOf(id)))).toBe('PROVIDER_CREDENTIALS');
    await gateway.fault('garbage_after', match, { variant: 'html' });
    expect((await gateway.get(pathOf(id))).status).toBe(503);
    await gateway.fault('status', match, { code: 404, body: '<html>proxy</html>' });
    expect(code(await gateway.get(pathOf(id)))).toBe('TEMPORARILY_UNAVAILABLE');
    // Of a checkout that is known another one's answer says nothing.
    await gateway.fault('status', match, { code: 200, body: JSON.stringify({ order_id: 'another', status: 'checkout_incomplete' }) });
    expect(code(await gateway.get(pathOf(id)))).toBe('TEMPORARILY_UNAVAILABLE');
    expect(await stored(id)).toMatchObject({ gone_at: null });
  });
});
