import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * One address that stays, in front of processes that come and go: a load balancer that sees at once who has died, and not who stands still.
 * What is on its way to a process that dies is lost with it.
 */
export class Front {
  readonly #sockets = new Set<Socket>();
  #behind: () => string | undefined = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.#join(client));
  }

  static async open(): Promise<Front> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Front(server);
  }

  /** Connections that are there end. @param behind the URL of the process that gets the next connection; undefined: nobody is there, the connection is refused */
  leadTo(behind: () => string | undefined): void {
    this.#behind = behind;
    for (const socket of this.#sockets) socket.destroy();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const url = this.#behind();
    client.on('error', () => undefined);
    if (url === undefined) {
      client.destroy();
      return;
    }
    const { hostname: host, port } = new URL(url);
    const server = connect({ host, port: Number(port) });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server).pipe(client);
  }
}
