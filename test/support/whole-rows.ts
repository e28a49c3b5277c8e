import { expect } from '@jest/globals';
import type { TestDatabase } from './postgres.js';
import { FIND_CONTRADICTIONS } from './row-contradictions.js';
import { rowsOf } from './scene.js';

/** Expects that no two rows of the database contradict each other: nothing is half-written, lost or doubled. */
export async function expectWholeRows(database: TestDatabase): Promise<void> {
  expect(await rowsOf(database, FIND_CONTRADICTIONS)).toEqual([]);
}
