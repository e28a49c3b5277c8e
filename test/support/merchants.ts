import { Clock } from '../../src/clock/clock.js';
import { createMerchant } from '../../src/merchants/create-merchant.js';
import { Database } from '../../src/persistence/database.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import type { TestGateway } from './gateway.js';

/**
 * Adds a merchant to a running gateway.
 * @param account its user at the simulator; by default the one that the configured merchant has, too
 * @returns its credentials, as `Client.call` takes them in `as`
 */
export async function addMerchant({ app, simulator }: TestGateway, name: string, account = 'simulator'): Promise<string> {
  await createMerchant(
    { database: app.get(Database), envelope: app.get(SealedEnvelope), clock: app.get(Clock) },
    {
      name,
      credentials: [{ secret: { scheme: 'basic', username: name, password: name } }],
      accounts: { host: 'simulator', baseUrl: simulator.url, username: account, password: account },
    },
  );
  return `${name}:${name}`;
}
