import { describe, expect, it } from '@jest/globals';
import { In } from 'typeorm';
import { minorUnits, minorUnitsOf, NotMinorUnits, sum } from './money.js';

describe('minorUnitsOf', () => {
  it.each([
    ['0', 0],
    ['-250', -250],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    [9007199254740991n, Number.MAX_SAFE_INTEGER],
    [1000, 1000],
    [-0, 0],
  ])('reads %p as %p', (given, amount) => expect(Object.is(minorUnitsOf(given), amount)).toBe(true));

  it.each([
    '9007199254740992',
    '-9007199254740993',
    '99999999999999999999',
    9007199254740992,
    1.5,
    Number.NaN,
    Infinity,
    '1.0',
    '1e3',
    '',
    ' 1',
    null,
    undefined,
    {},
  ])('refuses %p', (given) => expect(() => minorUnitsOf(given)).toThrow(NotMinorUnits));
});

describe('minorUnits', () => {
  it('turns the text of a bigint column into a number and back', () => {
    expect(minorUnits.from('1000')).toBe(1000);
    expect(minorUnits.to(1000)).toBe(1000);
  });

  it('leaves what is absent absent', () => {
    expect(minorUnits.from(null)).toBeNull();
    expect(minorUnits.to(undefined)).toBeUndefined();
  });

  it('lets no fraction and no unsafe number into the database, and none out of it', () => {
    expect(() => void minorUnits.to(10.5)).toThrow(NotMinorUnits);
    expect(() => void minorUnits.to(2 ** 53)).toThrow(NotMinorUnits);
    expect(() => void minorUnits.from('9007199254740993')).toThrow(NotMinorUnits);
  });

  it('lets query operators pass', () => {
    const operator = In([1, 2]);
    expect(minorUnits.to(operator)).toBe(operator);
  });
});

describe('sum', () => {
  it('adds amounts', () => {
    expect(sum([])).toBe(0);
    expect(sum([1000, 250, -50])).toBe(1200);
  });

  it('throws rather than round', () => {
    expect(() => sum([Number.MAX_SAFE_INTEGER, 1])).toThrow(NotMinorUnits);
    expect(() => sum([0.1, 0.2])).toThrow(NotMinorUnits);
  });
});
