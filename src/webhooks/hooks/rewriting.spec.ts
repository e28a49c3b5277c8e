import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CallbackEntry } from '../../persistence/repositories/hooks.repository.js';
import { restored } from './restoring.js';
import { rewritten } from './rewriting.js';

const IDS: Partial<Record<string, string>> = {
  push: '0189aaaa-0000-7000-8000-000000000000',
  notification: '0189bbbb-0000-7000-8000-000000000000',
  authorization: '0189cccc-0000-7000-8000-000000000000',
};
const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const OURS = (entry: string) => `https://gw/webhooks/klarna/${IDS[entry]}/${SECRET}?o={order.id}`;

function put(body: Buffer | string, replaced: CallbackEntry[], added: CallbackEntry[] = []) {
  const templates: Partial<Record<CallbackEntry, string | null>> = {};
  const place = (entry: CallbackEntry, template: string | null) => {
    templates[entry] = template;
    return OURS(entry);
  };
  const bytes = rewritten(Buffer.from(body), { replaced, added, isOurs: (url) => url.startsWith('https://'), place });
  return { bytes, text: bytes?.toString('utf8'), templates };
}

describe('a request with our URLs', () => {
  it.each([
    [
      'compact',
      '{"merchant_urls":{"push":"https://s/p","confirmation":"https://s/c"}}',
      'https://s/p',
      '{"merchant_urls":{"push":"@","confirmation":"https://s/c"}}',
    ],
    [
      'deep white space',
      '{\r\n\t"merchant_urls" :\n { "push"\t:\r\n  "https://s/p" , "a":1e0 }\n}',
      'https://s/p',
      '{\r\n\t"merchant_urls" :\n { "push"\t:\r\n  "@" , "a":1e0 }\n}',
    ],
    ['escaped slashes', '{"merchant_urls":{"push":"https:\\/\\/s\\/p"}}', 'https://s/p', '{"merchant_urls":{"push":"@"}}'],
    ['escaped names', '{"merchant\\u005furls":{"pu\\u0073h":"https://s/p"}}', 'https://s/p', '{"merchant\\u005furls":{"pu\\u0073h":"@"}}'],
    [
      'letters beyond ASCII',
      '{"å":"\\ud83d😀","merchant_urls":{"push":"https://s/å😀"}}',
      'https://s/å😀',
      '{"å":"\\ud83d😀","merchant_urls":{"push":"@"}}',
    ],
    [
      'the same names elsewhere',
      '{"a":{"push":"https://s/x","merchant_urls":{"push":"https://s/y"}},"merchant_urls":{"push":"https://s/p"}}',
      'https://s/p',
      '{"a":{"push":"https://s/x","merchant_urls":{"push":"https://s/y"}},"merchant_urls":{"push":"@"}}',
    ],
  ])('replaces what the caller sent: %s', (_, body, template, expected) => {
    const { text, templates } = put(body, ['push']);
    expect(text).toBe(expected.replace('"@"', JSON.stringify(OURS('push'))));
    expect(templates).toEqual({ push: template });
  });

  it.each([
    ['a list', '{"merchant_urls":[{"push":"https://s/p"}]}'],
    ['null', '{"merchant_urls":null}'],
    ['a text', '{"merchant_urls":"push"}'],
    ['nothing', '{"order_lines":[]}'],
    ['two of them', '{"merchant_urls":{"push":"https://s/p"},"merchant_urls":{"push":"https://s/p"}}'],
    ['a list around', '[{"merchant_urls":{"push":"https://s/p"}}]'],
  ])('is left where merchant_urls is %s', (_, body) => {
    expect(put(body, ['push'], ['push']).bytes).toBeUndefined();
  });

  it.each([
    ['null', 'null'],
    ['a number', '7'],
    ['an object', '{"url":"https://s/p"}'],
    ['a list', '["https://s/p"]'],
    ['an empty text', '""'],
    ['no URL', '"push"'],
    ['http', '"http://s/p"'],
    ['there twice', '"https://s/p","push":"https://s/q"'],
  ])('leaves an entry that is %s, and adds none beside it', (_, value) => {
    expect(put(`{"merchant_urls":{"push":${value}}}`, ['push'], ['push']).bytes).toBeUndefined();
  });

  it('adds what was not there behind the last member, or into an empty object', () => {
    const [push, told] = [JSON.stringify(OURS('push')), JSON.stringify(OURS('notification'))];
    const added = (body: string) => put(body, ['push', 'notification'], ['push', 'notification']);
    expect(added('{"merchant_urls":{ }}').text).toBe(`{"merchant_urls":{"push":${push},"notification":${told} }}`);
    expect(added('{"merchant_urls":{ "a" : {} \n}}').text).toBe(`{"merchant_urls":{ "a" : {},"push":${push},"notification":${told} \n}}`);
    const both = added('{"merchant_urls":{"notification":"https://s/n"},"x":1}');
    expect(both.text).toBe(`{"merchant_urls":{"notification":${told},"push":${push}},"x":1}`);
    expect(both.templates).toEqual({ push: null, notification: 'https://s/n' });
  });

  it('leaves bytes that are no UTF-8', () => {
    const before = Buffer.from('{"a":"\xff\xe5","merchant_urls":{"push":"https://s/p"},"\xfe":1}', 'latin1');
    expect(put(before, ['push']).bytes).toEqual(Buffer.from(before.toString('latin1').replace('https://s/p', OURS('push')), 'latin1'));
  });
});

