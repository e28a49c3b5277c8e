import { STATUS_CODES } from 'node:http';
import type { Refusal } from '../operations/errors.js';

/** Paths that speak Klarna's wire format; everything else is our own and speaks RFC 9457. */
const WIRE = /^\/(?:payments|customer-token|checkout|ordermanagement|hpp)(?:[/?]|$)/;

/** Whether a path, with or without its query, is one of Klarna's. */
export function isKlarnaRoute(path: string): boolean {
  return WIRE.test(path);
}

export interface WrittenRefusal {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * A refusal in the shape of the route it happened on.
 * @param path of the request; its query does not matter
 */
export function writeRefusal(refusal: Refusal, path: string, requestId: string): WrittenRefusal {
  const { code, messages, status, details } = refusal;
  const wire = isKlarnaRoute(path);
  const headers: Record<string, string> = {
    'Content-Type': wire ? 'application/json' : 'application/problem+json',
    'Klarna-Correlation-Id': requestId,
  };
  if (status === 401) headers['WWW-Authenticate'] = 'Basic realm="klarna-merchant-gateway", charset="UTF-8", Bearer';
  if (details.retryAfterMs !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(details.retryAfterMs / 1000)));
  if (details.operationId !== undefined) headers['Location'] = `/operations/${details.operationId}`;
  const body = wire
    ? // In Klarna's order: an order of somebody else must not be told from an unknown one by it.
      { correlation_id: requestId, error_code: code, error_messages: messages }
    : {
        type: 'about:blank',
        title: STATUS_CODES[status] ?? 'Error',
        status,
        detail: messages.join(' '),
        code,
        request_id: requestId,
        retryable: refusal.retryable,
        ...(details.operationId === undefined ? {} : { operation_id: details.operationId }),
      };
  return { status, headers, body: JSON.stringify(body) };
}
