import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from './canonical-json.js';

const canonical = (text: string): string => canonicalJson(Buffer.from(text));

describe('canonicalJson', () => {
  it('is the same for other member order, spacing and escapes', () => {
    expect(canonical('{ "b": [1, {"y":2,"x":"\\u0041"}],\n "a": null }')).toBe(canonical('{"a":null,"b":[1,{"x":"A","y":2}]}'));
  });

  it('keeps number literals as they are written', () => {
    expect(canonical('{"a":100}')).not.toBe(canonical('{"a":100.0}'));
    expect(canonical('[12345678901234567890]')).toBe('[12345678901234567890]');
    expect(canonical('[1e2]')).toBe('[1e2]');
  });

  it('keeps the order of arrays', () => {
    expect(canonical('[1,2]')).not.toBe(canonical('[2,1]'));
  });

  it('tells an absent member from null and from empty', () => {
    expect(new Set(['{}', '{"a":null}', '{"a":""}', '{"a":[]}', '{"a":{}}'].map(canonical)).size).toBe(5);
  });

  it('knows members with names of the language', () => {
    expect(canonical('{"constructor":1,"__proto__":2}')).toBe('{"__proto__":2,"constructor":1}');
  });
});
