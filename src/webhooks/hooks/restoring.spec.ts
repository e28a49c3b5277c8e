import { describe, expect, it } from '@jest/globals';
import { newSecret } from './our-urls.js';
import { hidden, mayNameUs, restored } from './restoring.js';

const [A, B, C] = ['0189aaaa-0000-7000-8000-000000000000', '0189bbbb-0000-7000-8000-000000000000', '0189cccc-0000-7000-8000-000000000000'];
const { secret } = newSecret();
const url = (id: string, query = '?order_id={checkout.order.id}') => `https://gw.example/webhooks/klarna/${id}/${secret}${query}`;
/** A: the caller sent this one; B: none; C: somebody else's. */
const shown = (text: string | Buffer) =>
  restored(Buffer.from(text), ({ hookId }) =>
    hookId === A ? 'https://s/å"?o={checkout.order.id}' : hookId === B ? null : undefined,
  ).toString();
const OWN = '"https://s/å\\"?o={checkout.order.id}"';

describe('what a merchant is shown', () => {
  it.each([
    ['the own URL', `{"merchant_urls":{"push":"${url(A)}","n":100.0}}`, `{"merchant_urls":{"push":${OWN},"n":100.0}}`],
    ['the own URL, escaped', `{"push": "${url(A).replaceAll('/', '\\/').replace('=', '\\u003d')}" }`, `{"push": ${OWN} }`],
    ['no member that was added last', `{"push":"x" ,\n "n" : "${url(B)}" }`, '{"push":"x" }'],
    ['no member that was added first', `{ "n":"${url(B)}" , "push":"x"}`, '{ "push":"x"}'],
    ['no member that was added in between', `{"a":1,"n":"${url(B)}","push":"x"}`, '{"a":1,"push":"x"}'],
    ['an empty object where there was nothing else', `{"merchant_urls":{ "n":"${url(B)}","m":"${url(B)}" }}`, '{"merchant_urls":{  }}'],
    ['several of them', `{"n":"${url(B)}","m":"${url(B)}","a":"${url(A)}","o":"${url(B)}","p":"${url(B)}"}`, `{"a":${OWN}}`],
    ["somebody else's as they are", `{"push":"${url(C)}"}`, `{"push":"${url(C)}"}`],
    ['words around it', `{"error_messages":["Bad value: ${url(A)}."]}`, `{"error_messages":["Bad value: ${OWN.slice(1, -1)}."]}`],
    [
      'no secret in words',
      `{"error_messages":["Bad value: ${url(B)}","${url(B)}"]}`,
      `{"error_messages":["Bad value: ${url(B)}","${url(B)}"]}`.replaceAll(secret, '***'),
    ],
    ['no secret in what is no JSON', `<p>${url(B)}</p>`, `<p>${url(B)}</p>`.replace(secret, '***')],
    ['ids where Klarna filled them in', `{"push":"${url(A, '?order_id=o-1')}"}`, '{"push":"https://s/å\\"?o=o-1"}'],
  ])('%s', (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it('leaves bytes that are no UTF-8', () => {
    const text = `{"a":"\xff","push":"${url(B)}","b":"\xe5"}`;
    expect(restored(Buffer.from(text, 'latin1'), () => null)).toEqual(Buffer.from('{"a":"\xff","b":"\xe5"}', 'latin1'));
  });
});

it('hides secrets, and nothing else', () => {
  const text = `{"push":"${url(A)}","x":"\\u0061"}`;
  expect(hidden(Buffer.from(text)).toString()).toBe(text.replace(secret, '***'));
});

it('looks for a word before anything else', () => {
  expect([mayNameUs(Buffer.from('{"a":1}')), mayNameUs(Buffer.from(url(A)))]).toEqual([false, true]);
});
