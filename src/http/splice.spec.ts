import { describe, expect, it } from '@jest/globals';
import { spliced } from './splice.js';

describe('a spliced member', () => {
  it.each([
    ['{"url":"http:\\/\\/gw\\/a", "n":100.0}', '{"url":"https://k/a", "n":100.0}'],
    [' {\r\n "n" : 1e2,\t"url" : "\\u0068ttp" }\n', ' {\r\n "n" : 1e2,\t"url" : "https://k/a" }\n'],
    [
      '{"x":12345678901234567890,"y":"å\\ud83d 😀","url":"","url2":{"url":"b"}}',
      '{"x":12345678901234567890,"y":"å\\ud83d 😀","url":"https://k/a","url2":{"url":"b"}}',
    ],
  ])('leaves every other byte of %j', (before, after) => {
    expect(spliced(Buffer.from(before), ['url'], 'https://k/a').toString('utf8')).toBe(after);
  });

  it('is found inside other members, and escaped where that is needed', () => {
    expect(spliced(Buffer.from('{"a":[{"b":"c"}]}'), ['a', 0, 'b'], '"\\').toString()).toBe('{"a":[{"b":"\\"\\\\"}]}');
  });

  it('leaves bytes that are no UTF-8, and is written in UTF-8 itself', () => {
    const before = Buffer.from('{"a":"\xe5\xff","url":"b","c":"\xc3\xa5"}', 'latin1');
    expect(spliced(before, ['url'], 'å😀')).toEqual(
      Buffer.concat([Buffer.from('{"a":"\xe5\xff","url":"', 'latin1'), Buffer.from('å😀","c":"å"}')]),
    );
  });

  it('must be there', () => {
    expect(() => spliced(Buffer.from('{"a":1}'), ['url'], 'x')).toThrow('There is no url');
  });
});
