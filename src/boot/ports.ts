import { freePort, isFree } from '../persistence/embedded/free-port.js';

/** A port that was asked for and belongs to someone else. The message is one line for a person. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';

  constructor(variable: string, port: number, host: string) {
    super(`${variable} ${port} is taken on ${host}; stop whoever listens there, set another, or unset it to take the next free one`);
  }
}

/** A port that can't be listened on for another reason. The message is one line for a person. */
export class CannotListen extends Error {
  override readonly name = 'CannotListen';

  constructor(variable: string, port: number, host: string, cause: NodeJS.ErrnoException) {
    const where = `HOST ${JSON.stringify(host)} can't be listened on (${cause.code ?? cause.message}); set an address of this machine`;
    super(cause.code === 'EACCES' ? `${variable} ${port}: permission denied` : where, { cause });
  }
}

/**
 * The port to listen on: the one that is set, else the first free one from the default on; 0 means any free one.
 * @throws PortTaken when one is set and taken
 * @throws CannotListen when it can't be listened on for another reason
 */
export async function choosePort(variable: string, set: number | undefined, first: number, host: string): Promise<number> {
  const tried = (port: number) => (cause: unknown) => {
    throw new CannotListen(variable, port, host, cause as NodeJS.ErrnoException);
  };
  if (set === 0) return freePort(undefined, host).catch(tried(0));
  if (set !== undefined) {
    if (await isFree(set, host).catch(tried(set))) return set;
    throw new PortTaken(variable, set, host);
  }
  for (let port = first; port < first + 100; port++) if (await isFree(port, host).catch(tried(port))) return port;
  throw new PortTaken(variable, first, host);
}