/** JSON with white space, escapes and numbers as nobody would write them, in which the object of URLs stands as it is given. */
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\u0061\\/\\ud83d"', '"merchant_urls"', '"https:\\/\\/s\\/webhooks\\/klarna"', '"å😀"'),
);
const literal = fc.oneof(
  text,
  fc.constantFrom('1e2', '100.0', '-0', '12345678901234567890', 'true', 'null', '[ 1, {"push":"https://s/x"} ]', '{}'),
);
const url = fc.webUrl({ validSchemes: ['https'] }).map((value) => JSON.stringify(value));

function objectText(members: [string, string][], spaces: string[]): string {
  const at = (index: number) => spaces[index % spaces.length] ?? '';
  const written = members.map(([name, value], index) => `${at(index)}"${name}"${at(index + 1)}:${at(index + 2)}${value}${at(index + 3)}`);
  return `{${written.join(',')}${members.length === 0 ? at(1) : ''}}`;
}

it('every other byte stays, whatever the request looks like; and all of them are back when the answer is shown', () => {
  const entries = ['push', 'notification', 'authorization'] as const;
  const members = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,8}_x$/), literal), { maxLength: 4 });
  const chosen = fc.tuple(
    fc.subarray([...entries]),
    fc.array(url, { minLength: 3, maxLength: 3 }),
    fc.array(space, { minLength: 1, maxLength: 5 }),
  );
  fc.assert(
    fc.property(members, members, members, chosen, fc.boolean(), (before, after, others, [sent, urls, spaces], adds) => {
      const own = sent.map((entry, index): [string, string] => [entry, urls[index] ?? '""']);
      const around = (inner: [string, string][]) => objectText([...before, ['merchant_urls', objectText(inner, spaces)], ...after], spaces);
      const body = around([...others, ...own]);
      const { text: result, templates } = put(body, [...entries], adds ? [...entries] : []);
      const ours = (entry: string): [string, string] => [entry, JSON.stringify(OURS(entry))];
      const missing = adds ? entries.filter((entry) => !sent.includes(entry)) : [];
      if (sent.length + missing.length === 0) {
        expect(result).toBeUndefined();
        return;
      }
      const replaced = around([...others, ...sent.map(ours)]);
      if (missing.length === 0) expect(result).toBe(replaced);
      // What is added is taken out again without a trace.
      const shown = restored(Buffer.from(result ?? ''), ({ hookId }) => {
        return templates[entries.find((entry) => IDS[entry] === hookId) ?? 'push'];
      });
      expect(shown.toString()).toBe(body);
    }),
    { numRuns: 400 },
  );
});
