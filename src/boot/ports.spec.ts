import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { choosePort, PortTaken } from './ports.js';

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

  it('takes any free one for 0', async () => {
    expect(await choosePort('PORT', 0, taken, '127.0.0.1')).toBeGreaterThan(0);
  });
});
