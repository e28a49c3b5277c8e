import { describe, expect, it } from '@jest/globals';
import { EnvelopeTampered, SealedEnvelope, UnknownCodec, UnknownKey } from './sealed-envelope.js';

const KEY = Buffer.alloc(32, 1);
const OTHER = Buffer.alloc(32, 2);
/** Sealed once with KEY for `operation.request`; what is stored today must open for ever. */
const STORED = Buffer.from(
  '010472cd6e842cc9413ebabb7b835eaa9571a9b509769aafe04f82b76b42cb1e24b95b702eceda7871d04831b97cbf997ea9b85ca174ae0dc8daa50267fa742e2fbee31c25c1e8da',
  'hex',
);
const text = Buffer.from('{"order_amount":100.0,"constructor":1}');

describe('SealedEnvelope', () => {
  const envelope = new SealedEnvelope(KEY);

  it('gives back the bytes it was given', () => {
    for (const bytes of [text, Buffer.alloc(0), Buffer.from([0, 255, 0xd8, 0x00])])
      expect(envelope.open(envelope.seal(bytes, 'p'), 'p')).toEqual(bytes);
  });

  it('has the documented layout', () => {
    const sealed = envelope.seal(text, 'p');
    expect(sealed.subarray(0, 6).toString('hex')).toBe('010472cd6e84');
    expect(sealed.length).toBe(6 + 12 + 16 + text.length);
  });

  it('opens what was stored before', () => {
    expect(envelope.open(STORED, 'operation.request').toString()).toBe(text.toString());
  });

  it('never gives equal envelopes, so that equal requests do not look equal', () => {
    expect(envelope.seal(text, 'p').equals(envelope.seal(text, 'p'))).toBe(false);
  });

  it('does not open for another purpose', () => {
    expect(() => envelope.open(envelope.seal(text, 'operation.request'), 'attempt.answer')).toThrow(EnvelopeTampered);
  });

  it('notices every changed byte', () => {
    const sealed = envelope.seal(text, 'p');
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = changed[at]! ^ 1;
      expect(() => envelope.open(changed, 'p')).toThrow(/codec|key|open|short/i);
    }
  });

  it('notices an envelope that was cut short', () => {
    const sealed = envelope.seal(text, 'p');
    for (const length of [0, 1, 5, 20, 33, sealed.length - 1]) expect(() => envelope.open(sealed.subarray(0, length), 'p')).toThrow();
  });

  it('names the key it would need', () => {
    const sealed = new SealedEnvelope(OTHER).seal(text, 'p');
    expect(() => envelope.open(sealed, 'p')).toThrow(
      new UnknownKey('Sealed with key 75877bb4, which is not configured (DATA_KEY is 72cd6e84)', '75877bb4'),
    );
    expect(new SealedEnvelope(KEY, OTHER).open(sealed, 'p')).toEqual(text);
  });

  it('refuses a codec it does not know', () => {
    expect(() => envelope.open(Buffer.from([2, 4, 0, 0, 0, 0]), 'p')).toThrow(UnknownCodec);
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => new SealedEnvelope(Buffer.alloc(16))).toThrow(RangeError);
  });
});

describe('fingerprint', () => {
  const envelope = new SealedEnvelope(KEY);

  it('is the same for the same key, purpose and parts, today and tomorrow', () => {
    expect(envelope.fingerprint('idempotency', 'POST', Buffer.from('{}')).toString('hex')).toBe(
      '1728b1a58e153228da9270adbaf6a0489488f5fbe249a4a6902057f58cc68378',
    );
  });

  it('differs by purpose, by key, and by where a part ends', () => {
    const all = [
      envelope.fingerprint('a', 'ab', 'c'),
      envelope.fingerprint('b', 'ab', 'c'),
      envelope.fingerprint('a', 'a', 'bc'),
      envelope.fingerprint('a', 'abc'),
      envelope.fingerprint('a', 'ab', 'c', ''),
      new SealedEnvelope(OTHER).fingerprint('a', 'ab', 'c'),
    ];
    expect(new Set(all.map((each) => each.toString('hex'))).size).toBe(all.length);
  });
});
