import http from 'node:http';
import https from 'node:https';

/** How a merchant is called. */
export interface PostOptions {
  /** How long the merchant may take to answer, in real milliseconds: once connected where `connectMs` is given, else the connecting included. */
  readMs: number;
  /** How long it may take to be connected with. */
  connectMs?: number | undefined;
  agent?: http.Agent | undefined;
  /** The address of this machine from which the call comes; only towards this machine, by IPv4. Undefined: as it comes. */
  from?: string | undefined;
  /** Of the body; JSON by default. */
  contentType?: string | undefined;
}

export interface Posted {
  status: number;
  location: string | undefined;
  text: string;
}

/**
 * Posts once. Redirects are not followed.
 * @param body text, or empty for a POST without a body
 * @throws Error when no whole answer came in time
 */
export function post(
  url: string,
  body: string,
  { connectMs, readMs, agent, from, contentType = 'application/json' }: PostOptions,
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const headers = {
      'User-Agent': 'Klarna-Simulator',
      'Content-Length': Buffer.byteLength(body),
      ...(body !== '' && { 'Content-Type': contentType }),
    };
    const options = { method: 'POST', headers, ...(agent && { agent }), ...(from !== undefined && { localAddress: from, family: 4 }) };
    const request = url.startsWith('https:') ? https.request(url, options) : http.request(url, options);
    let timer: NodeJS.Timeout | undefined;
    const patient = (ms: number, what: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.destroy(new Error(`no ${what} within ${ms} ms`)), ms);
    };
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    request.on('socket', (socket) => {
      const connected = () => patient(readMs, 'answer');
      if (!socket.connecting || connectMs === undefined) return connected();
      patient(connectMs, 'connection');
      socket.once('connect', connected);
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, text: Buffer.concat(chunks).toString('utf8') });
      });
      response.on('error', fail);
    });
    request.on('error', fail);
    request.end(body);
  });
}
