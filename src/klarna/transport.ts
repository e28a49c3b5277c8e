import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import type { AxiosRequestConfig, AxiosResponse } from 'axios';
import * as http from 'node:http';
import * as https from 'node:https';
import { firstValueFrom } from 'rxjs';
import { HttpAgent, HttpsAgent, type AgentLimits } from './agents.js';
import { Care } from './care.js';
import { NOT_SENT, type KlarnaAccount, type KlarnaCall, type KlarnaExchange } from './exchange.js';
import { Turnstile } from './turnstile.js';

/** Far above what one account may send per second at Klarna; a bound for our own sockets. */
const MAX_SOCKETS = 128;
const MAX_ANSWER_BYTES = 5_000_000;
const USER_AGENT = 'klarna-merchant-gateway';

export const TRANSPORT_LIMITS = Symbol('TRANSPORT_LIMITS');

export interface TransportLimits extends Partial<AgentLimits> {
  /** For one call from its start to the last byte of the answer, waiting for a socket included. */
  totalMs: number;
}

/** Whether the request has begun to leave this process; it is then no longer certain that nothing happened. */
interface Progress {
  handedOver: boolean;
  withheld: boolean;
}

/**
 * One HTTP exchange with Klarna at a time: never retries, never follows a redirect, never throws. What Klarna should not be asked now, by
 * how it is (`Care`), is withheld.
 */
@Injectable()
export class KlarnaTransport implements OnApplicationShutdown {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #turnstiles = new Map<string, Turnstile>();
  readonly #limits: Required<Pick<TransportLimits, 'totalMs' | 'maxSockets'>>;

  constructor(
    private readonly client: HttpService,
    private readonly care: Care,
    @Optional() @Inject(TRANSPORT_LIMITS) limits: TransportLimits = { totalMs: 65_000 },
  ) {
    this.#limits = { maxSockets: MAX_SOCKETS, ...limits };
    const agentLimits = { ...limits, maxSockets: this.#limits.maxSockets };
    this.#http = new HttpAgent(agentLimits);
    this.#https = new HttpsAgent(agentLimits);
  }

  /**
   * Sends one request and reads its whole answer. Whatever the answer's status is, it is an `answer`.
   * `not-sent`: no byte of the request left (refused or slow connection, unknown name, failed TLS handshake, `maySend` said no, withheld).
   * `no-answer`: it may have been executed (timeout, reset, an answer cut short or above 5 MB).
   */
  async exchange(account: KlarnaAccount, call: KlarnaCall): Promise<KlarnaExchange> {
    const withheldNow = await this.care.admit(account.id, call);
    if (withheldNow !== null) return withheldNow;
    const deadline = new AbortController();
    const totalMs = call.timeoutMs ?? this.#limits.totalMs;
    const timer = setTimeout(() => deadline.abort(), totalMs);
    const turnstile = this.#turnstileOf(account.baseUrl);
    let entered = false;
    try {
      entered = await turnstile.enter(deadline.signal, call.by);
      if (!entered) return { kind: 'not-sent', code: 'TIMEOUT', reason: `No free connection to Klarna within ${totalMs} ms` };
      if (call.maySend?.() === false) return withheld();
      return await this.care.run(account.id, call, () => this.#exchange(account, call, deadline.signal, totalMs));
    } finally {
      clearTimeout(timer);
      if (entered) turnstile.leave();
    }
  }

  async #exchange(account: KlarnaAccount, call: KlarnaCall, deadline: AbortSignal, totalMs: number): Promise<KlarnaExchange> {
    const progress: Progress = { handedOver: false, withheld: false };
    try {
      this.#http.dropStale();
      this.#https.dropStale();
      return answerOf(await firstValueFrom(this.client.request<Buffer>(this.#config(account, call, progress, deadline))));
    } catch (error) {
      if (progress.withheld) return withheld();
      const kind = progress.handedOver ? 'no-answer' : 'not-sent';
      if (deadline.aborted) return { kind, code: 'TIMEOUT', reason: `Klarna did not answer within ${totalMs} ms` };
      return { kind, code: codeOf(error), reason: reasonOf(error) };
    }
  }

  onApplicationShutdown(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #config(account: KlarnaAccount, call: KlarnaCall, progress: Progress, signal: AbortSignal): AxiosRequestConfig {
    const body = call.body?.length ? call.body : null;
    return {
      method: call.method,
      url: account.baseUrl + call.path,
      auth: { username: account.username, password: account.password },
      headers: {
        Accept: 'application/json',
        'Accept-Encoding': 'identity',
        'User-Agent': USER_AGENT,
        ...call.headers,
        // `false` keeps axios from calling an empty POST a form.
        'Content-Type': body === null ? false : 'application/json',
        ...(call.idempotencyKey ? { 'Klarna-Idempotency-Key': call.idempotencyKey } : {}),
      },
      data: body ?? undefined,
      // Bytes in, bytes out: axios must neither write JSON nor read it.
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      responseType: 'arraybuffer',
      validateStatus: () => true,
      maxRedirects: 0,
      proxy: false,
      maxContentLength: MAX_ANSWER_BYTES,
      httpAgent: this.#http,
      httpsAgent: this.#https,
      signal,
      transport: { request: gatedRequest(call, progress) },
    } as AxiosRequestConfig;
  }

  #turnstileOf(baseUrl: string): Turnstile {
    let turnstile = this.#turnstiles.get(baseUrl);
    if (turnstile === undefined) this.#turnstiles.set(baseUrl, (turnstile = new Turnstile(this.#limits.maxSockets)));
    return turnstile;
  }
}

/**
 * Asks `maySend` when the connected socket arrives and the first byte is about to be written: between the start of the call and
 * this moment lie a queue, name resolution and two handshakes, long enough for a lease to run out.
 */
function gatedRequest(call: KlarnaCall, progress: Progress) {
  return (options: https.RequestOptions, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest => {
    const request = (options.protocol === 'https:' ? https : http).request(options, onResponse);
    request.once('socket', () => {
      if (request.destroyed) return;
      if (call.maySend?.() === false) {
        progress.withheld = true;
        request.destroy(new Error('The call was withheld'));
      } else {
        progress.handedOver = true;
      }
    });
    return request;
  };
}

function answerOf(response: AxiosResponse<Buffer>): KlarnaExchange {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && value !== null) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  const body = Buffer.isBuffer(response.data) ? response.data : Buffer.from(response.data ?? '');
  return { kind: 'answer', status: response.status, headers, body, correlationId: headers['klarna-correlation-id'] ?? null };
}

function withheld(): KlarnaExchange {
  return { kind: 'not-sent', code: NOT_SENT, reason: 'Withheld immediately before the first byte' };
}

function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  if (typeof code === 'string') return code;
  return typeof cause?.code === 'string' ? cause.code : 'NETWORK';
}

/** axios's messages name hosts and limits, never headers or bodies. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'The exchange with Klarna failed';
}
