import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SETTINGS_TABLE } from '../../src/config/settings-table.js';
import { KINDS } from '../../src/operations/kinds.js';

interface SettingsScript {
  withSettingsTable(readme: string, rows: typeof SETTINGS_TABLE): string;
  environmentExample(rows: typeof SETTINGS_TABLE): string;
}

const ROOT = join(import.meta.dirname, '..', '..');
const NOT_OURS = new Set(['node_modules', 'dist', '.data', 'coverage', '.git', '.env']);
const script = (await import(pathToFileURL(join(ROOT, 'scripts', 'settings-table.mjs')).href)) as SettingsScript;
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Every file of the project, relative to its root; what .gitignore names is left out. */
function files(folder = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (NOT_OURS.has(entry.name) || entry.name.endsWith('.log')) return [];
    return entry.isDirectory() ? files(path) : [relative(ROOT, path)];
  });
}

const documents = files().filter((path) => path.endsWith('.md'));

describe('README.md and .env.example', () => {
  it('hold exactly the settings that the code has; node scripts/settings-table.mjs writes them', () => {
    expect(read('README.md')).toBe(script.withSettingsTable(read('README.md'), SETTINGS_TABLE));
    expect(read('.env.example')).toBe(script.environmentExample(SETTINGS_TABLE));
  });

  it('set nothing: a copied .env.example changes nothing', () => {
    const lines = read('.env.example').split('\n');
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});

describe('the documents', () => {
  it.each(documents)('%s links only to files that exist', (document) => {
    const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
    const local = links.filter((target) => !/^(https?:|mailto:|#)/.test(target)).map((target) => target.split('#')[0] ?? '');
    expect(local.filter((target) => !existsSync(join(ROOT, dirname(document), target)))).toEqual([]);
  });

  it.each(documents)('%s names only files that exist', (document) => {
    const named = [...read(document).matchAll(/`((?:src|test|scripts|simulator|docs)\/[\w./-]+\.(?:ts|mjs|md|yml))`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(documents)('%s names only npm scripts that exist', (document) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(document).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('tell of every kind of operation how it ends', () => {
    const page = read('docs/operations.md');
    const sections = page.split(/^## /m).slice(1);
    const told = sections.flatMap((section) => {
      const prefix = /^\| Kind `([\w-]+\.)`/m.exec(section)?.[1] ?? '';
      return [...section.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => `${prefix}${name}`);
    });
    expect(told.sort()).toEqual(Object.keys(KINDS).sort());
  });

  it('tell of every promise by a test that exists', () => {
    const promises = read('docs/guarantees.md').split(/^## /m).slice(1);
    const numbered = promises.filter((promise) => /^\d\./.test(promise));
    expect(numbered).toHaveLength(8);
    for (const promise of numbered) expect(promise).toMatch(/`(?:test|src)\/[\w./-]+\.spec\.ts`/);
  });
});

describe('the files of the project', () => {
  // Written in pieces, so that this file does not name them either.
  const forbidden = [
    ['registry', '.npmjs'],
    ['registry', '.yarnpkg'],
    ['npm', '.pkg.github'],
    ['art', 'ifactory'],
    ['ver', 'daccio'],
    ['..', '/shared'],
    ['/', 'work/'],
    ['/', 'root/'],
    ['/', 'Users/'],
    ['/', 'home/[a-z]'],
  ].map((pieces) => new RegExp(pieces.map((piece) => piece.replaceAll('.', '\\.')).join(''), 'i'));

  it('name no package registry, no folder beside the project and no path of one machine', () => {
    const texts = files().filter((path) => statSync(join(ROOT, path)).size < 5_000_000);
    const found = texts.flatMap((path) => {
      const lines = read(path).split('\n');
      return lines.flatMap((line, index) => (forbidden.some((pattern) => pattern.test(line)) ? [`${path}:${index + 1}`] : []));
    });
    expect(found).toEqual([]);
  });

  it('lock every package without saying where it was fetched', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
    expect(read('.npmrc')).toContain('omit-lockfile-registry-resolved=true');
  });

  it('hold the license that package.json names', () => {
    expect((JSON.parse(read('package.json')) as { license: string }).license).toBe('MIT');
    expect(read('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) 2026 Klarna Merchant Gateway contributors\n/);
  });
});
