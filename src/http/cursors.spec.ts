import { describe, expect, it } from '@jest/globals';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { Cursors } from './cursors.js';

const cursors = new Cursors(new SealedEnvelope(Buffer.alloc(32, 1)));
const list = ['orders', 'merchant', '[null]'];
const refused = expect.objectContaining({ code: 'BAD_VALUE', messages: ['Bad value: cursor'] }) as unknown as Error;

describe('Cursors', () => {
  it('goes on where it was written', () => {
    expect(cursors.read(list, cursors.write(list, [1_795_000_000_000, 'id']))).toEqual([1_795_000_000_000, 'id']);
  });

  it.each([
    ['another merchant', ['orders', 'rival', '[null]']],
    ['other filters', ['orders', 'merchant', '["x"]']],
    ['another list', ['timeline', 'merchant', '[null]']],
    ['parts put together differently', ['ordersmerchant', '', '[null]']],
  ])('refuses one of %s', (_, other) => {
    expect(() => cursors.read(other, cursors.write(list, [1, 'id']))).toThrow(refused);
  });

  it('refuses one whose every single character was changed', () => {
    const genuine = cursors.write(list, [1_795_000_000_000, 'id']);
    for (let at = 0; at < genuine.length; at++) {
      const other = genuine[at] === 'A' ? 'B' : 'A';
      expect(() => cursors.read(list, genuine.slice(0, at) + other + genuine.slice(at + 1))).toThrow(refused);
    }
  });

  it.each(['', '.', 'x', 'x.y', '%', 'WzFd', 'WzFd.'])('refuses %j', (text) => {
    expect(() => cursors.read(list, text)).toThrow(refused);
  });

  it.each(['=', '.', '.x', ' '])('refuses a genuine one with %j behind it', (tail) => {
    expect(() => cursors.read(list, cursors.write(list, [1]) + tail)).toThrow(refused);
  });

  it('refuses one that another key has signed', () => {
    const others = new Cursors(new SealedEnvelope(Buffer.alloc(32, 2)));
    expect(() => cursors.read(list, others.write(list, [1]))).toThrow(refused);
  });
});
