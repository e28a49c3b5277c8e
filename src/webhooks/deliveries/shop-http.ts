import { Inject, Injectable, Optional } from '@nestjs/common';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AddressRules, hostOf, isAddress } from './address-rules.js';
import { connected, dial, type Dial } from './pinned-connection.js';
import { failureOf } from './failure-words.js';
import { NameResolver } from './resolver.js';

const MOST_BODY_BYTES = 65_536;
const MOST_HEADER_BYTES = 16_384;
/** Interim answers (1xx) before the answer. */
const MOST_INTERIM = 8;
const CONNECT_MS = 3_000;
const USER_AGENT = 'klarna-merchant-gateway';

export const DIAL = Symbol('DIAL');

export interface ShopRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** May be empty. */
  readonly body: Buffer;
  /** From the resolving of the name to the last byte of the answer. */
  readonly totalMs: number;
}

/** What came of one request to a shop. A redirect is an answer like any other. */
export type ShopExchange =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: IncomingMessage['headers'];
      /** 64 KiB at most; `whole` says whether that was all and came in time. */
      readonly body: Buffer;
      readonly whole: boolean;
      readonly durationMs: number;
    }
  /** No answer: `code` is Node's or ours (FORBIDDEN_ADDRESS, TIMEOUT, STOPPED, ...), `reason` is for people and holds neither path nor query. */
  | { readonly kind: 'none'; readonly code: string; readonly reason: string; readonly durationMs: number };

/**
 * One HTTP exchange with an address that a merchant named. The name is resolved once, each of its addresses is judged, and the connection goes
 * to what was judged. No redirects, no proxies, no connection used twice, certificates are checked, every size and time has a limit. Never
 * throws, never repeats.
 */
@Injectable()
export class ShopHttp {
  constructor(
    private readonly rules: AddressRules,
    private readonly resolver: NameResolver,
    @Optional() @Inject(DIAL) private readonly open: Dial = dial,
  ) {}

  /** @param stop gives up: the outcome is `STOPPED` */
  async exchange(request: ShopRequest, stop?: AbortSignal): Promise<ShopExchange> {
    const began = performance.now();
    const durationMs = () => Math.round(performance.now() - began);
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), request.totalMs);
    const stopped = () => over.abort();
    stop?.addEventListener('abort', stopped);
    if (stop?.aborted) stopped();
    try {
      return { kind: 'answer', ...(await this.#exchange(request, over.signal)), durationMs: durationMs() };
    } catch (error) {
      const failure = stop?.aborted
        ? { code: 'STOPPED', reason: 'This process stopped before there was an answer' }
        : over.signal.aborted
          ? { code: 'TIMEOUT', reason: `There was no answer within ${request.totalMs / 1_000} s` }
          : failureOf(error);
      return { kind: 'none', ...failure, durationMs: durationMs() };
    } finally {
      clearTimeout(timer);
      stop?.removeEventListener('abort', stopped);
    }
  }

  async #exchange(request: ShopRequest, signal: AbortSignal): Promise<Answer> {
    const url = this.rules.parsed(request.url);
    const host = hostOf(url);
    const addresses = isAddress(host) ? [host] : await unlessOver(this.resolver.addressesOf(host), signal);
    this.rules.permitted(url, addresses);
    signal.throwIfAborted();
    const socket = await connected(url, addresses, CONNECT_MS, this.open, signal);
    try {
      return await spoken(request, url, socket, signal);
    } finally {
      socket.destroy();
    }
  }
}

type Answer = Omit<Extract<ShopExchange, { kind: 'answer' }>, 'kind' | 'durationMs'>;

/** Speaks HTTP on a connected socket. Resolves with the answer as soon as its head and as much of its body as wanted are there. */
function spoken({ method, headers, body }: ShopRequest, url: URL, socket: Socket, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body.length > 0 || !['GET', 'HEAD', 'DELETE'].includes(method) ? { 'Content-Length': String(body.length) } : {};
    const request = httpRequest({
      method,
      path: url.pathname + url.search,
      headers: { Host: url.host, 'User-Agent': USER_AGENT, Accept: '*/*', 'Accept-Encoding': 'identity', ...length, ...headers },
      setHost: false,
      // With a connection of its own there is no agent: nothing is kept, and no proxy of the environment's is asked.
      createConnection: () => socket,
      maxHeaderSize: MOST_HEADER_BYTES,
    });
    let answered = false;
    const failed = (error: Error) => {
      // Its status stands: what becomes of the connection afterwards is the body's concern.
      if (answered) return;
      request.destroy();
      reject(error);
    };
    const told = (code: string) => Object.assign(new Error(code), { code });
    signal.addEventListener('abort', () => failed(told('TIMEOUT')), { once: true });
    let interim = 0;
    request.on('information', () => {
      if (++interim > MOST_INTERIM) failed(told('TOO_MANY_INTERIM_ANSWERS'));
    });
    request.on('upgrade', () => failed(told('SWITCHED_PROTOCOLS')));
    request.on('error', failed);
    request.on('close', () => failed(told('ECONNRESET')));
    request.on('response', (response) => {
      if ((response.statusCode ?? 0) < 200) return failed(told('SWITCHED_PROTOCOLS'));
      answered = true;
      void read(response, signal).then(({ bytes, whole }) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes, whole });
        request.destroy();
      });
    });
    if (signal.aborted) failed(told('TIMEOUT'));
    else request.end(body.length > 0 ? body : undefined);
  });
}

/** The body, as far as it may go: an answer's status stands, whatever becomes of its body. */
function read(response: IncomingMessage, signal: AbortSignal): Promise<{ bytes: Buffer; whole: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (whole: boolean) => resolve({ bytes: Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES), whole });
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BODY_BYTES) done(false);
    });
    response.on('end', () => done(true));
    for (const event of ['error', 'aborted', 'close']) response.on(event, () => done(false));
    signal.addEventListener('abort', () => done(false), { once: true });
  });
}

function unlessOver<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener('abort', () => reject(new Error('over')), { once: true });
  });
}
