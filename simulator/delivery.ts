import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault, GarbageVariant } from './faults/faults.js';
import { isObject, type JsonValue } from './json.js';
import type { Answer } from './klarna/answers.js';

const HUGE_BYTES = 6 * 1024 * 1024;
const ID_HEADERS = ['Capture-Id', 'Refund-Id', 'Location'];
const ID_MEMBERS = ['order_id', 'session_id', 'token_id'];

/**
 * Sends an answer with exactly its headers.
 * @returns whether all of it was handed to the network before the caller left
 */
export function deliver(response: ServerResponse, answer: Answer): Promise<boolean> {
  const body = answer.body === undefined ? undefined : Buffer.from(answer.body);
  // A 204 has no length; an empty 201 says that it is empty.
  const length = answer.status === 204 ? {} : { 'Content-Length': body?.length ?? 0 };
  return sent(response, () => {
    response.writeHead(answer.status, { ...answer.headers, ...length });
    response.end(body);
  });
}

/** Holds the connection, answering nothing, until the caller closes it. */
export function hold(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.socket.destroyed) resolve();
    else request.socket.once('close', () => resolve());
  });
}

/** Breaks the connection with a TCP reset: the caller sees ECONNRESET, not an orderly end. */
export function reset(request: IncomingMessage): void {
  request.socket.resetAndDestroy();
}

/** The answer of a `status` or `status_after` fault: its own body when it has one, else Klarna's error body for the code. */
export function statusAnswer(fault: Fault, klarnaError: Answer): Answer {
  if (fault.body === undefined) return klarnaError;
  if (fault.body === '') return { status: fault.code, headers: {} };
  return {
    status: fault.code,
    headers: { 'Content-Type': fault.body.startsWith('<') ? 'text/html' : 'application/json' },
    body: fault.body,
  };
}

/** A success that a careful client must not believe. @returns the status sent, or null when the answer breaks off */
export async function deliverGarbage(response: ServerResponse, answer: Answer, variant: GarbageVariant): Promise<number | null> {
  const status = answer.status >= 200 && answer.status < 300 && answer.status !== 204 ? answer.status : 200;
  switch (variant) {
    case 'truncated_json': {
      const whole = answer.body ?? '{"order_id": "00000000-0000-0000-0000-000000000000"}';
      await sent(response, () => {
        response.writeHead(status, { ...answer.headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(whole) });
        response.write(whole.slice(0, Math.floor(whole.length / 2)), () => response.destroy());
      });
      return null;
    }
    case 'html': {
      const body = '<!doctype html><title>Welcome</title><p>You are connected. Please log in.</p>';
      return (await deliver(response, { status: 200, headers: { 'Content-Type': 'text/html' }, body })) ? 200 : null;
    }
    case 'missing_id_header':
      return (await deliver(response, { ...withoutIds(answer), status })) ? status : null;
    case 'huge': {
      const body = JSON.stringify({ padding: 'x'.repeat(HUGE_BYTES) });
      const huge = { status, headers: { ...answer.headers, 'Content-Type': 'application/json' }, body };
      return (await deliver(response, huge)) ? status : null;
    }
  }
}

function withoutIds(answer: Answer): Answer {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !ID_HEADERS.includes(name)));
  if (answer.body === undefined) return { ...answer, headers };
  const value = JSON.parse(answer.body) as JsonValue;
  if (!isObject(value)) return { ...answer, headers };
  return {
    ...answer,
    headers,
    body: JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => !ID_MEMBERS.includes(name)))),
  };
}

function sent(response: ServerResponse, write: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve(false);
    response.once('finish', () => resolve(true));
    response.once('close', () => resolve(response.writableFinished));
    write();
  });
}
