import { describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { OPERATION_STATES } from './operation.js';
import { firstIdAt, operationsQueryIn } from './operations-query.js';

const bad = (...names: string[]) =>
  expect.objectContaining({ code: 'BAD_VALUE', messages: names.map((name) => `Bad value: ${name}`) }) as unknown as Error;
const OPEN = ['accepted', 'running', 'waiting', 'unknown', 'manual'];

describe('operationsQueryIn', () => {
  it('takes 50 of everything when nothing is asked for', () => {
    expect(operationsQueryIn({})).toEqual({ limit: 50, cursor: null, states: OPERATION_STATES, kind: null, olderThan: null });
  });

  it.each([
    ['manual', ['manual']],
    ['manual,unknown', ['unknown', 'manual']],
    [
      ['manual', 'unknown,manual'],
      ['unknown', 'manual'],
    ],
    ['open', OPEN],
    ['rejected,open', [...OPEN, 'rejected']],
    [['succeeded'], ['succeeded']],
  ])('reads state=%j', (state, states) => {
    expect(operationsQueryIn({ state }).states).toEqual(states);
  });

  it.each([
    ['15m', { ms: 900_000 }],
    ['0s', { ms: 0 }],
    ['36h', { ms: 129_600_000 }],
    ['7d', { ms: 604_800_000 }],
    ['2026-11-20T10:00:00+01:00', { at: new Date('2026-11-20T09:00:00Z') }],
    ['2026-11-20', { at: new Date('2026-11-20T00:00:00Z') }],
  ])('reads older_than=%s', (text, olderThan) => {
    expect(operationsQueryIn({ older_than: text }).olderThan).toEqual(olderThan);
  });

  it.each<[string, unknown]>([
    ['state', 'Manual'],
    ['state', ''],
    ['state', 'manual,'],
    ['state', ['manual', 'all']],
    ['state', { a: 'manual' }],
    ['kind', 'capture'],
    ['kind', ''],
    ['kind', ['order-management.capture', 'order-management.refund']],
    ['older_than', '15'],
    ['older_than', '15min'],
    ['older_than', '-15m'],
    ['older_than', '1.5h'],
    ['older_than', '1000000s'],
    ['older_than', 'PT15M'],
    ['older_than', '2026-11-20T10:00:00'],
    ['older_than', ['1h', '2h']],
    ['limit', '0'],
    ['limit', '201'],
    ['cursor', ''],
    ['sort', 'id'],
  ])('refuses %s=%j', (name, value) => {
    expect(() => operationsQueryIn({ [name]: value })).toThrow(bad(name));
  });

  it('names every parameter that is wrong at once', () => {
    expect(() => operationsQueryIn({ sort: 'x', limit: '0', state: 'x', kind: 'y', older_than: 'z' })).toThrow(
      bad('sort', 'state', 'limit', 'kind', 'older_than'),
    );
  });
});

it('the first id of a moment lies between those before and those from then on', () => {
  const at = Date.UTC(2026, 10, 20, 10, 0, 0, 123);
  expect(uuidv7({ msecs: at - 1 }) < firstIdAt(at)).toBe(true);
  expect(uuidv7({ msecs: at }) > firstIdAt(at)).toBe(true);
});
