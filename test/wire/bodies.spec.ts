import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { call, sendRaw } from './raw-client.js';
import { startWireApp, type WireApp } from './wire-app.js';

const SESSIONS = '/payments/v1/sessions';
const LINE = '{"name":"Shoes","quantity":1,"unit_price":10000,"total_amount":10000}';
const session = (rest = '', line = LINE) =>
  `{"purchase_country":"SE","purchase_currency":"SEK","order_amount":10000,"order_lines":[${line}]${rest === '' ? '' : `,${rest}`}}`;

describe('bodies on the wire', () => {
  let wire: WireApp;
  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => void (wire.arrived.length = 0));

  const post = (body?: string | Buffer, headers: Record<string, string> = {}, path = SESSIONS) =>
    call(wire.url, { path, headers, ...(body === undefined ? {} : { body }) });

  it.each([
    ['numbers as they are written', session('"order_tax_amount":100.0,"x":[1e2,-0,0.10,12345678901234567890,1E400]')],
    ['escapes and unicode as they are written', session('"merchant_reference1":"\\u00e5\\/\\ud83d\\ude00å😀","x\\u0000":"\\u0000\\ud800"')],
    [
      'members named like those of every object',
      session('"constructor":{"prototype":1},"toString":1,"hasOwnProperty":2,"then":3,"length":4,"get":5'),
    ],
    ['spaces, order and line ends', ` \r\n\t${session('"b":1,"a":{ }')} \n`],
    [
      'unknown fields, null ones and empty lists',
      session('"new":{"deep":[{}]},"locale":null,"customer":null,"custom_payment_method_ids":[]'),
    ],
  ])('forwards %s', async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
    expect(wire.arrived[0]?.body?.equals(Buffer.from(body))).toBe(true);
  });

  it.each([
    ['cut short', '{"order_amount":1'],
    ['with a trailing comma', '{"a":1,}'],
    ['with a comment', '{"a":1/**/}'],
    ['with NaN', '{"order_amount":NaN}'],
    ['with Infinity', '{"order_amount":-Infinity}'],
    ['in single quotes', "{'a':1}"],
    ['with a raw line end in a text', '{"a":"\n"}'],
    ['followed by another', '{} {}'],
    ['with two equal members', session('"order_amount":10000')],
    ['with two members equal after decoding', session('"order\\u005famount":1')],
    ['with two equal members deep inside', session('"x":[{"y":{"z":1,"z":2}}]')],
    ['with __proto__', session('"__proto__":{}')],
    ['with __proto__ deep inside', session('"x":[{"__proto__":1}]')],
    ['with an escaped __proto__', session('"\\u005f_proto__":1')],
    ['after a byte-order mark', `\uFEFF${session()}`],
    ['of a byte-order mark alone', '\uFEFF'],
    ['that is not UTF-8', Buffer.from(`{"a":"\u00e5"}`, 'latin1')],
    ['in UTF-16', Buffer.from(session(), 'utf16le')],
    ['nested 1,000 levels', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['nested 500,000 levels', '['.repeat(500_000)],
    ['of nested objects, 1,000 levels', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
  ])('refuses a body %s', async (_, body) => {
    const answer = await post(body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_REQUEST', error_messages: [expect.any(String)] }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each([undefined, '', '  \n', 'null', '[]', '"text"', '1', 'true'])('refuses %j where an object is needed', async (body) => {
    const answer = await post(body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_REQUEST' }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each<[string, string, string[]]>([
    ['a text for an amount', session('"order_tax_amount":"1"'), ['order_tax_amount']],
    ['a fraction', session('"order_tax_amount":1.5'), ['order_tax_amount']],
    ['a fraction too small to see', session('"order_tax_amount":1.00000000000000000001'), ['order_tax_amount']],
    ['a negative amount', session('"order_tax_amount":-1'), ['order_tax_amount']],
    ['an amount above 2^53-1', session('"order_tax_amount":9007199254740992'), ['order_tax_amount']],
    ['an amount that would be rounded', session('"order_tax_amount":9007199254740993'), ['order_tax_amount']],
    ['a huge amount', session('"order_tax_amount":1e400'), ['order_tax_amount']],
    ['a boolean, a list and an object for an amount', session('"order_tax_amount":true'), ['order_tax_amount']],
    ['a missing amount', '{"purchase_country":"SE","purchase_currency":"SEK","order_lines":[' + LINE + ']}', ['order_amount']],
    ['null for a required field', session().replace('10000,"order_lines"', 'null,"order_lines"'), ['order_amount']],
    ['a unit price above the maximum', session('', LINE.replace('10000', '200000001')), ['order_lines[0].unit_price']],
    ['a pattern not kept', session().replace('"SEK"', '"SEKK"'), ['purchase_currency']],
    ['a word not listed', session('"intent":"BUY"'), ['intent']],
    ['a text too long', session(`"merchant_reference1":"${'x'.repeat(256)}"`), ['merchant_reference1']],
    ['a text too long in characters', session(`"merchant_reference1":"${'😀'.repeat(256)}"`), ['merchant_reference1']],
    ['a null character in a known text', session('"merchant_reference1":"a\\u0000"'), ['merchant_reference1']],
    ['a lone surrogate in a known text', session('"merchant_reference1":"\\ud800x"'), ['merchant_reference1']],
    ['the other half alone', session('"billing_address":{"city":"\\udc00"}'), ['billing_address.city']],
    ['an http address', session('"merchant_urls":{"push":"http://shop.example"}'), ['merchant_urls.push']],
    ['a list for an object', session('"customer":[]'), ['customer']],
    ['a list of objects for an object', session('"merchant_urls":[{}]'), ['merchant_urls']],
    ['a text for an object', session('"customer":"x"'), ['customer']],
    ['an object for a list', session().replace(`[${LINE}]`, LINE), ['order_lines']],
    ['an empty list', session('', ''), ['order_lines']],
    ['1,001 lines', session('', Array.from({ length: 1001 }, () => LINE).join(',')), ['order_lines']],
    [
      'elements that are no lines',
      session('', `${LINE},null,[],"x",7`),
      ['order_lines[1]', 'order_lines[2]', 'order_lines[3]', 'order_lines[4]'],
    ],
    ['an element that is no text', session('"custom_payment_method_ids":["a",1]'), ['custom_payment_method_ids[1]']],
  ])('refuses %s by its path', async (_, body, paths) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    const { error_code: code, error_messages: messages } = answer.json() as { error_code: string; error_messages: string[] };
    expect(code).toBe('BAD_VALUE');
    expect([...messages].sort()).toEqual(expect.arrayContaining(paths.map((path) => `Bad value: ${path}`)));
    expect(messages.every((message) => paths.some((path) => message.startsWith(`Bad value: ${path}`)))).toBe(true);
    expect(wire.arrived).toHaveLength(0);
  });

  it('names every field at fault at once', async () => {
    const bad = LINE.replace('"Shoes"', '""').replace('"quantity":1', '"quantity":-1');
    const answer = await post(session('"locale":"x","order_tax_amount":null', `${LINE},${bad}`));
    expect(answer.json()).toMatchObject({
      error_messages: expect.arrayContaining(['Bad value: order_lines[1].name', 'Bad value: order_lines[1].quantity', 'Bad value: locale']),
    });
    expect((answer.json() as { error_messages: string[] }).error_messages).toHaveLength(3);
  });

  it.each([
    ['an amount written as 100.0', session('"order_tax_amount":100.0')],
    ['an amount written as 1E2', session('"order_tax_amount":1E2')],
    ['the largest amount', session('"order_tax_amount":9007199254740991')],
    ['a text of 255 emoji', session(`"merchant_reference1":"${'😀'.repeat(255)}"`)],
    [
      'a negative discount line',
      session('', `${LINE},{"name":"Less","quantity":1,"unit_price":-100,"total_amount":-100,"total_tax_amount":-20}`),
    ],
    ['type parameters', session()],
  ])('takes %s', async (_, body) => {
    expect((await post(body, { 'Content-Type': 'application/json; charset="UTF-8"; v=1' })).status).toBe(200);
  });

  it.each([
    'charset=utf8',
    'charset=UTF8',
    'charset="utf8"',
    'Charset = "Utf-8"',
    'charset=us-ascii',
    'charset=utf-8; charset=UTF8',
    'x="; charset=latin1"; charset=utf-8',
  ])('takes UTF-8 by any of its names: %s', async (parameters) => {
    expect((await post(session(), { 'Content-Type': `application/json; ${parameters}` })).status).toBe(200);
  });

  it.each([
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['another JSON type', 'application/problem+json'],
    ['JSON in another charset', 'application/json; charset=iso-8859-1'],
    ['JSON in another charset, quoted', 'application/json;charset="UTF-16"'],
    ['JSON in two charsets', 'application/json; charset=utf-8; charset=latin1'],
    ['JSON in two charsets, the first another', 'application/json; charset=latin1; charset=utf-8'],
    ['no type', '-'],
    ['something that is no type', 'json'],
  ])('refuses bytes as %s', async (_, type) => {
    const answer = await post(session(), { 'Content-Type': type });
    expect([answer.status, answer.json()]).toMatchObject([415, { error_code: 'UNSUPPORTED_MEDIA_TYPE' }]);
    expect(wire.arrived).toHaveLength(0);
  });

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', '-'])(
    'does not look at the type %s when there are no bytes',
    async (type) => {
      const cancel = '/ordermanagement/v1/orders/o1/cancel';
      expect((await post(undefined, { 'Content-Type': type, 'Content-Length': '0' }, cancel)).status).toBe(200);
      expect((await post(undefined, { 'Content-Type': type, 'Content-Length': '-' }, cancel)).status).toBe(200);
      expect(wire.arrived.map(({ body }) => body)).toEqual([null, null]);
    },
  );

  it('takes an empty body in chunks', async () => {
    const head = (type: string) =>
      `POST /ordermanagement/v1/orders/o1/cancel HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZGVtbzpkZW1v\r\n${type}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    expect((await sendRaw(wire.url, head(''))).status).toBe(200);
    expect((await sendRaw(wire.url, head('Content-Type: application/json\r\n'))).status).toBe(200);
  });

  it('gives an action without a body its bytes unjudged', async () => {
    expect((await post('{"anything":[1]}', {}, '/ordermanagement/v1/orders/o1/cancel')).status).toBe(200);
  });

  it.each(['gzip', 'br', 'deflate, identity', 'utf-8'])('refuses the content encoding %s unread', async (encoding) => {
    const answer = await post('this would not even be JSON', { 'Content-Encoding': encoding, 'Content-Length': '1000000' });
    expect([answer.status, answer.json()]).toMatchObject([415, { error_code: 'UNSUPPORTED_MEDIA_TYPE' }]);
    expect(answer.header('Connection')).toBe('close');
  });

  it('takes the encoding identity', async () => {
    expect((await post(session(), { 'Content-Encoding': 'Identity' })).status).toBe(200);
  });

  it('takes 1 MiB and refuses one byte more', async () => {
    const padded = (size: number) => {
      const rest = session('"x":""');
      return rest.replace('"x":""', `"x":"${'y'.repeat(size - Buffer.byteLength(rest))}"`);
    };
    expect((await post(padded(1_048_576))).status).toBe(200);
    const answer = await post(padded(1_048_577));
    expect([answer.status, answer.json()]).toMatchObject([413, { error_code: 'REQUEST_TOO_LARGE' }]);
    expect(wire.arrived).toHaveLength(1);
  });

  it('refuses a body in chunks above 1 MiB', async () => {
    const head = `POST ${SESSIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ZGVtbzpkZW1v\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `${(600_000).toString(16)}\r\n${'x'.repeat(600_000)}\r\n`;
    expect((await sendRaw(wire.url, [head, chunk, chunk])).status).toBe(413);
  });

  it('refuses headers that are too long', async () => {
    const answer = await post(session(), { 'X-Long': 'x'.repeat(20_000) });
    expect([answer.status, answer.json()]).toMatchObject([
      400,
      { error_code: 'BAD_REQUEST', error_messages: ['The headers are too long'] },
    ]);
  });

  it('refuses what is not HTTP', async () => {
    expect((await sendRaw(wire.url, 'HELLO\r\n\r\n')).json()).toMatchObject({ error_code: 'BAD_REQUEST' });
  });

  it('answers a body that does not arrive with 408 and closes', async () => {
    const hurried = await startWireApp({ arrival: { headersMs: 100, requestMs: 200, checkMs: 50 } });
    const { hostname, port } = new URL(hurried.url);
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let all = '';
      socket.on('data', (chunk: Buffer) => (all += chunk.toString()));
      socket.on('close', () => resolve(all));
      socket.write(`POST ${SESSIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    });
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toMatch(/"error_code":"REQUEST_TIMEOUT"/);
    await hurried.close();
  });
});
