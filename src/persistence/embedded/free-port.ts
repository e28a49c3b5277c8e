import { createServer } from 'node:net';

/** Whether nobody listens there. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return listenOnce(port, host).then((got) => got !== undefined);
}

/** A port that was free a moment ago: the preferred one if it can be had. */
export async function freePort(preferred: number | undefined, host = '127.0.0.1'): Promise<number> {
  const got = (preferred === undefined ? undefined : await listenOnce(preferred, host)) ?? (await listenOnce(0, host));
  if (got === undefined) throw new Error(`No free port on ${host}`);
  return got;
}

function listenOnce(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
