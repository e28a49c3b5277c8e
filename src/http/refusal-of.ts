import { HttpException } from '@nestjs/common';
import { AccountRetired } from '../merchants/provider-accounts.js';
import { DatabaseUnavailable } from '../persistence/database.js';
import { Refusal, type ErrorCode } from '../operations/errors.js';

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'REQUEST_TOO_LARGE',
  414: 'NOT_FOUND',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
};

/** Our words, because those of the libraries underneath name their own types and may repeat what a caller sent. */
const MESSAGE: Partial<Record<ErrorCode, string>> = {
  BAD_REQUEST: 'The request can not be read',
  UNAUTHORIZED: 'Authentication is required',
  FORBIDDEN: 'Not allowed with these credentials',
  NOT_FOUND: 'There is no such resource',
  REQUEST_TIMEOUT: 'The request did not arrive in time',
  REQUEST_TOO_LARGE: 'The body is larger than 1048576 bytes',
  UNSUPPORTED_MEDIA_TYPE: 'The content type of a body is application/json',
  TOO_MANY_REQUESTS: 'Too many requests',
  PROVIDER_CREDENTIALS: "This was made with credentials of Klarna's that were removed from this service's configuration",
  TEMPORARILY_UNAVAILABLE: 'The service is temporarily unavailable; repeat the request',
  GATEWAY_TIMEOUT: 'Klarna did not answer in time',
};

/**
 * What a caller is told about an error. Anything that is not a refusal and not known to be the caller's doing is a 500 that says
 * nothing about its cause.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof DatabaseUnavailable) return refusal('TEMPORARILY_UNAVAILABLE', error);
  if (error instanceof AccountRetired) return refusal('PROVIDER_CREDENTIALS', error);
  const code = CODE_BY_STATUS[statusOf(error)];
  return code === undefined
    ? new Refusal('INTERNAL_SERVER_ERROR', ['An unexpected error occurred'], { cause: error })
    : refusal(code, error);
}

function refusal(code: ErrorCode, cause: unknown): Refusal {
  return new Refusal(code, [MESSAGE[code] ?? code], { cause });
}

/** Nest's exceptions know their status; Fastify's errors carry it with a code of their own. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_') ? statusCode : 500;
}
