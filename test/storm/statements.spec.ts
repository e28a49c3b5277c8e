import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { POINTS, POINTS_OF } from './plan-chaos.js';
import { STATEMENTS } from './statements.js';

const SOURCES = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.spec)\.ts$/.test(name));
const texts = files.map((name) => readFileSync(join(SOURCES, name), 'utf8'));

describe('the step boundaries of a storm', () => {
  it.each(Object.entries(STATEMENTS))('%s is in one place of the sources', (_, text) => {
    expect(texts.flatMap((source) => source.split(text).slice(1))).toHaveLength(1);
  });

  it('are each met by a process', () => {
    expect(new Set([...POINTS_OF.api, ...POINTS_OF.worker])).toEqual(new Set(POINTS));
  });
});
