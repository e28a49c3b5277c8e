import { isIPv4 } from 'node:net';

/**
 * Whether this URL is the simulator's: plain http to this machine's loopback (127.0.0.0/8, ::1, localhost) or to a host called exactly
 * `simulator`, as docker-compose.yml names it. Everything else counts as the real Klarna, on the safe side: there the demo credentials
 * and the simulator's clock are refused. Klarna and Kustom are reached by https and by name, so they can never be taken for it.
 */
export function isSimulatorHost(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === 'http:' && (hostname === 'simulator' || isLoopback(hostname));
}

/**
 * What the database remembers of the host an order was made on: `simulator` whatever its address (its port may change from one start to
 * the next), else the lower-case host with a port that is not the scheme's own.
 */
export function hostIdentity(baseUrl: string): string {
  return isSimulatorHost(baseUrl) ? 'simulator' : new URL(baseUrl).host;
}

/** Whether a URL's host is this machine, however it is written there. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
