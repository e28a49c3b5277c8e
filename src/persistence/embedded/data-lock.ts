import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from './process-identity.js';

/** Who works in a data folder. */
interface Holder {
  readonly pid: number;
  readonly identity: string;
  /** The port of its API; null while it starts. */
  readonly port: number | null;
}

/** Another gateway works in this folder. The message is one line for a person. */
export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse';

  constructor(
    folder: string,
    readonly pid: number,
    readonly port: number | null,
  ) {
    const where = port === null ? 'is still starting' : `serves port ${port}`;
    super(`Already running in ${folder}: process ${pid} ${where}. Stop it, or set another DATA_DIR.`);
  }
}

/** Holds a data folder for one process. A holder that was killed is noticed by its pid and start time, so nothing needs cleaning up. */
export class DataLock {
  readonly #path: string;
  #holder: Holder;

  private constructor(path: string, holder: Holder) {
    this.#path = path;
    this.#holder = holder;
  }

  /** @throws DataFolderInUse */
  static acquire(folder: string): DataLock {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'gateway.lock');
    const holder: Holder = { pid: process.pid, identity: identityOf(process.pid) ?? '', port: null };
    for (let round = 0; round < 50; round++) {
      if (createOnce(path, JSON.stringify(holder))) return new DataLock(path, holder);
      const found = readText(path);
      const other = parse(found);
      if (other !== undefined && identityOf(other.pid) === other.identity) throw new DataFolderInUse(folder, other.pid, other.port);
      removeStale(path, found);
    }
    throw new Error(`Could not take ${path}: others keep taking it`);
  }

  /** Lets a second start say where the first one serves. */
  servesPort(port: number): void {
    this.#holder = { ...this.#holder, port };
    const draft = `${this.#path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(this.#holder));
    renameSync(draft, this.#path);
  }

  release(): void {
    if (readText(this.#path) === JSON.stringify(this.#holder)) unlinkSync(this.#path);
  }
}

/**
 * Creates a file with this content unless it exists; others see it whole or not at all.
 * @returns whether this call created it
 */
export function createOnce(path: string, content: string, mode = 0o644): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content, { mode, flush: true });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** Moves a dead holder's lock away. Two starts may do so at once: whoever moved a living one's by mistake puts it back. */
function removeStale(path: string, expected: string | undefined): void {
  if (expected === undefined) return;
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== expected) linkSync(aside, path);
    unlinkSync(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file that is not a lock (cut short by a full disk, for one) has no living holder. */
function parse(text: string | undefined): Holder | undefined {
  try {
    const { pid, identity, port } = JSON.parse(text ?? '') as Partial<Holder>;
    return typeof pid === 'number' && typeof identity === 'string' ? { pid, identity, port: port ?? null } : undefined;
  } catch {
    return undefined;
  }
}
