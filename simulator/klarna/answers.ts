import type { JsonObject, JsonValue } from '../json.js';

/** An answer of the Klarna surface before it meets the wire. Header names keep Klarna's spelling. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body?: string;
}

/** A refusal in Klarna's words; nothing happened. */
export class KlarnaRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly messages: string[],
  ) {
    super(`${status} ${code}: ${messages.join('; ')}`);
  }
}

export function jsonAnswer(status: number, value: JsonValue): Answer {
  return { status, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}

/** A 204, or a 201 whose ids are in headers: no body and no content type. */
export function bareAnswer(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers };
}

/** Klarna's error body; `correlation_id` equals the `Klarna-Correlation-Id` header. */
export function errorAnswer(status: number, code: string, messages: string[], correlationId: string, more: JsonObject = {}): Answer {
  return jsonAnswer(status, { correlation_id: correlationId, error_code: code, error_messages: messages, ...more });
}

/** The error code Klarna gives with a status when nothing more is known than the status. */
export const CODE_OF_STATUS: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  409: 'CONFLICT',
  413: 'REQUEST_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE_ENTITY',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR',
  502: 'TEMPORARILY_UNAVAILABLE',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'TEMPORARILY_UNAVAILABLE',
};
