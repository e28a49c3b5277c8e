import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../operations/errors.js';
import { readJson } from './json-body.js';
import { noteBody } from './limits.js';

/**
 * Keeps the bytes of every body in `rawBody` (they are what goes to Klarna) and puts what they say into `body` (for judging).
 * JSON in UTF-8 is the only type; a request without bytes needs none, and its type is not looked at.
 */
export function readRawBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    const charset = charsetOf(request);
    if (bytes.length > 0 && charset !== undefined && charset !== 'utf-8') return done(wrongType(`JSON is UTF-8, not ${charset}`));
    keep(request, bytes);
    try {
      const body = readJson(bytes);
      noteBody(request, body);
      done(null, body);
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    if (bytes.length > 0) return done(wrongType('The content type of a body is application/json'));
    keep(request, bytes);
    done(null, undefined);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request;
    const encoding = headers['content-encoding']?.trim().toLowerCase();
    if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
      return done(wrongType('Bodies are taken as they are, without a content encoding'));
    }
    // Without this, SDKs that name a type on a bodiless POST would be told that their empty body is no JSON.
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) delete headers['content-type'];
    done();
  });
}

function keep(request: FastifyRequest, bytes: Buffer): void {
  (request as FastifyRequest & { rawBody?: Buffer }).rawBody = bytes;
}

function charsetOf(request: FastifyRequest): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1]?.toLowerCase();
}

function wrongType(message: string): Refusal {
  return new Refusal('UNSUPPORTED_MEDIA_TYPE', [message]);
}
