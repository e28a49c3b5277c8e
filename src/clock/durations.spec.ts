import { describe, expect, it } from '@jest/globals';
import { durationIn, durationText } from './durations.js';

const [DAY, HOUR, MINUTE] = [86_400_000, 3_600_000, 60_000];

describe('a duration', () => {
  it.each([
    ['7d', 7 * DAY],
    ['12h', 12 * HOUR],
    ['90m', 90 * MINUTE],
    ['366d', 366 * DAY],
  ])('%s is read, and written the same', (text, ms) => {
    expect(durationIn(text)).toBe(ms);
    expect(durationText(ms)).toBe(text);
  });

  it('is written in the largest unit', () => {
    expect([24 * HOUR, 60 * MINUTE, 25 * HOUR].map(durationText)).toEqual(['1d', '1h', '25h']);
  });

  it.each(['', '7', 'd', '0d', '-1d', '1.5d', '7 d', ' 7d', '7D', 'P7D', '7days', '367d', '99999d', '1d1h', '٧d'])('%j is none', (text) => {
    expect(durationIn(text)).toBeUndefined();
  });
});
