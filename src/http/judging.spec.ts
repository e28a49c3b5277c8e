import { describe, expect, it } from '@jest/globals';
import { AnyList, Flag, ListOf, MinorUnits, Nested, OneOf, Text, TextList, WholeNumber, WordList } from './fields.js';
import { brokenRules } from './judging.js';

class Part {
  @Text({ required: true, min: 1, max: 3 })
  name?: string;
}

class Whole {
  @MinorUnits({ required: false })
  amount?: number;

  @WholeNumber({ min: 1, max: 1 })
  one?: number;

  @Text({ min: 2, max: 3, pattern: /^[a-z]+$/ })
  word?: string;

  @Text({ min: 1 })
  some?: string;

  @OneOf(['a', 'b'])
  choice?: string;

  @Flag()
  flag?: boolean;

  @Nested(() => Part)
  part?: Part;

  @ListOf(() => Part, { min: 1, max: 2 })
  parts?: Part[];

  @TextList({ max: 1 })
  texts?: string[];

  @WordList(['a', 'b'], { max: 2 })
  choices?: string[];

  @AnyList()
  anything?: unknown[];
}

const judged = (value: object) =>
  brokenRules(Whole, value).map(({ path, limit, says }) => `${path} ${limit ? 'should' : 'must'} be ${says}`);

describe('a broken rule', () => {
  it.each<[string, object, string[]]>([
    ['the type of an amount', { amount: '1' }, ['amount must be a whole number, 0 or more, 200000000 at most']],
    ['the range of an amount', { amount: -1 }, ['amount must be a whole number, 0 or more, 200000000 at most']],
    ['a number that is not held exactly', { one: Number.NaN }, ['one must be a whole number, 1 or more, 1 at most']],
    ['the type of a text', { word: 7 }, ['word must be a text']],
    ['what no text may hold', { word: 'a\u0000' }, ['word must be a text', 'word should be a text like ^[a-z]+$']],
    ['a length', { word: 'abcd' }, ['word should be 2 to 3 characters long']],
    ['a pattern', { word: 'AB' }, ['word should be a text like ^[a-z]+$']],
    ['a length and a pattern', { word: 'ABCD' }, ['word should be 2 to 3 characters long', 'word should be a text like ^[a-z]+$']],
    ['a least length', { some: '' }, ['some should be at least 1 character long']],
    ['a list of words', { choice: 'c' }, ['choice should be one of a, b']],
    ['the type of a word', { choice: 1 }, ['choice must be one of a, b']],
    ['a flag', { flag: 'true' }, ['flag must be true or false']],
    ['an object', { part: [] }, ['part must be an object']],
    ['a list for an object', { part: [{ name: 'a' }, {}] }, ['part must be an object']],
    ['an object for a list', { parts: { name: 'a' } }, ['parts must be a list']],
    ['a list in a list', { parts: [[{}]] }, ['parts[0] must be an object']],
    ['what has to be there', { part: {} }, ['part.name must be there: a text']],
    ['null for what has to be there', { part: { name: null } }, ['part.name must be there: a text']],
    ['a length deep inside', { parts: [{ name: 'abc' }, { name: '' }] }, ['parts[1].name should be 1 to 3 characters long']],
    ['the type of a list', { parts: {} }, ['parts must be a list']],
    ['the size of a list', { parts: [] }, ['parts should be 1 to 2 elements long']],
    [
      'the size of a list and its elements, each for itself',
      { parts: [{ name: 'a' }, 1, null] },
      ['parts[1] must be an object', 'parts[2] must be an object', 'parts should be 1 to 2 elements long'],
    ],
    ['the elements of a list of texts', { texts: ['a', 1] }, ['texts[1] must be a text', 'texts should be at most 1 element long']],
    ['a word of a list', { choices: ['b', 'c'] }, ['choices[1] should be one of a, b']],
    ['the type of a word of a list', { choices: [1, 'a'] }, ['choices[0] must be a text']],
    ['the size of a list of words', { choices: ['a', 'b', 'a'] }, ['choices should be at most 2 elements long']],
    ['a list of anything', { anything: { length: 1 } }, ['anything must be a list']],
    ['words for a list of words', { choices: 'a' }, ['choices must be a list']],
  ])('tells a limit from what always holds: %s', (_, value, expected) => {
    expect(judged(value).sort()).toEqual([...expected].sort());
  });

  it('is none where nothing is wrong, known fields or not', () => {
    expect(
      judged({ amount: 0, one: null, word: 'abc', choice: 'b', parts: [{ name: 'a', new: 1 }], anything: [1, 'a', {}], new: { deep: [] } }),
    ).toEqual([]);
  });
});
