import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { ConfigurationError } from '../../config/configuration-error.js';

/** Who runs Postgres, which refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Undefined when this process is not root: then Postgres runs as the same user. */
export function serverUser(existingData: string): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  // Data that someone else made stays theirs: a start as root in between must not lock them out.
  const owner = statSync(existingData, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const found = ['postgres', '_postgres', 'nobody'].map(lookUp).find((user) => user !== undefined);
  if (found === undefined)
    throw new ConfigurationError(['Postgres does not run as root, and this machine has neither a user postgres nor nobody']);
  return found;
}

/** macOS calls its Postgres user _postgres, and gives nobody an id that is too large to start a process with. */
function lookUp(name: string): ServerUser | undefined {
  const id = (flag: string) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout?.trim() ?? '';
  const [uid, gid] = [id('-u'), id('-g')];
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) && uid !== '0' && Number(uid) < 2 ** 31
    ? { uid: Number(uid), gid: Number(gid) }
    : undefined;
}

/** Whether this user can work in the folder; tried, because modes of all parents, groups and ACLs decide together. */
export function canEnter(folder: string, user: ServerUser | undefined): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', stdio: 'ignore', ...user }).status === 0;
}

/** Whether this user can run the program. */
export function canRun(program: string, user: ServerUser | undefined): boolean {
  return spawnSync(program, ['--version'], { cwd: '/', stdio: 'ignore', ...user }).status === 0;
}

/** Gives a folder to the server's user. */
export function handOver(folder: string, user: ServerUser | undefined): void {
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
}
