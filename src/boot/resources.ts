import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../config/configuration-error.js';
import type { Settings } from '../config/settings.js';
import { dataKeyIn } from '../persistence/embedded/data-key.js';
import { DataLock } from '../persistence/embedded/data-lock.js';
import { EmbeddedPostgres } from '../persistence/embedded/embedded-postgres.js';
import { choosePort } from './ports.js';
import { SimulatorProcess } from './simulator-process.js';

/** What a process owns besides its application, and gives back in the opposite order. */
export class Resources {
  readonly #releases: (() => Promise<void> | void)[] = [];
  #lock: DataLock | undefined;
  #postgres: EmbeddedPostgres | undefined;

  /**
   * Takes the data folder, if something that belongs to one process will work there. Before anything else: who starts a second time
   * is to read that, and not that the first start has the port.
   * @throws DataFolderInUse
   */
  async lock(settings: Settings): Promise<void> {
    if (settings.mode !== 'embedded' && !settings.startsSimulator) return;
    const lock = (this.#lock = await inDataDir(settings, () => DataLock.acquire(resolve(settings.dataDir))));
    this.#releases.unshift(() => lock.release());
  }

  /**
   * Takes what else these settings ask for: the folder's key, the private Postgres, the simulator.
   * @returns the settings, completed with what became known by that
   */
  acquire(settings: Settings, gatewayPort: number, note: (line: string) => void): Promise<Settings> {
    return inDataDir(settings, () => this.#acquire(settings, gatewayPort, note));
  }

  async #acquire(settings: Settings, gatewayPort: number, note: (line: string) => void): Promise<Settings> {
    const dataDir = resolve(settings.dataDir);
    let complete = settings;
    if (!complete.hasDataKey) complete = complete.with({ dataKey: dataKeyIn(dataDir, existsSync(join(dataDir, 'postgres.port'))) });
    if (settings.mode === 'embedded') {
      const postgres = (this.#postgres = await EmbeddedPostgres.start({ dataDir, note }));
      this.#releases.unshift(() => postgres.stop());
      complete = complete.with({ databaseUrl: postgres.url });
    }
    if (settings.startsSimulator) {
      const port = await choosePort('SIMULATOR_PORT', settings.simulatorPort, 3001, '127.0.0.1');
      const gatewayUrl = settings.publicUrl ?? `http://127.0.0.1:${gatewayPort}`;
      const simulator = await SimulatorProcess.start({ dataDir, port, gatewayUrl, note });
      this.#releases.unshift(() => simulator.stop());
      complete = complete.with({ klarnaBaseUrl: simulator.url });
    }
    return complete;
  }

  /** Lets a second start in the same folder say where this one serves. */
  serves(port: number): void {
    this.#lock?.servesPort(port);
  }

  /** Tells Postgres to end, without waiting; the simulator ends with this process. The next start recovers what that cuts short. */
  abandon(): void {
    this.#postgres?.abandon();
  }

  /** Gives everything back, also when one of them fails. */
  async release(): Promise<void> {
    for (const release of this.#releases.splice(0)) {
      try {
        await release();
      } catch {
        // The others are still to be given back, and the next start recovers this one.
      }
    }
  }
}

/** What a file system says of a folder that can't be used. */
const UNUSABLE = new Set(
  'EACCES EPERM EROFS ENOTDIR EEXIST ENOENT EISDIR ENOSPC EDQUOT ENAMETOOLONG ELOOP EIO ENOTSUP EOPNOTSUPP'.split(' '),
);

/** @throws ConfigurationError that names DATA_DIR when its file system refuses */
async function inDataDir<T>(settings: Settings, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall = '', message } = error as NodeJS.ErrnoException;
    if (!UNUSABLE.has(code ?? '') || /^(spawn|connect|listen|bind|kill)/.test(syscall)) throw error;
    throw new ConfigurationError([`DATA_DIR ${JSON.stringify(settings.dataDir)} can't be used: ${message}`]);
  }
}
