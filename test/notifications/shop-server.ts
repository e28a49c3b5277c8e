import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Answer = (response: ServerResponse, request: Received) => void;

/** A shop that takes messages: 204, or what the test wants it to answer. */
export class ShopServer {
  readonly received: Received[] = [];
  /** Most requests that were open at a time. */
  mostOpen = 0;
  connections = 0;
  answer: Answer = (response) => response.writeHead(204).end();
  readonly #sockets = new Set<Socket>();
  #open = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.mostOpen = Math.max(this.mostOpen, ++this.#open);
      response.on('close', () => (this.#open -= 1));
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { url: path = '', method = '', headers } = request;
        const received = { path, method, headers, body: Buffer.concat(chunks) };
        this.received.push(received);
        this.answer(response, received);
      });
    });
  }

  static async open(server: Server = createServer()): Promise<ShopServer> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ShopServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Answers with this status from now on. */
  answers(status: number, headers: Record<string, string> = {}): void {
    this.answer = (response) => response.writeHead(status, headers).end();
  }

  /** Lets answers wait. @returns ends the waiting of all, also of those to come */
  holds(status = 204): () => void {
    const waiting: ServerResponse[] = [];
    this.answer = (response) => void waiting.push(response);
    return () => {
      this.answers(status);
      for (const response of waiting) response.writeHead(status).end();
    };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
