import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CHECKOUTS, checkoutOf, opened } from '../support/checkouts.js';
import type { Answer } from '../support/client.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { lastSequence, type LedgerRequest, requests, rowsOf } from '../support/scene.js';

interface Documented {
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
}

const LINE = { name: 'Shoes', quantity: 1, unit_price: 10_000, tax_rate: 2_500, total_amount: 10_000, total_tax_amount: 2_000 };
const body = (more: Record<string, unknown> = {}) => checkoutOf(10_000, { order_lines: [LINE], ...more });
const lined = (more: Record<string, unknown>) => body({ order_lines: [{ ...LINE, ...more }] });

describe('Checkout on the wire', () => {
  let gateway: TestGateway;
  let since: number;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  beforeEach(async () => {
    since = await lastSequence(gateway);
  });
  afterAll(() => gateway.close());

  const post = (sent: unknown, headers: Record<string, string> = {}, path = CHECKOUTS) =>
    gateway.call('POST', path, { body: sent, headers });
  const code = ({ json }: Answer) => (json as { error_code?: string }).error_code;
  /** What Klarna got since the test began, in its bytes. */
  const arrived = async (): Promise<{ path: string; bytes: string }[]> => {
    const { requests: found } = (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as {
      requests: (LedgerRequest & { body_base64: string })[];
    };
    return found.map(({ path, body_base64: bytes }) => ({ path, bytes: Buffer.from(bytes, 'base64').toString() }));
  };
  const operations = async () =>
    (await rowsOf<{ count: number }>(gateway.database, 'SELECT count(*)::int AS count FROM operations'))[0]?.count;

  it.each([
    [
      'with spaces, member order and numbers as they are written',
      JSON.stringify(body()).replace('"quantity":1', ' "quantity" : 1.0 , "x":[1e2]'),
    ],
    [
      'with unicode and escapes as they are written',
      JSON.stringify(body({ merchant_data: 'å😀' })).replace('å', '\\u00e5\\/\\ud83d\\ude00'),
    ],
    ['with fields that we do not know, and null ones', JSON.stringify(body({ vat_excluded: false, customer: null, gui: { new: [] } }))],
    [
      'with a read-only field that an SDK sends back',
      JSON.stringify(body({ status: 'CHECKOUT_INCOMPLETE', html_snippet: '<div>', name: 'Shop' })),
    ],
  ])('forwards a checkout %s', async (_, text) => {
    const answer = await post(text);
    expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('html_snippet')]);
    expect(await arrived()).toEqual([{ path: CHECKOUTS, bytes: text }]);
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'takes the type %s',
    async (type) => {
      expect((await post(body(), { 'Content-Type': type })).status).toBe(201);
    },
  );

  it('takes a trailing slash on every route', async () => {
    expect((await post(body(), {}, `${CHECKOUTS}/`)).status).toBe(201);
    const { id } = await opened(gateway);
    expect((await gateway.get(`${CHECKOUTS}/${id}/`)).status).toBe(200);
    expect((await post({ merchant_reference1: 'x' }, {}, `${CHECKOUTS}/${id}/`)).status).toBe(200);
    expect((await gateway.post(`${CHECKOUTS}/${id}/abort/`)).status).toBe(200);
  });

  it.each(['PATCH', 'PUT', 'DELETE'])('has no %s, in the shape of Klarna', async (method) => {
    const { id } = await opened(gateway);
    since = await lastSequence(gateway);
    for (const path of [CHECKOUTS, `${CHECKOUTS}/${id}`, `${CHECKOUTS}/${id}/abort`]) {
      const answer = await gateway.call(method, path, { body: { merchant_reference1: 'x' } });
      expect([answer.status, code(answer)]).toEqual([404, 'NOT_FOUND']);
    }
    expect(await arrived()).toEqual([]);
  });

  it('takes 1,000 lines and no more', async () => {
    const many = (count: number) => {
      const amounts = { order_amount: count * 10_000, order_tax_amount: count * 2_000 };
      return { ...body(), ...amounts, order_lines: Array.from({ length: count }, () => LINE) };
    };
    expect((await post(many(1_000))).status).toBe(201);
    const refused = await post(many(1_001));
    expect([refused.status, refused.json]).toMatchObject([400, { error_messages: ['Bad value: order_lines'] }]);
  });

  it('takes a body of 1 MiB and no more', async () => {
    const padded = (size: number) => {
      const text = JSON.stringify(body({ x: '' }));
      return text.replace('"x":""', `"x":"${'y'.repeat(size - Buffer.byteLength(text))}"`);
    };
    expect((await post(padded(1_048_576))).status).toBe(201);
    expect((await post(padded(1_048_577))).status).toBe(413);
  });

  it('gives an empty cart to Klarna to judge', async () => {
    expect((await post(body({ order_lines: [], order_amount: 0, order_tax_amount: 0 }))).status).toBe(201);
  });

  it.each([undefined, '', 'null', '[]', '"x"'])('needs an object to open and to change a checkout, not %j', async (sent) => {
    const { id } = await opened(gateway);
    for (const path of [CHECKOUTS, `${CHECKOUTS}/${id}`]) {
      const answer = await post(sent, { 'Content-Type': 'application/json' }, path);
      expect([answer.status, code(answer)]).toEqual([400, 'BAD_REQUEST']);
    }
  });

  it('ignores what an abort brings along', async () => {
    const { id } = await opened(gateway);
    since = await lastSequence(gateway);
    expect((await post('{"reason":[1]}', {}, `${CHECKOUTS}/${id}/abort`)).status).toBe(200);
    expect(await arrived()).toEqual([{ path: `${CHECKOUTS}/${id}/abort`, bytes: '' }]);
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ['a missing locale', body({ locale: undefined }), ['locale']],
    ['missing amounts', body({ order_amount: undefined, order_tax_amount: null }), ['order_amount', 'order_tax_amount']],
    ['no lines at all', body({ order_lines: undefined }), ['order_lines']],
    [
      'a line without its tax',
      lined({ tax_rate: undefined, total_tax_amount: undefined }),
      ['order_lines[0].tax_rate', 'order_lines[0].total_tax_amount'],
    ],
    ['a price above 100 000 000', lined({ unit_price: 100_000_001 }), ['order_lines[0].unit_price']],
    ['a text for a price', lined({ unit_price: '1' }), ['order_lines[0].unit_price']],
    ['URLs of which one is missing', body({ merchant_urls: { terms: 'a', checkout: 'b', push: 'c' } }), ['merchant_urls.confirmation']],
    [
      'a URL too long',
      body({ merchant_urls: { terms: 'x'.repeat(2_001), checkout: '', confirmation: '', push: '' } }),
      ['merchant_urls.terms'],
    ],
    ['an unknown channel', body({ options: { acquiring_channel: 'MAIL' } }), ['options.acquiring_channel']],
    ['a color that is none', body({ options: { color_button: 'red' } }), ['options.color_button']],
    ['no customer type', body({ options: { allowed_customer_types: [] } }), ['options.allowed_customer_types']],
    [
      'a box without its text',
      body({ options: { additional_checkboxes: [{ id: 'a', checked: true, required: true }] } }),
      ['options.additional_checkboxes[0].text'],
    ],
    [
      'a shipping option without its tax',
      body({ shipping_options: [{ id: 'a', name: 'b', price: 1, tax_rate: 0 }] }),
      ['shipping_options[0].tax_amount'],
    ],
    [
      'a fraction of an öre',
      body({ selected_shipping_option: { id: 'a', name: 'b', price: 1.5, tax_amount: 0, tax_rate: 0 } }),
      ['selected_shipping_option.price'],
    ],
    [
      'another way to pay without its address',
      body({ external_payment_methods: [{ name: 'PayPal' }] }),
      ['external_payment_methods[0].redirect_url'],
    ],
    [
      'a discount that adds',
      body({ discount_lines: [{ ...LINE, unit_price: 1, total_amount: -1, total_tax_amount: 0 }] }),
      ['discount_lines[0].unit_price'],
    ],
    ['merchant data too long', body({ merchant_data: 'x'.repeat(6_001) }), ['merchant_data']],
    ['a null character', body({ billing_address: { city: 'a\u0000' } }), ['billing_address.city']],
    [
      'a subscription of no interval',
      lined({ subscription: { interval: 'DECADE', interval_count: 0 } }),
      ['order_lines[0].subscription.interval', 'order_lines[0].subscription.interval_count'],
    ],
    [
      'a weight that is none',
      lined({ shipping_attributes: { weight: 'heavy', dimensions: { height: 0.5 } } }),
      ['order_lines[0].shipping_attributes.weight', 'order_lines[0].shipping_attributes.dimensions.height'],
    ],
    ['tags that are none', body({ tags: ['a', 1] }), ['tags[1]']],
    ['an attachment without a type', body({ attachment: { body: '{}' } }), ['attachment.content_type']],
  ])('refuses %s by its path, and stores and sends nothing', async (_, sent, paths) => {
    const before = await operations();
    const answer = await post(sent);
    expect([answer.status, code(answer)]).toEqual([400, 'BAD_VALUE']);
    const { error_messages: messages } = answer.json as { error_messages: string[] };
    expect([...messages].sort()).toEqual(paths.map((path) => `Bad value: ${path}`).sort());
    expect(await operations()).toBe(before);
    expect(await requests(gateway, { path: `${CHECKOUTS}*` }, since)).toEqual([]);
  });

  it('needs none of what a new checkout needs for a change, but judges what is there', async () => {
    const { id } = await opened(gateway);
    expect((await post({}, {}, `${CHECKOUTS}/${id}`)).status).toBe(200);
    const refused = await post({ order_lines: [{ name: 'x' }], locale: 'english' }, {}, `${CHECKOUTS}/${id}`);
    expect((refused.json as { error_messages: string[] }).error_messages).toEqual(
      expect.arrayContaining(['Bad value: locale', 'Bad value: order_lines[0].tax_rate']),
    );
  });

  it('has examples that work when they are pressed from top to bottom', async () => {
    const { paths } = (await gateway.get('/docs-json')).json as { paths: Record<string, Record<string, Documented>> };
    const story = Object.entries(paths)
      .flatMap(([path, item]) => Object.entries(item).map(([method, it]) => ({ path, method, ...it })))
      .filter(({ path }) => path.startsWith(CHECKOUTS));
    expect(story.map(({ path, method }) => `${method} ${path.slice(CHECKOUTS.length)}`)).toEqual([
      ...['post ', 'post /{order_id}', 'get /{order_id}', 'post /{order_id}/abort'],
    ]);
    let id = '';
    for (const { path, method, requestBody } of story) {
      if (path.endsWith('/abort')) ({ id } = await opened(gateway));
      const { examples = {} } = Object.values(requestBody?.content ?? {})[0] ?? {};
      const bodies = Object.values(examples).map(({ value }) => value);
      for (const sent of bodies.length > 0 ? bodies : [undefined]) {
        const answer = await gateway.call(method.toUpperCase(), path.replace('{order_id}', id), { body: sent });
        expect([method, path, answer.status < 300 ? 'done' : answer.text]).toEqual([method, path, 'done']);
        ({ order_id: id } = answer.json as { order_id: string });
      }
    }
  });

  it("passes Klarna's refusal of sums that do not add up on as it is", async () => {
    const answer = await post(body({ order_amount: 9_999 }));
    expect([answer.status, answer.json]).toMatchObject([400, { error_code: 'BAD_VALUE', error_messages: ['Bad value: order_amount'] }]);
  });
});
