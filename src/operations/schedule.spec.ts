import { describe, expect, it } from '@jest/globals';
import { alertAgePassed, scheduleDelay } from './schedule.js';

describe('scheduleDelay', () => {
  it('follows the list and repeats its last delay with ten percent of jitter', () => {
    const delays = [1_000, 5_000, 900_000];
    expect([0, 1, 2].map((step) => scheduleDelay(delays, step))).toEqual(delays);
    expect(scheduleDelay(delays, 3, () => 0)).toBe(810_000);
    expect(scheduleDelay(delays, 50, () => 1)).toBe(990_000);
  });
});

describe('alertAgePassed', () => {
  it('speaks at 5 minutes, 1 hour and 5 hours, once each', () => {
    const minute = 60_000;
    expect(alertAgePassed(0, 4 * minute, 5 * minute - 1)).toBeNull();
    expect(alertAgePassed(0, 4 * minute, 5 * minute)).toBe(5 * minute);
    expect(alertAgePassed(0, 5 * minute, 6 * minute)).toBeNull();
    expect(alertAgePassed(0, 59 * minute, 61 * minute)).toBe(60 * minute);
    expect(alertAgePassed(0, 0, 301 * minute)).toBe(300 * minute);
  });
});
