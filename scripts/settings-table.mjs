// Writes what the code says about its settings into the documents: README.md's table and .env.example.
// Run it after a change of src/config/settings-table.ts: npm run build && node scripts/settings-table.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname, '..');
const BEGIN = '<!-- settings: written by scripts/settings-table.mjs -->';
const END = '<!-- /settings -->';

/** @typedef {{ name: string, doc: string, allowed: string, defaultText: string | undefined, secret: boolean }} Row */

/** README's table: what a setting is for, and its words where they are a closed list; .env.example has all the rest. @param {readonly Row[]} rows */
export function settingsTable(rows) {
  const cell = (text) => text.replaceAll('|', '\\|');
  const words = (allowed) => (allowed.includes(' | ') ? ` (${cell(allowed)})` : '');
  const row = ({ name, doc, allowed, defaultText }) => `| \`${name}\` | ${cell(defaultText ?? '–')} | ${cell(doc)}${words(allowed)} |`;
  return ['| Variable | Default | |', '| --- | --- | --- |', ...rows.map(row)].join('\n');
}

/** A README with its table as it should be. */
export function withSettingsTable(readme, rows) {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md has no place for the settings: ${BEGIN} ... ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${settingsTable(rows)}\n\n${readme.slice(end)}`;
}

/** The whole of .env.example: every setting, none of them set. */
export function environmentExample(rows) {
  const head = [
    '# Every setting of the gateway, in the order of README.md. Nothing is set here: copy this file to .env and remove the # of what you need.',
    '# docker compose reads .env by itself; without it: node --env-file=.env dist/src/main.js',
    '# Written by scripts/settings-table.mjs.',
  ];
  const entry = ({ name, doc, allowed, defaultText, secret }) => [
    '',
    `# ${doc}${secret ? ' (secret)' : ''}`,
    `# Allowed: ${allowed}. Default: ${defaultText ?? 'none'}`,
    `# ${name}=`,
  ];
  return `${[...head, ...rows.flatMap(entry)].join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const { SETTINGS_TABLE } = await import(join(ROOT, 'dist', 'src', 'config', 'settings-table.js'));
  const readme = join(ROOT, 'README.md');
  writeFileSync(readme, withSettingsTable(readFileSync(readme, 'utf8'), SETTINGS_TABLE));
  writeFileSync(join(ROOT, '.env.example'), environmentExample(SETTINGS_TABLE));
}
