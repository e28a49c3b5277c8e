// npm run storm:mutants: the storm is only worth something if it finds bugs. Each patch of test/storm/mutants plants one in a copy of the
// sources (the product has no switch for it); the copy is built, and a storm with a seed that meets the bug has to fail because of it.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const patches = join(root, 'test', 'storm', 'mutants');
const BUILT_FROM = ['src', 'simulator', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const ATTEMPTS = 2;
/** What a storm finds; that too little happened, or that a takeover was slow, catches nobody. */
const FOUND = /(doubles|lost|mismatches|answered with error, but executed): \d+|\d+ operations are neither final nor manual/;

/** How the storm blows for each: enough of what the bug needs, in little time. */
const STORMS = {
  'new-key-per-attempt': ['--seed', '5'],
  'no-fencing': ['--seed', '11', '--sleeps', '3', '--kills', '4', '--faults', '0.1'],
  'fencing-drops-answers': ['--seed', '6', '--points', 't1-answer,klarna-after,klarna-before', '--freezes', '6'],
  'job-before-commit': ['--seed', '5'],
  'call-inside-transaction': ['--seed', '5'],
  'blind-retry-after-the-window': ['--seed', '5', '--minutes', '0.6'],
  'timeout-taken-as-failure': ['--seed', '5'],
  '4xx-after-unknown-taken-as-rejection': ['--seed', '5'],
  'read-applied-over-newer-state': ['--seed', '5'],
  'lane-ignored': ['--seed', '5'],
};
const USUAL = ['--operations', '300', '--kills', '10', '--minutes', '0.5', '--sleeps', '0'];

const say = (line) => process.stdout.write(`${line}\n`);

/** Builds a copy with the bug. @returns where */
function plant(name) {
  const copy = mkdtempSync(join(tmpdir(), `storm-mutant-${name}-`));
  for (const each of BUILT_FROM) cpSync(join(root, each), join(copy, each), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const run = (command, ...args) => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: copy, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} for ${name}:\n${stdout}${stderr}`);
  };
  run('git', 'apply', join(patches, `${name}.patch`));
  run(process.execPath, join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build');
  return copy;
}

/** @returns the storm's last line, and how long it took */
function blow(copy, args) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const env = { ...process.env, GATEWAY_DIST: join(copy, 'dist') };
    const storm = spawn(process.execPath, [join(root, 'scripts', 'storm.mjs'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    storm.stdout.on('data', (chunk) => (out += chunk));
    storm.stderr.on('data', (chunk) => (out += chunk));
    storm.once('error', reject);
    storm.once('close', () =>
      resolve({ last: out.trim().split('\n').at(-1) ?? '', seconds: Math.round((performance.now() - began) / 1_000) }),
    );
  });
}

const known = readdirSync(patches)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => file.slice(0, -'.patch'.length));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  say(`Unknown: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  process.exit(2);
}

let free = 0;
for (const name of wanted.length > 0 ? wanted : known) {
  const copy = plant(name);
  const args = [...USUAL, ...(STORMS[name] ?? [])];
  let caught = false;
  for (let attempt = 1; attempt <= ATTEMPTS && !caught; attempt += 1) {
    const { last, seconds } = await blow(copy, args);
    caught = FOUND.test(last);
    say(`${caught ? 'caught' : 'NOT CAUGHT'}  ${name}  in ${seconds} s: ${last}`);
  }
  if (!caught) free += 1;
  rmSync(copy, { recursive: true, force: true });
}
say(free === 0 ? 'Every planted bug was caught' : `${free} not caught`);
process.exitCode = free === 0 ? 0 : 1;
