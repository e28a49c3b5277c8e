// Builds when a source is newer than the last build, so that `npm start` and `npm test` need no step by hand.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');
const compiler = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const lock = join(root, 'node_modules', '.build-lock');
const sources = ['src', 'simulator'];
const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];

const say = (line) => process.stderr.write(`${line}\n`);
const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.name.endsWith('.spec.ts'))
    // A folder's own time counts too: it changes when a file is deleted or renamed.
    .reduce((latest, entry) => Math.max(latest, modified(join(entry.parentPath, entry.name))), modified(join(root, folder)));

/** The stamp lies in dist/, which a build empties first: one that failed or was killed leaves none. */
function isUpToDate() {
  const built = modified(stamp);
  return built > 0 && built >= Math.max(...sources.map(newest), ...settings.map((file) => modified(join(root, file))));
}

function holderLives() {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is someone else's. No file: it has taken the lock this moment, or died in it.
    return error.code === 'EPERM' || (error.code === 'ENOENT' && Date.now() - modified(lock) < 2_000);
  }
}

/** Two builds at once would delete each other's dist/. */
function takeLock() {
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (holderLives()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    else rmSync(lock, { recursive: true, force: true });
  }
}

function build() {
  const started = Date.now();
  say('Building (sources are newer than dist/)...');
  const result = spawnSync(process.execPath, [compiler, 'build'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) return result.status ?? 1;
  writeFileSync(stamp, `${started}\n`);
  // The time at which it began: what was saved during the build is newer than it.
  utimesSync(stamp, started / 1000, started / 1000);
  return 0;
}

function buildIfNeeded() {
  if (isUpToDate()) return 0;
  if (!existsSync(compiler)) {
    // An installation without development packages runs what was built elsewhere.
    if (existsSync(join(root, 'dist', 'src', 'main.js'))) return 0;
    say('There is no build, and the compiler is not installed: run `npm ci` and then `npm run build`');
    return 1;
  }
  takeLock();
  try {
    return isUpToDate() ? 0 : build();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

process.exitCode = buildIfNeeded();
