import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isKlarnaPath } from './klarna/routes.js';
import type { KlarnaCall } from './klarna/work.js';

/** Klarna takes bodies of up to 1 MB. */
const MAX_BODY_BYTES = 1_048_576;
/** Longer than any client keeps an idle connection: the simulator never closes one just as a request arrives on it. */
const KEEP_ALIVE_MS = 120_000;

/** A request to anything but a Klarna path. */
export interface OwnRequest {
  method: string;
  url: URL;
  body: Buffer;
  accept: string;
}

export interface OwnReply {
  status: number;
  type: string;
  body: string;
  headers?: Record<string, string>;
}

export interface Surfaces {
  klarna(call: KlarnaCall, request: IncomingMessage, response: ServerResponse): Promise<void>;
  own(request: OwnRequest): Promise<OwnReply>;
}

/** The HTTP server of the simulator: reads a request completely, then hands it to Klarna's surface or to the simulator's own. */
export function httpServer(surfaces: Surfaces): Server {
  const server = createServer((request, response) => {
    serve(surfaces, request, response).catch((error: unknown) => {
      // A caller who leaves in the middle of a request is not worth a line; everything else is a mistake in here.
      if (!request.destroyed) console.error('simulator: internal error', error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  return server;
}

async function serve(surfaces: Surfaces, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { body, tooLarge } = await readBody(request);
  const base = `http://${request.headers.host ?? 'localhost'}`;
  const target = request.url ?? '/';
  const path = target.split('?', 1)[0] ?? '/';
  const method = request.method ?? 'GET';
  if (isKlarnaPath(path)) {
    const bodySha256 = createHash('sha256').update(body).digest('hex');
    const call = { method, path, headers: request.headers, body, tooLarge, bodySha256, correlationId: randomUUID(), baseUrl: base };
    return surfaces.klarna(call, request, response);
  }
  const url = URL.canParse(target, base) ? new URL(target, base) : new URL('/not-found', 'http://localhost');
  const reply = await surfaces.own({ method, url, body, accept: request.headers.accept ?? '' });
  response.writeHead(reply.status, {
    ...(reply.type !== '' && { 'Content-Type': reply.type }),
    ...(reply.status !== 204 && { 'Content-Length': Buffer.byteLength(reply.body) }),
    'Cache-Control': 'no-store',
    ...reply.headers,
  });
  response.end(reply.status === 204 || method === 'HEAD' ? undefined : reply.body);
}

/** Reads to the end even what is too large, so that the caller can read the refusal; only the allowed part is kept. */
async function readBody(request: IncomingMessage): Promise<{ body: Buffer; tooLarge: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks), tooLarge: size > MAX_BODY_BYTES };
}
