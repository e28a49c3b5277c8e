import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { hostOf } from './address-rules.js';

/** Where a connection goes to: an address that was checked; never a name. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** Undefined: no TLS. Else what its certificate must be for: the host's name, or its address. */
  readonly certificateFor: string | undefined;
}

/** Opens a socket. One that counts takes its place in tests. */
export type Dial = (target: Target) => Socket;

export const dial: Dial = ({ address, port, certificateFor }) => {
  if (certificateFor === undefined) return connectTcp({ host: address, port });
  // A server name in TLS is never an address (RFC 6066); without one the certificate is checked for `host`.
  const servername = isIP(certificateFor) ? '' : certificateFor;
  return connectTls({ host: address, port, servername, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
};

/** The connection was not made in time. */
export class ConnectTimeout extends Error {
  readonly code = 'CONNECT_TIMEOUT';
}

/**
 * Connects to one of the addresses, in their order; each gets its share of the time. Nothing is resolved here: what was checked is what is
 * connected to.
 * @returns a socket that is connected, TLS included; whoever gets it closes it
 * @throws ConnectTimeout, Error of the last address (ECONNREFUSED, a certificate's, ...)
 */
export async function connected(url: URL, addresses: readonly string[], withinMs: number, open: Dial, stop: AbortSignal): Promise<Socket> {
  const tls = url.protocol === 'https:';
  const host = hostOf(url).replace(/\.$/, '');
  const port = Number(url.port) || (tls ? 443 : 80);
  const end = performance.now() + withinMs;
  let last: unknown;
  for (const [index, address] of addresses.entries()) {
    const shareMs = (end - performance.now()) / (addresses.length - index);
    if (shareMs <= 0 || stop.aborted) break;
    try {
      return await ready(open({ address, port, certificateFor: tls ? host : undefined }), tls, shareMs, stop);
    } catch (error) {
      last = error;
    }
  }
  throw (last as Error | undefined) ?? new ConnectTimeout(`no connection within ${withinMs / 1_000} s`);
}

function ready(socket: Socket, tls: boolean, withinMs: number, stop: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const event = tls ? 'secureConnect' : 'connect';
    let settled = false;
    const late = () => !settled && failed(new ConnectTimeout(`no connection within ${Math.round(withinMs / 100) / 10} s`));
    // After a pause of this process timers come first: what has connected meanwhile is heard before it counts as late.
    const timer = setTimeout(() => setImmediate(late), withinMs);
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      socket.off(event, succeeded).off('error', failed).off('close', closed);
      stop.removeEventListener('abort', stopped);
      // Whatever it still has to say must not end the process.
      socket.on('error', () => undefined);
    };
    const failed = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const succeeded = () => {
      settle();
      resolve(socket);
    };
    const closed = () => failed(Object.assign(new Error('closed while it was being made'), { code: 'ECONNRESET' }));
    const stopped = () => failed(new ConnectTimeout('stopped'));
    socket.on(event, succeeded).on('error', failed).on('close', closed);
    stop.addEventListener('abort', stopped);
  });
}
