import { describe, expect, it } from '@jest/globals';
import { qrCode } from './qr-code.js';

/** The modules of a code, row by row, without the quiet zone. */
function modules(svg: string): boolean[][] {
  const size = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]) - 8;
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y] of svg.matchAll(/M(\d+),(\d+)h1/g)) rows[Number(y) - 4]![Number(x) - 4] = true;
  return rows;
}

describe('a QR code', () => {
  it.each([
    [17, 21],
    [18, 25],
    [53, 29],
    [62, 33],
    [106, 37],
    [134, 41],
  ])('of %d bytes has %d modules a side, finders in three corners and an alternating timing line', (length, size) => {
    const code = modules(qrCode('x'.repeat(length)) ?? '');
    expect(code).toHaveLength(size);
    const finder = '1111111 1000001 1011101 1011101 1011101 1000001 1111111';
    const corner = (left: number, top: number) =>
      code
        .slice(top, top + 7)
        .map((row) =>
          row
            .slice(left, left + 7)
            .map(Number)
            .join(''),
        )
        .join(' ');
    expect([corner(0, 0), corner(size - 7, 0), corner(0, size - 7)]).toEqual([finder, finder, finder]);
    expect(code[6]!.slice(8, size - 8).every((on, at) => on === (at % 2 === 0))).toBe(true);
  });

  it('holds its text: read back by the rules, without the correction', () => {
    const text = 'http://127.0.0.1:3001/shopper/0b1d9815-165e-42e2-8867-35bc03789e00';
    const code = modules(qrCode(text) ?? '');
    expect(readBack(code, 66)).toBe(text);
  });

  it('is none for what does not fit', () => {
    expect(qrCode('x'.repeat(135))).toBeUndefined();
  });
});

/** Reads the bytes of a version 4 code with mask 0, the way a scanner does once it has found the modules. */
function readBack(code: boolean[][], length: number): string {
  const size = code.length;
  const isFunction = (x: number, y: number) =>
    (x < 9 && y < 9) ||
    (x >= size - 8 && y < 9) ||
    (x < 9 && y >= size - 8) ||
    x === 6 ||
    y === 6 ||
    (Math.abs(x - 26) <= 2 && Math.abs(y - 26) <= 2);
  const bits: number[] = [];
  const columns = Array.from({ length: (size - 1) / 2 }, (_, pair) => size - 1 - 2 * pair).map((right) => (right <= 6 ? right - 1 : right));
  columns.forEach((right, turn) => {
    for (let step = 0; step < size; step += 1) {
      const y = turn % 2 === 0 ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (!isFunction(x, y)) bits.push(Number(code[y]![x]! !== ((x + y) % 2 === 0)));
    }
  });
  const number = (from: number, count: number) => parseInt(bits.slice(from, from + count).join(''), 2);
  expect([number(0, 4), number(4, 8)]).toEqual([4, length]);
  return Buffer.from(Array.from({ length }, (_, at) => number(12 + 8 * at, 8))).toString();
}
