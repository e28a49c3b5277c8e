import { expect, it } from '@jest/globals';
import { filledIn } from './templates.js';

const IDS = { orderId: 'o-1', sessionId: 's-1' };

it.each([
  ["Checkout's", 'https://s/p?o={checkout.order.id}', 'https://s/p?o=o-1'],
  ["Payments'", 'https://s/{session.id}/{order.id}?a={order.id}', 'https://s/s-1/o-1?a=o-1'],
  ["Hosted Payment Page's", 'https://s/{{session_id}}?o={{order_id}}', 'https://s/s-1?o=o-1'],
  [
    'unknown ones',
    'https://s/{order_id}/{shop}/{{order.number}}?%7Border.id%7D',
    'https://s/{order_id}/{shop}/{{order.number}}?%7Border.id%7D',
  ],
])('fills in %s placeholders', (_, template, url) => {
  expect(filledIn(template, IDS)).toBe(url);
});

it('escapes ids, which are words from outside, and leaves what it does not know', () => {
  expect(filledIn('https://s/{order.id}?s={session.id}', { orderId: '../x?a=b&{session.id}$&' })).toBe(
    'https://s/..%2Fx%3Fa%3Db%26%7Bsession.id%7D%24%26?s={session.id}',
  );
});
