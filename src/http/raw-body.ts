import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../operations/errors.js';
import { readJson } from './json-body.js';
import { noteBody } from './limits.js';

/** The names that clients have for it; ASCII is a part of it. */
const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);
/** A parameter of a content type: its name, and its value in quotes or without. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"([^"]*)"|([^\s;"]+))/g;

/**
 * Keeps the bytes of every body in `rawBody` (they are what goes to Klarna) and puts what they say into `body` (for judging).
 * JSON in UTF-8 is the only type; a request without bytes needs none, and its type is not looked at.
 */
export function readRawBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes: Buffer, done) => {
    const other = charsetsOf(request).find((charset) => !UTF_8.has(charset));
    if (bytes.length > 0 && other !== undefined) return done(wrongType(`JSON is UTF-8, not ${other}`));
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
    if (takesAnyBody(request)) return done();
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

/** Routes with this in their `config` have a parser of their own, which takes whatever comes. */
export const ANY_BODY = { anyBody: true } as const;

function takesAnyBody(request: FastifyRequest): boolean {
  return (request.routeOptions.config as Partial<typeof ANY_BODY> | undefined)?.anyBody === true;
}

function keep(request: FastifyRequest, bytes: Buffer): void {
  (request as FastifyRequest & { rawBody?: Buffer }).rawBody = bytes;
}

/** Every charset that the content type names, in lower case: of two that differ, nobody knows which one is meant. */
function charsetsOf(request: FastifyRequest): string[] {
  const parameters = (request.headers['content-type'] ?? '').matchAll(PARAMETER);
  return [...parameters]
    .filter(([, name = '']) => name.toLowerCase() === 'charset')
    .map(([, , quoted, plain]) => (quoted ?? plain ?? '').toLowerCase());
}

function wrongType(message: string): Refusal {
  return new Refusal('UNSUPPORTED_MEDIA_TYPE', [message]);
}
