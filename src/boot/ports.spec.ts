import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { CannotListen, choosePort, PortTaken } from './ports.js';

describe('choosePort', () => {
  let server: Server;
  let taken: number;

  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    taken = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it('takes the next free one when none is set and the usual one is taken', async () => {
    const port = await choosePort('PORT', undefined, taken, '127.0.0.1');
    expect(port).toBeGreaterThan(taken);
    expect(port).toBeLessThan(taken + 100);
  });

  it('refuses one that is set and taken, naming the variable', async () => {
    await expect(choosePort('PORT', taken, 3000, '127.0.0.1')).rejects.toThrow(PortTaken);
    await expect(choosePort('SIMULATOR_PORT', taken, 3001, '127.0.0.1')).rejects.toThrow(`SIMULATOR_PORT ${taken} is taken on 127.0.0.1`);
  });

  it.each([0, 3000, undefined])('names HOST when nobody can listen there (PORT %s)', async (set) => {
    const refused = choosePort('PORT', set, 3000, '192.0.2.1');
    await expect(refused).rejects.toThrow(CannotListen);
    await expect(refused).rejects.toThrow(/^HOST "192\.0\.2\.1" can't be listened on \(EADDRNOTAVAIL\)/);
  });

  it('says when a port is not allowed', () => {
    const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
    expect(new CannotListen('PORT', 80, '0.0.0.0', cause).message).toBe('PORT 80: permission denied');
  });

  it('takes any free one for 0', async () => {
    expect(await choosePort('PORT', 0, taken, '127.0.0.1')).toBeGreaterThan(0);
  });
});
