import { describe, expect, it } from '@jest/globals';
import { ShortMemory } from './short-memory.js';

describe('ShortMemory', () => {
  it('asks once while it remembers, and again after', async () => {
    let now = 0;
    let asked = 0;
    const memory = new ShortMemory<number>(5_000, 10, () => now);
    const get = () => memory.get('k', () => Promise.resolve(++asked));
    expect(await Promise.all([get(), get()])).toEqual([1, 1]);
    now = 4_999;
    expect(await get()).toBe(1);
    now = 5_000;
    expect(await get()).toBe(2);
  });

  it('does not remember a failure', async () => {
    const memory = new ShortMemory<number>(5_000, 10, () => 0);
    await expect(memory.get('k', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await memory.get('k', () => Promise.resolve(1))).toBe(1);
  });

  it('stays bounded under a flood, forgetting the oldest', async () => {
    const memory = new ShortMemory<string>(5_000, 3, () => 0);
    for (const key of ['a', 'b', 'c', 'd']) await memory.get(key, () => Promise.resolve(key));
    expect(memory.size).toBe(3);
    expect(await memory.get('d', () => Promise.resolve('asked'))).toBe('d');
    expect(await memory.get('a', () => Promise.resolve('asked'))).toBe('asked');
  });
});
