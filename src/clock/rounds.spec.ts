import { expect, it } from '@jest/globals';
import { Rounds } from './rounds.js';

it('goes on at once while there is more, and is woken during and between rounds', async () => {
  let worked = 0;
  let release: () => void = () => {};
  const waiting: (() => void)[] = [];
  const rounds = new Rounds({
    name: 'Test',
    everyMs: 3_600_000,
    work: async () => {
      worked += 1;
      waiting.shift()?.();
      if (worked === 3) await new Promise<void>((resolve) => (release = resolve));
      return worked < 2;
    },
  });
  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  const [first, second, third] = [next(), next(), next()];
  rounds.start();
  await first;
  await second;
  await new Promise((resolve) => setImmediate(resolve));
  rounds.wake();
  await third;
  const fourth = next();
  // The third is under way: the wake-up is remembered.
  rounds.wake();
  release();
  await fourth;
  await rounds.stop();
  rounds.wake();
  expect(worked).toBe(4);
});

it('outlives a round that failed', async () => {
  let worked = 0;
  let done: () => void = () => {};
  const second = new Promise<void>((resolve) => (done = resolve));
  const rounds = new Rounds({
    name: 'Test',
    everyMs: 1,
    afterErrorMs: 1,
    work: () => {
      worked += 1;
      if (worked === 2) done();
      return worked === 1 ? Promise.reject(new Error('on purpose')) : Promise.resolve(false);
    },
  });
  rounds.start();
  await second;
  await rounds.stop();
  expect(worked).toBeGreaterThanOrEqual(2);
});
