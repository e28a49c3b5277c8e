import { describe, expect, it } from '@jest/globals';
import { pageQueryIn } from '../http/list-query.js';
import { ordersQueryIn } from './list-queries.js';

const bad = (...names: string[]) =>
  expect.objectContaining({ code: 'BAD_VALUE', messages: names.map((name) => `Bad value: ${name}`) }) as unknown as Error;

describe('ordersQueryIn', () => {
  it('takes 50 of everything when nothing is asked for', () => {
    expect(ordersQueryIn({})).toEqual({
      ...{ limit: 50, cursor: null, reference: null, status: null, learnedLater: false, createdFrom: null, createdTo: null },
      expiringWithinMs: null,
    });
  });

  it('reads every parameter', () => {
    const given = {
      reference: '10001',
      status: 'CAPTURED',
      learned: 'later',
      created_from: '2026-11-01',
      created_to: '2026-11-20T10:00:00+01:00',
      limit: '200',
    };
    expect(ordersQueryIn({ ...given, cursor: 'c' })).toEqual({
      reference: '10001',
      status: 'CAPTURED',
      learnedLater: true,
      createdFrom: new Date('2026-11-01T00:00:00Z'),
      createdTo: new Date('2026-11-20T09:00:00Z'),
      limit: 200,
      cursor: 'c',
      expiringWithinMs: null,
    });
    expect(ordersQueryIn({ expiring_within: '12h', limit: '5' })).toMatchObject({ expiringWithinMs: 12 * 3_600_000, limit: 5 });
  });

  it.each([
    ['limit', '0'],
    ['limit', '201'],
    ['limit', '1000000000'],
    ['limit', '-1'],
    ['limit', '1.5'],
    ['limit', '1e2'],
    ['limit', ''],
    ['limit', ['5', '6']],
    ['cursor', ''],
    ['learned', 'sooner'],
    ['status', 'captured'],
    ['status', ''],
    ['status', ['CAPTURED', 'CLOSED']],
    ['reference', ''],
    ['reference', 'a\u0000b'],
    ['reference', '\ud800'],
    ['created_from', 'yesterday'],
    ['created_from', '2026-13-01'],
    ['created_to', '2026-11-20T10:00:00'],
    ['created_to', '1795000000000'],
    ['sort', 'created_at'],
    ['__proto__x', '1'],
  ])('refuses %s=%j', (name, value) => {
    expect(() => ordersQueryIn({ [name]: value })).toThrow(bad(name));
  });

  it('names every parameter that is wrong at once', () => {
    expect(() => ordersQueryIn({ sort: 'x', limit: '0', status: 'x' })).toThrow(bad('sort', 'limit', 'status'));
  });
});

it('a timeline has no filters', () => {
  expect(pageQueryIn({ limit: '7' })).toEqual({ limit: 7, cursor: null });
  expect(() => pageQueryIn({ status: 'CAPTURED' })).toThrow(bad('status'));
});
