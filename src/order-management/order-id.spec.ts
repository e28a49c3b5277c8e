import { describe, expect, it } from '@jest/globals';
import { Refusal } from '../operations/errors.js';
import { movementIdIn, noSuchOrder, orderIdIn } from './order-id.js';

describe('orderIdIn', () => {
  it('passes an id on as it is', () => {
    expect(orderIdIn('ord_12.34~x')).toBe('ord_12.34~x');
  });

  it('takes a UUID in capitals for the same order', () => {
    expect(orderIdIn('F3392F8B-6116-4073-AB96-E330819E2C07')).toBe('f3392f8b-6116-4073-ab96-e330819e2c07');
  });

  it.each(['', '.', '..', 'a/b', 'a\\b', 'a%2Fb', 'a?b', 'a#b', 'a b', 'a\u0000b', 'a\nb', 'å', 'x'.repeat(256)])(
    'knows no order %j',
    (id) => {
      expect(() => orderIdIn(id)).toThrow(Refusal);
      expect(() => orderIdIn(id)).toThrow(expect.objectContaining({ code: 'NO_SUCH_ORDER', status: 404 }));
    },
  );

  it('does not repeat what can not be an id', () => {
    expect(noSuchOrder('<script>').messages).toEqual(['No order with this id exists']);
  });
});

it('an impossible capture id is an unknown capture', () => {
  expect(() => movementIdIn('a/b', 'NO_SUCH_CAPTURE')).toThrow(expect.objectContaining({ code: 'NO_SUCH_CAPTURE' }));
});
