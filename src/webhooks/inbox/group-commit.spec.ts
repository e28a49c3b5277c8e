import { describe, expect, it } from '@jest/globals';
import { GroupCommit, TooManyWaiting } from './group-commit.js';

const LIMITS = { most: 3, mostBytes: 10, waiting: 5 };

/** Work that ends when it is told to, and remembers its groups. */
function held() {
  const groups: string[][] = [];
  const gates: ((error?: Error) => void)[] = [];
  const work = (items: readonly string[]) =>
    new Promise<string[]>((resolve, reject) => {
      groups.push([...items]);
      gates.push((error) => (error === undefined ? resolve(items.map((item) => `${item}!`)) : reject(error)));
    });
  const next = async (error?: Error) => {
    while (gates.length === 0) await new Promise(setImmediate);
    gates.shift()?.(error);
  };
  return { groups, work, next };
}

describe('a group commit', () => {
  it('takes what arrives while it works together with the next, each with its own result', async () => {
    const { groups, work, next } = held();
    const commit = new GroupCommit(work, LIMITS);
    const first = commit.add('a');
    await new Promise(setImmediate);
    const rest = ['b', 'c'].map((item) => commit.add(item));
    await next();
    await next();
    expect(await Promise.all([first, ...rest])).toEqual(['a!', 'b!', 'c!']);
    expect(groups).toEqual([['a'], ['b', 'c']]);
  });

  it('limits a group by number and by size, but takes one however large it is', async () => {
    const { groups, work, next } = held();
    const commit = new GroupCommit(work, LIMITS, (item) => item.length);
    const all = ['1', '2', '3', '4'].map((item) => commit.add(item));
    const large = commit.add('x'.repeat(20));
    for (let n = 0; n < 3; n++) await next();
    await Promise.all([...all, large]);
    expect(groups.map((group) => group.length)).toEqual([3, 1, 1]);
  });

  it('refuses what would wait too long, and nothing else', async () => {
    const { work, next } = held();
    const commit = new GroupCommit(work, LIMITS);
    const taken = Array.from({ length: 5 }, (_, n) => commit.add(String(n)));
    await expect(commit.add('one too many')).rejects.toBeInstanceOf(TooManyWaiting);
    await next();
    await next();
    expect(await Promise.all(taken)).toHaveLength(5);
  });

  it('tries each alone when one of them is to blame, and fails them all when it is not', async () => {
    const bad = new Error('bad item');
    const groups: string[][] = [];
    const commit = new GroupCommit(
      (items: readonly string[]) => {
        groups.push([...items]);
        return items.includes('away')
          ? Promise.reject(new Error('away'))
          : items.includes('bad')
            ? Promise.reject(bad)
            : Promise.resolve(items);
      },
      LIMITS,
      undefined,
      (error) => error === bad,
    );
    expect(await Promise.allSettled([commit.add('a'), commit.add('bad'), commit.add('b')])).toMatchObject([
      { value: 'a' },
      { reason: bad },
      { value: 'b' },
    ]);
    expect(groups).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b']]);
    expect(await Promise.allSettled([commit.add('a'), commit.add('away')])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(await commit.add('c')).toBe('c');
  });
});
