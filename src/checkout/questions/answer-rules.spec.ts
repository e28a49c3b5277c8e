import { describe, expect, it } from '@jest/globals';
import { judge, type ShopAnswer } from './answer-rules.js';
import { fallbackAnswer } from './fallback.js';

const LINE = { name: 'Shoe', quantity: 2, unit_price: 500, tax_rate: 2500, total_amount: 1000, total_tax_amount: 200 };
const CART = { order_amount: 1000, order_tax_amount: 200, order_lines: [LINE], purchase_currency: 'SEK' };
const answer = (status: number, body: unknown = '', location: string | null = null): ShopAnswer => ({
  ...{ status, location },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

describe('an answer to validation', () => {
  it.each([
    ['200 without a body', answer(200), { status: 200, location: null, body: null }],
    ['200 with whatever', answer(200, '<html>'), { status: 200, location: null, body: null }],
    [
      '303 to a page',
      answer(303, '', 'https://shop.example/sold-out'),
      { status: 303, location: 'https://shop.example/sold-out', body: null },
    ],
    ['301', answer(301, '', 'https://shop.example/'), { status: 301, location: 'https://shop.example/', body: null }],
    ['302', answer(302, '', 'https://shop.example/'), { status: 302, location: 'https://shop.example/', body: null }],
    ['307', answer(307, '', 'https://shop.example/'), { status: 307, location: 'https://shop.example/', body: null }],
  ])('%s fits', (_, given, goes) => {
    expect(judge('validation', CART, given)).toEqual({ fits: true, answer: goes });
  });

  it('400 with words fits, and goes on byte by byte', () => {
    const given = answer(400, '{ "error_type":"approval_failed",  "error_text":"Sold out \\u2013 sorry" }');
    expect(judge('validation', CART, given)).toEqual({ fits: true, answer: { status: 400, location: null, body: given.body } });
  });

  it.each([
    ['no status of Klarna’s document', answer(204), /204/],
    ['an error', answer(500), /500/],
    ['303 without Location', answer(303), /Location/],
    ['303 to a relative page', answer(303, '', '/sold-out'), /Location/],
    ['303 to a script', answer(303, '', 'javascript:alert(1)'), /Location/],
    ['400 without JSON', answer(400, 'no'), /no JSON object/],
    ['400 with an unknown error_type', answer(400, { error_type: 'sold_out', error_text: 'x' }), /error_type/],
    ['400 without the words it needs', answer(400, { error_type: 'approval_failed' }), /error_text/],
    ['400 with empty words', answer(400, { error_type: 'address_error', error_text: '' }), /error_text/],
  ])('%s does not fit', (_, given, reason) => {
    expect(judge('validation', CART, given)).toEqual({ fits: false, reason: expect.stringMatching(reason) });
  });
});

describe('an answer with a cart', () => {
  it('goes on byte by byte when it fits', () => {
    const given = answer(200, `  ${JSON.stringify({ ...CART, something_new: [1, 2] })}`);
    expect(judge('address_update', CART, given)).toEqual({ fits: true, answer: { status: 200, location: null, body: given.body } });
  });

  it('may lack the words of an unsupported address', () => {
    expect(judge('country_change', CART, answer(400, { error_type: 'unsupported_shipping_address' })).fits).toBe(true);
  });

  it.each([
    ['nothing', '', /no JSON object/],
    ['a list', [CART], /no JSON object/],
    ['two members of one name', '{"order_amount":1,"order_amount":2}', /no JSON object/],
    ...Object.keys(CART).map((name) => [`no ${name}`, { ...CART, [name]: undefined }, new RegExp(name)] as const),
    ['no lines', { ...CART, order_lines: [], order_amount: 0, order_tax_amount: 0 }, /order_lines/],
    ['a line without tax_rate', { ...CART, order_lines: [{ ...LINE, tax_rate: undefined }] }, /tax_rate/],
    ['amounts that are texts', { ...CART, order_amount: '1000' }, /order_amount/],
    ['amounts that are not whole', { ...CART, order_amount: 1000.5 }, /order_amount/],
    ['a negative amount', { ...CART, order_amount: -1 }, /order_amount/],
    ['another sum', { ...CART, order_amount: 1001 }, /sum/],
    ['another sum of tax', { ...CART, order_tax_amount: 201 }, /sum/],
    ['another currency', { ...CART, purchase_currency: 'EUR' }, /purchase_currency/],
    ['long merchant_data', { ...CART, merchant_data: 'x'.repeat(1025) }, /merchant_data/],
    ['a shipping option without price', { ...CART, shipping_options: [{ id: 'a', name: 'A', tax_amount: 0, tax_rate: 0 }] }, /price/],
  ] as [string, unknown, RegExp][])('does not fit with %s', (_, body, reason) => {
    expect(judge('shipping_option_update', CART, answer(200, body))).toEqual({ fits: false, reason: expect.stringMatching(reason) });
  });

  it('may have 1,024 characters of merchant_data, and lower case in its currency', () => {
    const body = { ...CART, merchant_data: 'x'.repeat(1024), purchase_currency: 'sek' };
    expect(judge('address_update', CART, answer(200, body)).fits).toBe(true);
  });
});

describe('the answer in a shop’s place', () => {
  const question = Buffer.from(JSON.stringify({ ...CART, shipping_address: { given_name: 'Jane' }, merchant_data: 'x'.repeat(2000) }));

  it('approves a purchase, or denies it with words', () => {
    expect(fallbackAnswer('validation', question, 'approve')).toEqual({ status: 200, location: null, body: null });
    const denied = fallbackAnswer('validation', question, 'deny');
    expect(judge('validation', CART, { ...denied, body: denied.body! }).fits).toBe(true);
    expect(denied.status).toBe(400);
  });

  it('gives the cart of the question back, and nothing of the shopper', () => {
    const approved = fallbackAnswer('address_update', question, 'approve');
    expect(JSON.parse(approved.body!.toString())).toEqual(CART);
    expect(judge('address_update', CART, { ...approved, body: approved.body! }).fits).toBe(true);
  });

  it('denies what it can’t read, whatever is configured', () => {
    expect(fallbackAnswer('address_update', Buffer.from('{'), 'approve').status).toBe(400);
    expect(fallbackAnswer('country_change', Buffer.from('{}'), 'approve').status).toBe(400);
  });
});
