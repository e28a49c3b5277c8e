import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from './until.js';

type Direction = 'there' | 'back';

/** Bytes that were stopped on their way. */
export interface Stop {
  /** On how many connections something is stopped now. */
  readonly held: number;
  /** Resolves when something is stopped on so many connections. */
  readonly waiting: (count: number) => Promise<void>;
  /** Nothing more is stopped; what is stopped stays where it is. */
  readonly keep: () => void;
  /** Lets the stopped bytes go on, also those whose sender has died meanwhile; nothing more is stopped. */
  readonly release: () => void;
  /** Loses the stopped bytes with their connections; nothing more is stopped. */
  readonly drop: () => void;
}

interface Rule {
  readonly text: string;
  /** Connections that have sent what must come before the text; null when nothing must. */
  readonly ready: { readonly behind: string; readonly links: Set<Link> } | null;
  readonly direction: Direction;
  readonly links: Set<Link>;
}

/** One connection: two directions, each of which can be stopped. */
class Link {
  readonly #stopped: Record<Direction, boolean> = { there: false, back: false };
  readonly #waiting: Record<Direction, Buffer[]> = { there: [], back: [] };
  readonly #to: Record<Direction, Socket>;
  #clientLeft = false;
  #serverLeft = false;

  constructor(
    readonly client: Socket,
    readonly server: Socket,
  ) {
    this.#to = { there: server, back: client };
  }

  pass(direction: Direction, chunk: Buffer): void {
    if (this.#stopped[direction]) this.#waiting[direction].push(chunk);
    else if (!this.#to[direction].destroyed) this.#to[direction].write(chunk);
  }

  stop(direction: Direction): void {
    this.#stopped[direction] = true;
  }

  go(): void {
    for (const direction of ['there', 'back'] as const) {
      this.#stopped[direction] = false;
      for (const chunk of this.#waiting[direction].splice(0)) this.pass(direction, chunk);
    }
    // Who gets the last bytes of somebody who has left sees that afterwards.
    if (this.#clientLeft) this.server.end();
    if (this.#serverLeft) this.client.end();
  }

  /** Bytes of the dead may still be on their way, as they may be in a real network. */
  clientLeft(): void {
    this.#clientLeft = true;
    if (!this.#isStopped) this.server.destroy();
  }

  serverLeft(): void {
    this.#serverLeft = true;
    if (!this.#isStopped) this.client.destroy();
  }

  get #isStopped(): boolean {
    return this.#stopped.there || this.#stopped.back;
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }
}

/**
 * Stands between a client and a server and stops bytes there: what was sent has left its process and has not arrived. Knows nothing of the
 * protocol but a text by which it recognizes what to stop.
 */
export class Turnpike {
  readonly #links = new Set<Link>();
  readonly #rules = new Set<Rule>();

  private constructor(
    private readonly server: Server,
    private readonly port: number,
    private readonly watch: (sent: string) => void,
  ) {}

  /**
   * @param url of the server behind; the port is required
   * @param watch sees what clients send, stopped or not, as it comes (latin1)
   */
  static async before(url: string, watch: (sent: string) => void = () => undefined): Promise<Turnpike> {
    const target = new URL(url);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const turnpike = new Turnpike(server, (server.address() as { port: number }).port, watch);
    server.on('connection', (client) => turnpike.#join(client, connect({ host: target.hostname, port: Number(target.port) })));
    return turnpike;
  }

  /** The server's own address with this turnpike's host and port. */
  url(of: string): string {
    const url = new URL(of);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href.replace(/\/$/, '');
  }

  /**
   * Stops what contains the text, on every connection, and all that comes after it.
   * @param at `request`: the text itself does not arrive; `answer`: it does, and what comes back does not
   * @param behind only on connections that have sent this text before, from now on
   */
  stop(text: string, at: 'request' | 'answer', behind?: string): Stop {
    const ready = behind === undefined ? null : { behind, links: new Set<Link>() };
    const rule: Rule = { text, ready, direction: at === 'request' ? 'there' : 'back', links: new Set() };
    this.#rules.add(rule);
    const end = (each: (link: Link) => void) => () => {
      this.#rules.delete(rule);
      rule.links.forEach(each);
      rule.links.clear();
    };
    return {
      get held() {
        return rule.links.size;
      },
      waiting: async (count) => {
        await until(`"${text}" is stopped ${count} times`, () => rule.links.size >= count, { hint: () => `stopped: ${rule.links.size}` });
      },
      keep: () => void this.#rules.delete(rule),
      release: end((link) => link.go()),
      drop: end((link) => link.cut()),
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const link of this.#links) link.cut();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    const link = new Link(client, server);
    this.#links.add(link);
    let tail = '';
    client.on('data', (chunk: Buffer) => {
      const sent = chunk.toString('latin1');
      this.watch(sent);
      const text = tail + sent;
      for (const { ready } of this.#rules) if (ready && text.includes(ready.behind)) ready.links.add(link);
      const met = [...this.#rules].find((rule) => text.includes(rule.text) && rule.ready?.links.has(link) !== false);
      tail = met ? '' : text.slice(-64);
      if (met) {
        met.links.add(link);
        link.stop(met.direction);
      }
      link.pass('there', chunk);
    });
    server.on('data', (chunk: Buffer) => link.pass('back', chunk));
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.on('close', () => link.clientLeft());
    server.on('close', () => link.serverLeft());
    // Both ends are gone: nothing is left to be cut.
    for (const socket of [client, server]) socket.on('close', () => client.destroyed && server.destroyed && this.#links.delete(link));
  }
}
