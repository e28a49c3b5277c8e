import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Passes everything on to Postgres until it is told to fall: when a connection has sent certain texts, one after the other, Postgres still
 * gets the last of them, and its answer is lost with the connection.
 */
export class Listener {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #trigger: { texts: readonly string[]; fallen: () => void; staysDown: boolean } | null = null;
  #down = false;

  private constructor(private readonly target: URL) {
    this.#server = createServer((client) => this.#serve(client));
  }

  /** @param url of the server behind; the port is required */
  static async before(url: string): Promise<Listener> {
    const listener = new Listener(new URL(url));
    await new Promise<void>((resolve) => listener.#server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  /** The server's own address with this listener's host and port. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  /** Resolves when the answer was lost. @param staysDown afterwards nobody gets through, until `up` */
  loseAnswerTo(texts: readonly string[], staysDown = false): Promise<void> {
    return new Promise((resolve) => (this.#trigger = { texts, fallen: resolve, staysDown }));
  }

  up(): void {
    this.#down = false;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    if (this.#down) return void client.destroy();
    const upstream = connect(Number(this.target.port), this.target.hostname);
    let seen = 0;
    let falling: (() => void) | null = null;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (this.#trigger && chunk.includes(this.#trigger.texts[seen] ?? '')) seen += 1;
      if (this.#trigger && seen === this.#trigger.texts.length) {
        const { fallen, staysDown } = this.#trigger;
        this.#trigger = null;
        falling = () => {
          this.#down = staysDown;
          if (staysDown) for (const socket of this.#sockets) socket.destroy();
          fallen();
        };
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (!falling) return void client.write(chunk);
      // Postgres has answered, so it has done it.
      client.destroy();
      falling();
    });
  }
}
