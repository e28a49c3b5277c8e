import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerOf } from './caller.decorator.js';
import { isKlarnaRoute } from './refusal-body.js';

const HEADER = 'Limits-Reported';
/** More paths than this make no header: 1,000 lines can be beyond a limit. */
const MOST_PATHS = 20;

const logger = new Logger('Limits');
const requests = new WeakMap<object, FastifyRequest>();
const reported = new WeakMap<FastifyRequest, readonly string[]>();

/** Notes which request a body came with: the pipe that judges it is given the body alone. */
export function noteBody(request: FastifyRequest, body: unknown): void {
  if (typeof body === 'object' && body !== null) requests.set(body, request);
}

/**
 * Whether limits (lengths, patterns, lists of words) are only reported for this body: its caller's merchant has it so, and the route is
 * one of Klarna's, where Klarna judges after us. On our own routes nobody would.
 */
export function reportsLimits(body: object): boolean {
  const request = requests.get(body);
  return request !== undefined && isKlarnaRoute(request.url) && callerOf(request).limits === 'report';
}

/** A body goes to Klarna although it is beyond limits: one log line, and a header of the answer, with the paths and no value. */
export function reportLimits(body: object, paths: readonly string[]): void {
  const request = requests.get(body);
  if (request === undefined) return;
  reported.set(request, paths);
  const route = request.routeOptions.url ?? '';
  logger.warn(`${request.method} ${route} forwarded beyond limits: ${shortened(paths)} ${request.id}`);
}

/** Names the limits that a request was beyond in its answer, whatever became of it. */
export function answerWithLimits(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const paths = reported.get(request);
    if (paths !== undefined) void reply.header(HEADER, shortened(paths));
    done(null, payload);
  });
}

function shortened(paths: readonly string[]): string {
  const more = paths.length - MOST_PATHS;
  return [...paths.slice(0, MOST_PATHS), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
