import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../json.js';

const PROBE_MS = 1_000;

/**
 * Refuses a data directory that another running simulator writes to: two of them would mix their lines. A lock file that a
 * crash left behind does not count: whoever it names is asked.
 * @throws Error naming the other simulator
 */
export async function refuseForeignLock(dataDir: string): Promise<void> {
  const lock = readLock(dataDir);
  if (lock === undefined || lock.pid === process.pid) return;
  const owner = await fetch(`${lock.url}/health`, { signal: AbortSignal.timeout(PROBE_MS) })
    .then((response) => response.json())
    .catch(() => undefined);
  if (isObject(owner) && owner.pid === lock.pid) {
    throw new Error(`${dataDir} is in use by the simulator at ${lock.url} (process ${lock.pid})`);
  }
}

/** Marks a data directory as ours. @returns a function that takes the mark away */
export function lockDataDir(dataDir: string, url: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(file(dataDir), JSON.stringify({ pid: process.pid, url }));
  return () => rmSync(file(dataDir), { force: true });
}

const file = (dataDir: string) => join(dataDir, 'simulator.lock');

function readLock(dataDir: string): { pid: number; url: string } | undefined {
  try {
    const lock: unknown = JSON.parse(readFileSync(file(dataDir), 'utf8'));
    return isObject(lock) && typeof lock.pid === 'number' && typeof lock.url === 'string' ? { pid: lock.pid, url: lock.url } : undefined;
  } catch {
    return undefined;
  }
}
