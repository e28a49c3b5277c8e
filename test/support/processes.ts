import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.js';

/** The built program; GATEWAY_DIST points elsewhere when someone is at work in the checkout. */
const DIST = process.env['GATEWAY_DIST'] ?? join(import.meta.dirname, '..', '..', 'dist');
const START_WITHIN_MS = 25_000;

/** A real process under test. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Where it keeps its data; a temporary folder unless DATA_DIR was given. */
  readonly dataDir: string;
  /** What it wrote so far. */
  logs(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended, however. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it in order and removes its temporary folder. */
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly role?: 'all' | 'api' | 'worker';
  /** Who runs it; by default whoever runs the tests. */
  readonly user?: { uid: number; gid: number };
  readonly program?: string;
}

/** Starts the built service and waits until it is ready. PORT is any free one and DATA_DIR a temporary folder, unless given. */
export async function startGateway(options: GatewayOptions = {}): Promise<ServiceProcess> {
  const gateway = spawnGateway(options);
  const url = await until('the gateway listens', () => /Listening on (http:\/\/[^\s"]+)/.exec(gateway.logs())?.[1], {
    withinMs: START_WITHIN_MS,
    giveUp: () => gateway.hasExited() && `it ended:\n${gateway.logs()}`,
    hint: gateway.logs,
  });
  const service = { ...gateway, url };
  await until('the gateway is ready', async () => (await fetch(`${url}/health/ready`)).ok, { hint: gateway.logs });
  return service;
}

/** Starts the built service and does not wait: for starts that are meant to fail. */
export function spawnGateway(options: GatewayOptions = {}): Omit<ServiceProcess, 'url'> & { hasExited(): boolean } {
  const temporary = temporaryFolder('gateway-process-');
  const dataDir = options.env?.['DATA_DIR'] ?? temporary.path;
  const env = { PORT: '0', SIMULATOR_PORT: '0', DATA_DIR: dataDir, ROLE: options.role ?? 'all', ...options.env };
  const child = spawn(process.execPath, [options.program ?? join(DIST, 'src', 'main.js')], {
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options.user,
  });
  return { ...watched(child, temporary.remove), dataDir };
}

/** Starts the built simulator alone and waits until it listens. */
export async function startSimulatorProcess(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  const temporary = temporaryFolder('simulator-process-');
  const dataDir = env['DATA_DIR'] ?? temporary.path;
  const child = spawn(process.execPath, [join(DIST, 'simulator', 'main.js')], {
    env: { ...inherited(), SIMULATOR_PORT: '0', SIMULATOR_ACCOUNTS: 'simulator:simulator', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let url: string | undefined;
  child.on('message', (message: { type?: string; url?: string }) => {
    if (message.type === 'listening') url = message.url;
  });
  const simulator = watched(child, temporary.remove);
  const heard = await until('the simulator listens', () => url, {
    withinMs: START_WITHIN_MS,
    giveUp: () => simulator.hasExited() && `it ended:\n${simulator.logs()}`,
    hint: simulator.logs,
  });
  return { ...simulator, dataDir, url: heard };
}

/** A folder that other users may enter (as root, Postgres runs as one of them), with its removal. */
export function temporaryFolder(prefix: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

function watched(child: ChildProcess, cleanUp: () => void): Omit<ServiceProcess, 'url' | 'dataDir'> & { hasExited(): boolean } {
  const output: string[] = [];
  let ended = false;
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    logs: () => output.join(''),
    kill: (signal) => void child.kill(signal),
    hasExited: () => ended,
    exited,
    stop: async () => {
      if (!ended) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
      await exited;
      clearTimeout(timer);
      cleanUp();
    },
  };
}

/** What every program needs; nothing of the developer's own configuration gets in. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TMPDIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
