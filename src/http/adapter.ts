import { Logger } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../operations/errors.js';
import { answerWithLimits } from './limits.js';
import { readRawBodies } from './raw-body.js';
import { refusalOf } from './refusal-of.js';
import { writeRefusal } from './refusal-body.js';
import { logRequests } from './request-log.js';
import { SpelledResponse } from './spelled-response.js';

/** Klarna's own limit. */
export const BODY_LIMIT = 1_048_576;

export interface ArrivalLimits {
  /** How long the headers, and the whole request, may take to arrive. */
  headersMs: number;
  requestMs: number;
  /** How often late connections are looked for. */
  checkMs: number;
}

const ARRIVAL: ArrivalLimits = { headersMs: 10_000, requestMs: 30_000, checkMs: 1_000 };

/** Fastify as Klarna's SDKs need it: exact header names, raw bodies, errors of the protocol in Klarna's shape. */
class GatewayAdapter extends FastifyAdapter {
  /** The parsers are ours, whatever the application was created with. */
  override registerParserMiddleware(): void {}
}

/**
 * The HTTP server of the gateway, complete with body reading, request ids, request log and limits. To be given to NestFactory.create
 * as it is; options for body parsing there have no effect.
 */
export function createHttpAdapter(arrival: ArrivalLimits = ARRIVAL): FastifyAdapter {
  const adapter = new GatewayAdapter({
    http: {
      ServerResponse: SpelledResponse as never,
      requestTimeout: arrival.requestMs,
      headersTimeout: arrival.headersMs,
      connectionsCheckingInterval: arrival.checkMs,
    },
    // Fastify sets the server's limit from this one, whatever `http` says.
    requestTimeout: arrival.requestMs,
    bodyLimit: BODY_LIMIT,
    // Tokens in paths are longer than the router's own limit of 100.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2_000 },
    genReqId: () => randomUUID(),
    // A request that arrives on an open connection during the stop is still answered.
    return503OnClosing: false,
    frameworkErrors: answerError as never,
    clientErrorHandler: answerUnparsed,
  });
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('Klarna-Correlation-Id', request.id);
    const params = Object.values((request.params ?? {}) as Record<string, string>);
    // An empty id or one of dots would name another resource at Klarna than the route here says.
    done(params.some((id) => id === '' || id === '.' || id === '..') ? new Refusal('NOT_FOUND', ['There is no such resource']) : undefined);
  });
  logRequests(fastify);
  readRawBodies(fastify);
  answerWithLimits(fastify);
  return adapter;
}

/** Errors outside Nest: of the router before any hook (a malformed URL, an over-long parameter), and of routes that are not Nest's. */
export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error);
  // Whoever tries addresses of callbacks learns nothing, not even which ones can be read.
  const nobodys = refusal.status === 400 && request.url.startsWith('/webhooks/');
  const answer = nobodys ? new Refusal('NOT_FOUND', ['There is no such resource']) : refusal;
  const { status, headers, body } = writeRefusal(answer, request.url, request.id);
  if (status === 500) new Logger('Request').error(`${request.id} failed: ${error.message}`, error.stack);
  void reply.code(status).headers(headers).send(body);
}

/** Errors below HTTP requests: what arrived is late, too long or not HTTP. Nobody knows the route, so the shape is Klarna's. */
function answerUnparsed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? refusalOf({ statusCode: 408, code: 'FST_' })
      : new Refusal('BAD_REQUEST', [error.code === 'HPE_HEADER_OVERFLOW' ? 'The headers are too long' : 'The request is not HTTP']);
  const { status, headers, body } = writeRefusal(refusal, '/payments', randomUUID());
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`);
}
