// Starts the longest test files first, so that no long one is left alone at the end. A clean checkout has no times of its own; those of
// durations.json (seconds, of one run; refreshed by `node test/support/longest-first.mjs RESULT.json`) are near enough.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import sequencer from '@jest/test-sequencer';

const Sequencer = sequencer.default ?? sequencer;
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '../..');
const file = path.join(here, 'durations.json');

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const known = JSON.parse(readFileSync(file, 'utf8'));
    const seconds = (test) => known[path.relative(root, test.path)] ?? 0;
    return [...super.sort(tests)].sort((a, b) => seconds(b) - seconds(a));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  const taken = testResults.map(({ name, startTime, endTime }) => [
    path.relative(process.cwd(), name),
    Math.round((endTime - startTime) / 1000),
  ]);
  const long = taken.filter(([, seconds]) => seconds >= 2).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(long), null, 2)}\n`);
}
