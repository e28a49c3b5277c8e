import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/**
 * One line per request: method, route, status, duration, id. The route's template and never the path, because tokens stand in paths;
 * no body, no header.
 */
export function logRequests(fastify: FastifyInstance): void {
  const logger = new Logger('Request');
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? '(no route)' : (request.routeOptions.url ?? '(no route)');
    const line = `${request.method} ${route} ${reply.statusCode} ${Math.round(reply.elapsedTime)} ms ${request.id}`;
    if (/^\/(?:health|docs|metrics)/.test(route)) logger.debug(line);
    else logger.log(line);
    done();
  });
}
