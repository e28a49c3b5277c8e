// A private instance of everything, as separate processes: Postgres, the simulator, and as many gateways as the story asks for.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedPostgres } from '../../dist/src/persistence/embedded/embedded-postgres.js';

const DIST = join(import.meta.dirname, '..', '..', 'dist');
const START_WITHIN_MS = 40_000;
const STOP_WITHIN_MS = 11_000;

/** What every program needs; nothing of the user's own configuration gets in. */
const INHERITED = Object.fromEntries(
  ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
);

export class Instance {
  #belongings;
  #started = [];
  #environment;

  /** @param belongings where everything is noted that has to be given back */
  constructor(belongings) {
    this.#belongings = belongings;
  }

  /** Starts Postgres and the simulator. */
  async start() {
    this.folder = await this.#belongings.own(
      () => mkdtempSync(join(tmpdir(), 'klarna-merchant-gateway-demo-')),
      (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
    );
    this.#belongings.noteFolder(this.folder);
    // As root, Postgres runs as another user, who has to get in.
    chmodSync(this.folder, 0o755);
    const [postgres, simulator] = await Promise.all([this.#postgres(), this.#simulator()]);
    this.databaseUrl = postgres.url;
    this.klarnaUrl = simulator.url;
    this.#environment = {
      DATABASE_URL: postgres.url,
      KLARNA_BASE_URL: simulator.url,
      DATA_KEY: randomBytes(32).toString('base64'),
      HOST: '127.0.0.1',
      PORT: '0',
      // Three processes share one small Postgres.
      DATABASE_POOL: '10',
    };
  }

  /** Starts a gateway process in this role and waits until it is ready. */
  async gateway(role) {
    const gateway = await this.#program(role, join('src', 'main.js'), { ...this.#environment, ROLE: role });
    await until(`the ${role} listens`, () => (gateway.url = /Listening on (http:\/\/[^\s"]+)/.exec(gateway.output())?.[1]), gateway);
    await until(`the ${role} is ready`, async () => (await fetch(`${gateway.url}/health/ready`)).ok, gateway);
    return gateway;
  }

  /** The last lines of every process: what a failed demo shows. */
  logs() {
    return this.#started.map(
      ({ name, pid, output }) => `--- ${name} (process ${pid})\n${output().trimEnd().split('\n').slice(-15).join('\n')}`,
    );
  }

  #postgres() {
    const start = async () => {
      const server = await EmbeddedPostgres.start({ dataDir: this.folder });
      this.#belongings.noteProcess(server.pid, 'SIGQUIT');
      // As root, the data may have to lie outside of a folder that other users can't enter.
      if (!server.cluster.startsWith(this.folder)) this.#belongings.noteFolder(dirname(server.cluster));
      return server;
    };
    return this.#belongings.own(start, async (server) => {
      await server.stop();
      if (!server.cluster.startsWith(this.folder)) rmSync(dirname(server.cluster), { recursive: true, force: true });
    });
  }

  async #simulator() {
    const environment = { SIMULATOR_PORT: '0', DATA_DIR: this.folder, SIMULATOR_STOP_WITH_STDIN: '1' };
    const simulator = await this.#program('simulator', join('simulator', 'main.js'), environment);
    await until('the simulator listens', () => (simulator.url = /simulator: (http:\/\/\S+)/.exec(simulator.output())?.[1]), simulator);
    return simulator;
  }

  #program(name, path, environment) {
    return this.#belongings.own(
      () => {
        const child = spawn(process.execPath, [join(DIST, path)], {
          env: { ...INHERITED, ...environment },
          // Ctrl-C at the terminal reaches the demo alone, which stops its processes in order.
          detached: true,
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        const program = watched(name, child);
        this.#started.push(program);
        this.#belongings.noteProcess(program.pid);
        void program.exited.then(() => this.#belongings.noteGone(program.pid));
        return program;
      },
      (program) => program.stop(),
    );
  }
}

function watched(name, child) {
  const output = [];
  let end;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk.toString()));
  child.stdin.on('error', () => undefined);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve((end = { code: null, signal: null, error })));
    child.once('exit', (code, signal) => resolve((end = { code, signal })));
  });
  return {
    name,
    pid: child.pid ?? 0,
    exited,
    output: () => output.join(''),
    hasEnded: () => end !== undefined,
    /** kill -9; resolves when the process is gone. */
    kill: () => (child.kill('SIGKILL'), exited),
    async stop() {
      if (end === undefined) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Waits for a condition, and no longer than its process lives. */
export async function until(what, look, program) {
  const end = performance.now() + START_WITHIN_MS;
  while (performance.now() < end) {
    const seen = await Promise.resolve()
      .then(look)
      .catch(() => undefined);
    if (seen) return seen;
    if (program?.hasEnded()) throw new Error(`Waiting until ${what}: the process has ended`);
    await pause(25);
  }
  throw new Error(`Waited ${START_WITHIN_MS / 1000} s in vain until ${what}`);
}
