import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A server below HTTP: it sees the request's bytes and answers with bytes, so that it can also answer wrongly. */
export class RawServer {
  readonly requests: string[] = [];
  readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param answer gets each complete request and the connection it came on; the returned text is written as it is */
  static async start(answer: (request: string, socket: Socket, count: number) => string | undefined): Promise<RawServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const raw = new RawServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => {
      raw.sockets.push(socket);
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        raw.requests.push(text);
        const request = text;
        text = '';
        const written = answer(request, socket, raw.requests.length);
        if (written !== undefined) socket.write(Buffer.from(written, 'latin1'));
      });
    });
    return raw;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** An HTTP answer as text. */
export function httpAnswer(status: number, headers: Record<string, string>, body = ''): string {
  const all = { 'Content-Length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} X\r\n${lines.join('')}\r\n${body}`;
}
