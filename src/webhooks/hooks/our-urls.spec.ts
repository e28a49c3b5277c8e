import { describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { canBePassedOnTo, hookBase, isAllHere, isSecret, newSecret, ourUrlsIn } from './our-urls.js';

describe('the base of our addresses', () => {
  it.each([
    ['https://gw.example', false, { base: 'https://gw.example/webhooks/klarna' }],
    ['https://gw.example/klarna', false, { base: 'https://gw.example/klarna/webhooks/klarna' }],
    ['http://127.0.0.1:3000', true, { base: 'http://127.0.0.1:3000/webhooks/klarna' }],
    ['http://localhost:3000', true, { base: 'http://localhost:3000/webhooks/klarna' }],
    [undefined, true, { reason: 'PUBLIC_URL is not set' }],
    ['http://gw.example', true, { reason: 'PUBLIC_URL is not https' }],
    ['http://127.0.0.1:3000', false, { reason: 'PUBLIC_URL is not https' }],
    ['http://simulator:3000', true, { reason: 'PUBLIC_URL is not https' }],
    [`https://gw.example/${'x'.repeat(1500)}`, false, { reason: 'PUBLIC_URL is longer than 1500 characters' }],
  ])('%s (Klarna on this machine: %s)', (publicUrl, allHere, base) => {
    expect(hookBase(publicUrl, allHere)).toEqual(base);
  });

  it('takes only a simulator on this machine for one that reaches its loopback', () => {
    expect([undefined, 'http://simulator:3001', 'http://127.0.0.1:3001', 'http://[::1]:3001'].map(isAllHere)).toEqual([
      ...[false, false, true, true],
    ]);
  });
});

it.each([
  ['https://shop.example/push?o={checkout.order.id}', true],
  // Nothing is ever sent to these (test/notifications/ssrf.spec.ts): Klarna calls them itself.
  ['https://user:pass@shop.example/push', false],
  ['https://user@shop.example/push', false],
  ['https://shop.example/push?name=a b', false],
  ['https:\\\\shop.example\\push', false],
  ['https://shop.example\\push', false],
  [`https://shop.example/${'x'.repeat(1979)}`, true],
  [`https://shop.example/${'x'.repeat(1980)}`, false],
  ['http://shop.example/push', false],
  ['http://127.0.0.1:4000/push', false],
  ['shop.example/push', false],
  ['https://', false],
  ['', false],
  ['javascript:alert(1)', false],
  [`https://gw.example/webhooks/klarna/${randomUUID()}/${newSecret().secret}?order_id=1`, false],
])('%s can be passed on to: %s', (url, can) => {
  expect(canBePassedOnTo(url, false)).toBe(can);
});

it('a shop on this machine can be passed on to while Klarna is there, too', () => {
  expect(canBePassedOnTo('http://127.0.0.1:4000/push', true)).toBe(true);
  expect(canBePassedOnTo('http://shop.example/push', true)).toBe(false);
});

it('a secret has 32 random bytes and is known by its SHA-256 alone', () => {
  const { secret, hash } = newSecret();
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  expect(hash).toEqual(createHash('sha256').update(secret).digest());
  expect([isSecret(secret, hash), isSecret(newSecret().secret, hash), isSecret('', hash)]).toEqual([true, false, false]);
  expect(newSecret().secret).not.toBe(secret);
});

describe('addresses of ours in a text', () => {
  const id = randomUUID();
  const { secret } = newSecret();
  const path = `/webhooks/klarna/${id}/${secret}`;
  it.each([
    ['as it is', `https://gw.example${path}?order_id={order.id}`, '?order_id={order.id}'],
    ['under another origin with a path', `http://10.0.0.1:3000/base${path}`, ''],
    ['with escaped slashes', `https:\\/\\/gw.example\\/webhooks\\/klarna\\/${id}\\/${secret}`, ''],
    [
      'as Gson writes it',
      `https://gw.example${path}?session_id\\u003d{session.id}\\u0026order_id\\u003d1`,
      '?session_id\\u003d{session.id}\\u0026order_id\\u003d1',
    ],
    ['with slashes in hex', `https:\\u002f\\u002Fgw.example\\u002fwebhooks\\u002fklarna\\u002f${id}\\u002f${secret}`, ''],
    ['with its secret hidden', `https://gw.example/webhooks/klarna/${id}/***?order_id=1`, '?order_id=1'],
  ])('%s', (_, url, query) => {
    const text = `Bad value: "${url}".`;
    const [found] = ourUrlsIn(text);
    expect(found && text.slice(found.start, found.end)).toBe(url);
    expect(found).toMatchObject({ hookId: id, query, secret: url.includes('***') ? '***' : secret });
  });

  it.each([
    ['a sentence that ends with it', `see https://gw.example${path}?order_id={order.id}.`, `https://gw.example${path}?order_id={order.id}`],
    ['two of them', `a https://gw.example${path} and https://gw.example${path}, b`, `https://gw.example${path}`],
  ])('ends where it ends: %s', (_, text, url) => {
    for (const { start, end } of ourUrlsIn(text)) expect(text.slice(start, end)).toBe(url);
    expect(ourUrlsIn(text).length).toBeGreaterThan(0);
  });

  it.each([
    `https://shop.example/webhooks/klarna/${id}`,
    `https://shop.example/webhooks/klarna/${id}/${secret}x`,
    `https://shop.example/webhooks/klarna/${id}/short`,
    `/webhooks/klarna/${id}/${secret}`,
    `https://shop.example/webhooks/klarna/order-1/${secret}`,
  ])('%s is none', (text) => {
    expect(ourUrlsIn(text)).toEqual([]);
  });
});
