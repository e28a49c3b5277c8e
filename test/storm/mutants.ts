import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applied } from './patch.js';

export const ROOT = join(import.meta.dirname, '..', '..');
const PATCHES = join(ROOT, 'test', 'storm', 'mutants');
const BUILT_FROM = ['src', 'simulator', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
/** Processes interleave differently each time: a storm that missed the bug blows once more. */
const ATTEMPTS = 2;
const WITHIN_SECONDS = 120;
interface Storm {
  /** How it blows: enough of what the bug needs, in little time. */
  readonly args: readonly string[];
  /** What is added where the bug is planted: what it leaves open need not be waited for. */
  readonly planted?: readonly string[];
  /** What it says of this bug; anything else that it finds catches nobody. */
  readonly finds: RegExp;
}

const DOUBLES = /^### doubles: /m;
const EXECUTED = /^### answered with error, but executed: /m;
/** For bugs that leave much open, for which the storm waits in vain. */
const SHORT = ['--minutes', '0.2', '--operations', '120', '--kills', '4'];
const IMPATIENT = ['--patience', '40'];
/** Little that goes wrong but kills: much that is told, in little time. */
const FAIR = ['--faults', '0.05', '--freezes', '1', '--outages', '1', '--restarts', '1', '--flushes', '1'];
const STORMS: Readonly<Record<string, Storm>> = {
  'new-key-per-attempt': { args: ['--seed', '5', ...SHORT], planted: IMPATIENT, finds: DOUBLES },
  'no-fencing': {
    args: ['--seed', '11', '--sleeps', '2', '--kills', '4', '--faults', '0.1', '--operations', '160'],
    finds: /^### (doubles: |mismatches: .* was sent with an old key)/m,
  },
  'fencing-drops-answers': {
    args: ['--seed', '6', '--points', 'klarna-after,klarna-before', '--kills', '4', '--freezes', '6', '--operations', '200'],
    finds: /^### mismatches: attempt \S+ has no outcome/m,
  },
  'job-before-commit': {
    // Where the commit stands still, the job is there to be seen.
    args: ['--seed', '5', ...SHORT, '--points', 't2-commit-request', '--kills', '6', '--freezes', '3'],
    planted: IMPATIENT,
    finds: /^### mismatches: job \S+ was made before what it reminds of/m,
  },
  'call-inside-transaction': {
    args: ['--seed', '5', ...SHORT],
    planted: IMPATIENT,
    // Or their transactions have taken all connections: what Klarna answered can't be written down.
    finds: /^### mismatches: (a transaction stood open while Klarna had a call|attempt \S+ has no outcome)/m,
  },
  'blind-retry-after-the-window': {
    args: ['--seed', '5', '--operations', '200', '--kills', '2', '--minutes', '0.3', '--outages', '4', '--faults', '0.2'],
    planted: IMPATIENT,
    finds: DOUBLES,
  },
  'timeout-taken-as-failure': { args: ['--seed', '5'], finds: EXECUTED },
  '4xx-after-unknown-taken-as-rejection': { args: ['--seed', '5'], finds: EXECUTED },
  'read-applied-over-newer-state': {
    args: ['--seed', '5'],
    finds: /^### mismatches: (the order shows .* callers were told of|.*differences were found|\w+: .* at Klarna, .* in the database)/m,
  },
  'lane-ignored': { args: ['--seed', '5', ...SHORT], planted: IMPATIENT, finds: /^### mismatches: .* was sent before .* was settled/m },
  'event-outside-transaction': {
    // Killed as soon as it has settled something: what was to be told afterwards is told by nobody.
    args: ['--seed', '5', ...FAIR, '--points', 't2-commit-answer', '--kills', '14'],
    planted: IMPATIENT,
    finds: /^### lost: (order|capture|refund|cancellation of) \S+ was never told of/m,
  },
  'delivery-marked-before-answer': {
    args: ['--seed', '5', ...SHORT],
    planted: IMPATIENT,
    finds: /^### lost: (delivery \S+ is on record as delivered, and|\S+ \(\d+\)) never came to/m,
  },
  'inbox-answers-before-commit': {
    args: [
      '--seed',
      '5',
      ...FAIR,
      '--points',
      'inbox-request',
      '--kills',
      '16',
      '--set',
      'callbacks_doubled=100',
      '--set',
      'callbacks_delayed=0',
    ],
    planted: IMPATIENT,
    finds: /^### lost: callback(s to)? \S+ .*(was|were) answered 200/m,
  },
};
const USUAL = ['--operations', '240', '--kills', '8', '--minutes', '0.4', '--sleeps', '0', '--least', '0'];
const HELP = `npm run storm:mutants [-- [--control] [name ...]]

The storm is only worth something if it finds bugs. Plants each of these in a copy of the sources, and lets a storm blow that has to fail
because of it. With --control the same storms blow on the sources as they are, and have to pass.

  ${Object.keys(STORMS).join('\n  ')}
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @returns the names of the patches */
export function mutants(): string[] {
  return readdirSync(PATCHES)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length));
}

/** @returns the files with the bug, by path. @throws Error when the patch no longer fits */
export function planted(name: string): Map<string, string> {
  return applied(readFileSync(join(PATCHES, `${name}.patch`), 'utf8'), (path) => readFileSync(join(ROOT, path), 'utf8'));
}

/** @returns the exit status */
export async function main(args: readonly string[]): Promise<number> {
  const control = args.includes('--control');
  const wanted = args.filter((each) => each !== '--control');
  const known = Object.keys(STORMS);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    say(HELP);
    return wanted.includes('--help') ? 0 : 2;
  }
  let failed = 0;
  for (const name of wanted.length > 0 ? wanted : known) {
    const copy = build(name, control ? new Map() : planted(name));
    const good = control ? await passes(name, copy) : await isCaught(name, copy);
    if (!good) failed += 1;
    rmSync(copy, { recursive: true, force: true });
  }
  const all = control ? 'Every storm passed without a planted bug' : `Every planted bug was caught`;
  say(failed === 0 ? all : `${failed} ${control ? 'failed without a planted bug' : 'were not caught'}`);
  return failed === 0 ? 0 : 1;
}

async function isCaught(name: string, copy: string): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { last, told, seconds } = await blow(name, copy, STORMS[name]?.planted);
    const caught = STORMS[name]?.finds.test(told) === true && seconds <= WITHIN_SECONDS;
    say(`${caught ? 'caught    ' : 'NOT CAUGHT'}  ${name} in ${seconds} s: ${last}`);
    if (caught) return true;
  }
  return false;
}

async function passes(name: string, copy: string): Promise<boolean> {
  const { last, seconds } = await blow(name, copy);
  const passed = last.startsWith('Passed');
  say(`${passed ? 'passed' : 'FAILED'}  the storm of ${name}, without it, in ${seconds} s: ${last}`);
  return passed;
}

/** Builds a copy with these files in place of their own. @returns where */
function build(name: string, files: ReadonlyMap<string, string>): string {
  const copy = mkdtempSync(join(tmpdir(), `storm-mutant-${name}-`));
  for (const each of BUILT_FROM) cpSync(join(ROOT, each), join(copy, each), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const [path, text] of files) writeFileSync(join(copy, path), text);
  const nest = join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [nest, 'build'], { cwd: copy, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The copy with ${name} can't be built:\n${stdout}${stderr}`);
  return copy;
}

/** @returns everything that the storm told, its last line, and how long it took */
function blow(name: string, copy: string, more: readonly string[] = []): Promise<{ told: string; last: string; seconds: number }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const env = { ...process.env, GATEWAY_DIST: join(copy, 'dist') };
    const args = [join(ROOT, 'scripts', 'storm.mjs'), ...USUAL, ...(STORMS[name]?.args ?? []), ...more];
    const storm = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    storm.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    storm.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    storm.once('error', reject);
    storm.once('close', () => {
      const told = Buffer.concat(chunks).toString().trim();
      resolve({ told, last: told.split('\n').at(-1) ?? '', seconds: Math.round((performance.now() - began) / 1_000) });
    });
  });
}
