import http from 'node:http';
import https from 'node:https';
import { isCallbackUrl } from '../klarna/payments-shapes.js';

/** How long Klarna waits for a merchant, in real milliseconds. */
export interface Patience {
  connectMs: number;
  readMs: number;
}

export interface Outcome {
  status: number | null;
  error: string | null;
}

/** Sends callbacks to merchants. Redirects are not followed; an answer's body is read and thrown away. */
export class CallbackSender {
  private readonly plain = new http.Agent({ keepAlive: true, maxSockets: 32 });
  private readonly secure = new https.Agent({ keepAlive: true, maxSockets: 32 });

  /**
   * Posts once. Never throws: a failure is an outcome.
   * @param body JSON text, or empty for a POST without a body
   * @param httpLoopback whether plain http towards this machine is allowed
   */
  send(url: string, body: string, patience: Patience, httpLoopback: boolean): Promise<Outcome> {
    if (!isCallbackUrl(url, httpLoopback)) return Promise.resolve({ status: null, error: 'not sent: only https is allowed' });
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      try {
        const request = this.request(url, body);
        const patient = (ms: number, what: string) => {
          clearTimeout(timer);
          timer = setTimeout(() => request.destroy(new Error(`no ${what} within ${ms} ms`)), ms);
        };
        request.on('socket', (socket) => {
          const connected = () => patient(patience.readMs, 'answer');
          if (!socket.connecting) return connected();
          patient(patience.connectMs, 'connection');
          socket.once('connect', connected);
        });
        request.on('response', (response) => {
          response.resume();
          response.on('end', () => end({ status: response.statusCode ?? null, error: null }));
          response.on('error', (error) => end({ status: null, error: error.message }));
        });
        request.on('error', (error) => end({ status: null, error: error.message || 'connection failed' }));
        request.end(body);
      } catch (error) {
        end({ status: null, error: error instanceof Error ? error.message : 'not sent' });
      }
    });
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private request(url: string, body: string): http.ClientRequest {
    const headers = {
      'User-Agent': 'Klarna-Simulator',
      'Content-Length': Buffer.byteLength(body),
      ...(body !== '' && { 'Content-Type': 'application/json' }),
    };
    return url.startsWith('https:')
      ? https.request(url, { method: 'POST', headers, agent: this.secure })
      : http.request(url, { method: 'POST', headers, agent: this.plain });
  }
}
