import { describe, expect, it } from '@jest/globals';
import { atKlarna, purchaseIn } from './purchase-url.js';

const ID = '0b1d9815-165e-42e2-8867-35bc03789e00';
const SESSION = `/payments/v1/sessions/${ID}`;

describe('what a payment_session_url names', () => {
  it.each([
    [`https://api.klarna.com${SESSION}`, { api: 'payments', id: ID }],
    [`https://api.klarna.com${SESSION}/`, { api: 'payments', id: ID }],
    [`http://127.0.0.1:3000/klarna${SESSION}?x=1#y`, { api: 'payments', id: ID }],
    [`https://api.klarna.com/payments/v1/sessions/${ID.toUpperCase()}`, { api: 'payments', id: ID }],
    [`https://api.klarna.com//payments/v1//sessions/%30${ID.slice(1)}`, { api: 'payments', id: ID }],
    ['https://api.kustom.co/checkout/v3/orders/Order-1', { api: 'checkout', id: 'Order-1' }],
    ['https://api.klarna.com/payments/v1/sessions', undefined],
    ['https://api.klarna.com/payments/v1/sessions/a%2fb', undefined],
    ['https://api.klarna.com/payments/v1/sessions/%', undefined],
    ['https://api.klarna.com/ordermanagement/v1/orders/1', undefined],
    [SESSION, undefined],
    ['', undefined],
  ])('%s', (url, purchase) => {
    expect(purchaseIn(url)).toEqual(purchase);
  });
});

describe('an address of this service in front of it', () => {
  const OURS = ['https://gateway.shop', 'http://10.0.0.7:3000', 'https://shop.example/klarna'];
  const KLARNA = 'https://api.klarna.com';

  it.each([
    [`https://gateway.shop${SESSION}`, KLARNA + SESSION],
    [`http://gateway.shop${SESSION}`, KLARNA + SESSION],
    [`HTTPS://GATEWAY.shop:443${SESSION}`, KLARNA + SESSION],
    [`http://demo:demo@10.0.0.7:3000${SESSION}?a=%C3%A5#b`, `${KLARNA}${SESSION}?a=%C3%A5#b`],
    [`https://shop.example/klarna${SESSION}`, KLARNA + SESSION],
    ['https://gateway.shop/checkout/v3/orders/1', `${KLARNA}/checkout/v3/orders/1`],
  ])('%s is replaced', (url, expected) => {
    expect(atKlarna(url, OURS, KLARNA)).toBe(expected);
  });

  it.each([
    `https://api.klarna.com${SESSION}`,
    `https://gateway.shop.evil.example${SESSION}`,
    `https://gateway.shop@evil.example${SESSION}`,
    `http://10.0.0.7:3001${SESSION}`,
    `https://shop.example${SESSION}`,
    `https://shop.example/klarnas${SESSION}`,
    SESSION,
    '',
    'https://gateway.shop',
  ])('%s is none of ours', (url) => {
    expect(atKlarna(url, OURS, KLARNA)).toBeUndefined();
  });
});
