import { freePort, isFree } from '../persistence/embedded/free-port.js';

/** A port that was asked for and belongs to someone else. The message is one line for a person. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';

  constructor(variable: string, port: number, host: string) {
    super(`${variable} ${port} is taken on ${host}; stop whoever listens there, set another, or unset it to take the next free one`);
  }
}

/**
 * The port to listen on: the one that is set, else the first free one from the default on; 0 means any free one.
 * @throws PortTaken when one is set and taken
 */
export async function choosePort(variable: string, set: number | undefined, first: number, host: string): Promise<number> {
  if (set === 0) return freePort(undefined, host);
  if (set !== undefined) {
    if (await isFree(set, host)) return set;
    throw new PortTaken(variable, set, host);
  }
  for (let port = first; port < first + 100; port++) if (await isFree(port, host)) return port;
  throw new PortTaken(variable, first, host);
}
