import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { childEnvironment } from '../config/load-settings.js';
import { identityOf } from '../persistence/embedded/process-identity.js';

const PROGRAM = join(import.meta.dirname, '..', '..', 'simulator', 'main.js');
const START_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 1_500;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

interface SimulatorOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly gatewayUrl: string;
  readonly note: (line: string) => void;
}

/**
 * The simulator, as a child of the gateway. It ends when its stdin does, so it does not outlive a gateway that was killed; and it is started
 * again, on the same port, when it dies while the gateway runs.
 */
export class SimulatorProcess {
  #child: ChildProcess;
  #stopping = false;
  #pauseMs = FIRST_PAUSE_MS;

  private constructor(
    readonly url: string,
    child: ChildProcess,
    private readonly options: SimulatorOptions,
  ) {
    this.#child = child;
    this.#follow(child);
  }

  /** Starts the simulator and waits until it listens. */
  static async start(options: SimulatorOptions): Promise<SimulatorProcess> {
    mkdirSync(options.dataDir, { recursive: true });
    await endPredecessor(options.dataDir);
    const child = launch(options, options.port);
    const { url, port } = await listening(child, options.dataDir);
    return new SimulatorProcess(url, child, { ...options, port });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it: by its stdin, and when that is not enough by a signal. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    child.stdin?.end();
    child.kill('SIGTERM');
    const until = performance.now() + STOP_WITHIN_MS;
    while (isAlive(child) && performance.now() < until) await pause(20);
    if (isAlive(child)) child.kill('SIGKILL');
    rmSync(pidFile(this.options.dataDir), { force: true });
  }

  #follow(child: ChildProcess): void {
    const startedAt = performance.now();
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      this.#pauseMs = performance.now() - startedAt > 60_000 ? FIRST_PAUSE_MS : Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      this.options.note(`The simulator ended (${signal ?? code}); starting it again on port ${this.options.port}`);
      setTimeout(() => this.#again(), this.#pauseMs).unref();
    });
  }

  #again(): void {
    if (this.#stopping) return;
    this.#child = launch(this.options, this.options.port);
    this.#follow(this.#child);
  }
}

function launch(options: SimulatorOptions, port: number): ChildProcess {
  const log = openSync(logFile(options.dataDir), 'a');
  const child = spawn(process.execPath, [PROGRAM], {
    // Ctrl-C at the terminal reaches the gateway alone, which stops the simulator after its own last call to it.
    detached: true,
    stdio: ['pipe', log, log, 'ipc'],
    env: childEnvironment({
      SIMULATOR_STOP_WITH_STDIN: '1',
      SIMULATOR_PORT: String(port),
      SIMULATOR_ACCOUNTS: 'simulator:simulator',
      DATA_DIR: options.dataDir,
      GATEWAY_URL: options.gatewayUrl,
    }),
  });
  closeSync(log);
  // Neither the child nor its pipes keep this process alive; and a pipe that breaks is the child's end, which `exit` reports.
  child.stdin?.on('error', () => undefined);
  child.on('error', () => undefined);
  child.unref();
  child.channel?.unref();
  if (child.pid !== undefined) writeFileSync(pidFile(options.dataDir), `${child.pid} ${identityOf(child.pid) ?? ''}`);
  return child;
}

function listening(child: ChildProcess, dataDir: string): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`The simulator ${reason}; its log is ${logFile(dataDir)}`));
    };
    const timer = setTimeout(() => fail(`did not start within ${START_WITHIN_MS / 1000} s`), START_WITHIN_MS);
    child.once('exit', (code, signal) => fail(`ended at its start (${signal ?? code})`));
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    child.on('message', (message) => {
      const { type, url, port } = message as { type?: unknown; url?: unknown; port?: unknown };
      if (type !== 'listening' || typeof url !== 'string' || typeof port !== 'number') return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve({ url, port });
    });
  });
}

/** A gateway that was killed leaves its simulator for a moment; two must never write to one file. */
async function endPredecessor(dataDir: string): Promise<void> {
  const [, pidText, identity] = /^(\d+) (.*)$/.exec(readOptional(pidFile(dataDir))) ?? [];
  const pid = Number(pidText);
  const lives = () => identity !== undefined && identity !== '' && identityOf(pid) === identity;
  for (const until = performance.now() + STOP_WITHIN_MS; lives() && performance.now() < until;) await pause(20);
  if (lives()) process.kill(pid, 'SIGKILL');
  while (lives()) await pause(20);
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const pidFile = (dataDir: string) => join(dataDir, 'simulator.pid');
const logFile = (dataDir: string) => join(dataDir, 'simulator.log');
