import { createServer, type AddressInfo } from 'node:net';

/**
 * Whether nobody listens there.
 * @throws the error of `listen` when it is another one than that the port is taken
 */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    await listenOnce(port, host);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}

/** A port that was free a moment ago: the preferred one if it can be had. */
export async function freePort(preferred: number | undefined, host = '127.0.0.1'): Promise<number> {
  const got = preferred === undefined ? undefined : await listenOnce(preferred, host).catch(() => undefined);
  return got ?? (await listenOnce(0, host));
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(port, host, () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });
}
