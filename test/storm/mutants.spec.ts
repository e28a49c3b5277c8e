import { describe, expect, it } from '@jest/globals';
import { mutants, planted } from './mutants.js';
import { applied } from './patch.js';

describe('the planted bugs', () => {
  it('are the thirteen that the storm has to find', () => {
    expect(mutants().sort()).toEqual([
      '4xx-after-unknown-taken-as-rejection',
      'blind-retry-after-the-window',
      'call-inside-transaction',
      'delivery-marked-before-answer',
      'event-outside-transaction',
      'fencing-drops-answers',
      'inbox-answers-before-commit',
      'job-before-commit',
      'lane-ignored',
      'new-key-per-attempt',
      'no-fencing',
      'read-applied-over-newer-state',
      'timeout-taken-as-failure',
    ]);
  });

  it.each(mutants())('%s can be planted in the sources as they are', (name) => {
    const files = planted(name);
    expect([...files.keys()].every((path) => path.startsWith('src/'))).toBe(true);
  });
});

describe('a patch', () => {
  const diff = 'diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@ where\n one\n-two\n+2\n three\n@@ -9 +9,2 @@\n nine\n+ten\n';

  it('is applied wherever its lines stand', () => {
    expect(applied(diff, () => 'zero\none\ntwo\nthree\nnine\n')).toEqual(new Map([['f', 'zero\none\n2\nthree\nnine\nten\n']]));
  });

  it.each([
    ['are not there', 'one\n2\nthree\nnine\n'],
    ['are there twice', 'one\ntwo\nthree\nnine\none\ntwo\nthree\n'],
  ])('is refused when its lines %s', (_, text) => {
    expect(() => applied(diff, () => text)).toThrow(/there [02] times/);
  });

  it('that changes nothing is refused', () => {
    expect(() => applied('', () => '')).toThrow('changes nothing');
  });
});
