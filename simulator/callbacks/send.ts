import http from 'node:http';
import https from 'node:https';
import { isCallbackUrl } from '../klarna/payments-shapes.js';
import { post, type PostOptions } from './post.js';

export interface Outcome {
  status: number | null;
  error: string | null;
}

/** Sends callbacks to merchants, over connections that are kept. An answer's body is read and thrown away. */
export class CallbackSender {
  private readonly plain = new http.Agent({ keepAlive: true, maxSockets: 32 });
  private readonly secure = new https.Agent({ keepAlive: true, maxSockets: 32 });
  private closed = false;

  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * Posts once. Never throws: a failure is an outcome.
   * @param body text, or empty for a POST without a body
   * @param httpLoopback whether plain http towards this machine is allowed
   */
  async send(url: string, body: string, way: Omit<PostOptions, 'agent'>, httpLoopback: boolean): Promise<Outcome> {
    if (!isCallbackUrl(url, httpLoopback)) return { status: null, error: 'not sent: only https is allowed' };
    try {
      const { status } = await post(url, body, { ...way, agent: url.startsWith('https:') ? this.secure : this.plain });
      return { status, error: null };
    } catch (error) {
      return { status: null, error: (error as Error).message || 'connection failed' };
    }
  }

  close(): void {
    this.closed = true;
    this.plain.destroy();
    this.secure.destroy();
  }
}
