import * as http from 'node:http';
import * as https from 'node:https';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';

/** How long a connection, TLS included, may take to come about. */
export const CONNECT_LIMIT_MS = 5_000;
/** Klarna's load balancers close idle connections; one kept for longer may be dead without our knowing. */
export const IDLE_LIMIT_MS = 20_000;

export interface AgentLimits {
  maxSockets: number;
  connectMs?: number;
  idleMs?: number;
}

type Connected = (error: Error | null, stream: Duplex) => void;

/** The connection was not made in time: nothing was written. */
export class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT';
}

/**
 * Keep-alive agents that hand a socket to its request only once it is connected (Node's own hand it over while it connects and
 * buffer what is written), so that a request which has no socket certainly was not sent.
 */
export class HttpAgent extends http.Agent {
  readonly #limits: Required<AgentLimits>;
  readonly #idle = new IdleTimes();

  constructor(limits: AgentLimits) {
    super({ keepAlive: true, maxSockets: limits.maxSockets, timeout: limits.idleMs ?? IDLE_LIMIT_MS });
    this.#limits = withDefaults(limits);
  }

  override createConnection(options: http.ClientRequestArgs, done?: Connected): undefined {
    handOver(super.createConnection(options) as Duplex, 'connect', this.#limits.connectMs, done);
  }

  override keepSocketAlive(socket: Duplex): boolean {
    this.#idle.started(socket);
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  dropStale(): void {
    this.#idle.drop(this, this.#limits.idleMs);
  }
}

export class HttpsAgent extends https.Agent {
  readonly #limits: Required<AgentLimits>;
  readonly #idle = new IdleTimes();

  constructor(limits: AgentLimits) {
    super({ keepAlive: true, maxSockets: limits.maxSockets, timeout: limits.idleMs ?? IDLE_LIMIT_MS, minVersion: 'TLSv1.2' });
    this.#limits = withDefaults(limits);
  }

  override createConnection(options: https.RequestOptions, done?: Connected): undefined {
    handOver(super.createConnection(options) as Duplex, 'secureConnect', this.#limits.connectMs, done);
  }

  override keepSocketAlive(socket: Duplex): boolean {
    this.#idle.started(socket);
    return super.keepSocketAlive(socket) as unknown as boolean;
  }

  dropStale(): void {
    this.#idle.drop(this, this.#limits.idleMs);
  }
}

function withDefaults(limits: AgentLimits): Required<AgentLimits> {
  return { connectMs: CONNECT_LIMIT_MS, idleMs: IDLE_LIMIT_MS, ...limits };
}

function handOver(socket: Duplex, ready: 'connect' | 'secureConnect', limitMs: number, done: Connected | undefined): void {
  const timer = setTimeout(() => socket.destroy(new ConnectTimeout(`No connection within ${limitMs} ms`)), limitMs);
  const finish = (error: Error | null) => {
    clearTimeout(timer);
    socket.off(ready, connected).off('error', finish).off('close', closed);
    // From here on the agent and the request listen; a socket that failed may still report once more.
    if (error !== null) socket.on('error', () => undefined);
    done?.(error, socket);
  };
  const connected = () => finish(null);
  const closed = () => finish(Object.assign(new Error('The connection was closed while it was being made'), { code: 'CONNECT_CLOSED' }));
  socket.on(ready, connected).on('error', finish).on('close', closed);
}

/**
 * Since when sockets are idle. The agent's own timer closes them, but only when the event loop gets to it: after a pause of the
 * process (a stopped container, a long computation) an old socket would be used before its timer has run.
 */
class IdleTimes {
  readonly #since = new WeakMap<Duplex, number>();

  started(socket: Duplex): void {
    this.#since.set(socket, performance.now());
  }

  drop(agent: http.Agent, idleMs: number): void {
    const oldest = performance.now() - idleMs;
    for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) {
      if ((this.#since.get(socket) ?? oldest) <= oldest) socket.destroy();
    }
  }
}
