// Builds when a source is newer than the last build, so that `npm start` and `npm test` need no step by hand.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist', '.built');
const sources = ['src', 'simulator'];
const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const newest = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).reduce(
    // A folder's own time counts too: it changes when a file is deleted or renamed.
    (latest, entry) => Math.max(latest, modified(join(entry.parentPath, entry.name))),
    modified(join(root, folder)),
  );

const built = modified(stamp);
const changed = Math.max(...sources.map(newest), ...settings.map((file) => modified(join(root, file))));
if (built === 0 || changed > built) {
  const started = Date.now();
  console.error('Building (sources are newer than dist/)...');
  const result = spawnSync(process.execPath, [join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  writeFileSync(stamp, `${started}\n`);
  const { utimesSync } = await import('node:fs');
  utimesSync(stamp, started / 1000, started / 1000);
}
