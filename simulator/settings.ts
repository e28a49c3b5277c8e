import type { Account } from './klarna/accounts.js';
import { DEFAULT_ACCOUNT } from './simulator.js';

export interface Settings {
  /** Undefined when `SIMULATOR_PORT` is not set: then the next free port from 3001 will do. */
  port: number | undefined;
  host: string;
  dataDir: string;
  accounts: Account[];
  gatewayUrl: string | undefined;
  stopWithStdin: boolean;
}

/** A variable that cannot be understood; the message names it. */
export class SettingsError extends Error {}

/** Reads the simulator's environment: the only place that does. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    port: env.SIMULATOR_PORT === undefined || env.SIMULATOR_PORT === '' ? undefined : readPort(env.SIMULATOR_PORT),
    host: env.SIMULATOR_HOST || '127.0.0.1',
    dataDir: env.DATA_DIR || '.data',
    accounts: env.SIMULATOR_ACCOUNTS ? readAccounts(env.SIMULATOR_ACCOUNTS) : [DEFAULT_ACCOUNT],
    gatewayUrl: env.GATEWAY_URL || undefined,
    stopWithStdin: env.SIMULATOR_STOP_WITH_STDIN === '1',
  };
}

function readPort(value: string): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) throw new SettingsError('SIMULATOR_PORT must be a port from 0 to 65535');
  return port;
}

function readAccounts(value: string): Account[] {
  return value.split(',').map((pair) => {
    const colon = pair.indexOf(':');
    if (colon < 1) throw new SettingsError('SIMULATOR_ACCOUNTS must be user:password, several separated by commas');
    return { username: pair.slice(0, colon).trim(), password: pair.slice(colon + 1).trim() };
  });
}
