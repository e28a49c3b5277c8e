import type { Socket } from 'node:net';
import { Callbacks } from './callbacks/callbacks.js';
import { VirtualClock } from './clock.js';
import { control } from './control/controls.js';
import type { Controlled } from './control/handler.js';
import { Faults } from './faults/faults.js';
import { Gates } from './faults/gates.js';
import { Accounts, type Account } from './klarna/accounts.js';
import { watchFraudDecision } from './klarna/fraud-decision.js';
import { watchPage } from './klarna/page-timeout.js';
import { KlarnaSurface } from './klarna/surface.js';
import type { World } from './klarna/work.js';
import { Ledger } from './ledger.js';
import { page } from './pages/pages.js';
import { httpServer } from './server.js';
import { lockDataDir, refuseForeignLock } from './state/lock.js';
import { Store } from './state/store.js';
import { Switches } from './switches.js';

export interface SimulatorOptions {
  /** 0 (the default) takes any free port. */
  port?: number;
  host?: string;
  /** Folder of `simulator.ndjson`; without it state lives in memory only. */
  dataDir?: string;
  /** Merchants; one `simulator`/`simulator` by default. */
  accounts?: Account[];
  /** Where the gateway is, for the commands and links that the shopper page shows. */
  gatewayUrl?: string;
  /** Where the virtual clock of an empty simulator starts; stored state goes on with its own clock. */
  startAt?: Date;
}

export interface Simulator {
  url: string;
  port: number;
  /** Stops at once: held connections are destroyed, planned callbacks stay planned in the file. */
  close(): Promise<void>;
}

export const DEFAULT_ACCOUNT: Account = { username: 'simulator', password: 'simulator' };

/**
 * Starts a stand-in for Klarna Payments v1 and Order Management v1.
 * @throws the listen error (`EADDRINUSE`) when the port is taken; when the stored state cannot be read
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  if (options.dataDir !== undefined) await refuseForeignLock(options.dataDir);
  const store = new Store(options.dataDir);
  const settings = store.rows.settings.get('settings');
  const clock = new VirtualClock(settings?.clock_offset_ms ?? (options.startAt === undefined ? 0 : options.startAt.getTime() - Date.now()));
  const switches = new Switches();
  switches.apply(settings?.switches ?? {});
  const callbacks = new Callbacks(store, clock, switches);
  const world: World = { store, clock, switches, callbacks };
  const ledger = new Ledger(world);
  const faults = new Faults();
  const gates = new Gates();
  const klarna = new KlarnaSurface(world, new Accounts(options.accounts ?? [DEFAULT_ACCOUNT]), faults, gates, ledger);
  const controlled: Controlled = { world, faults, gates, ledger };
  const gatewayUrl = options.gatewayUrl ?? 'http://127.0.0.1:3000';

  const server = httpServer({
    klarna: (call, request, response) => klarna.handle(call, request, response),
    own: (request) =>
      request.url.pathname.startsWith('/simulator/')
        ? control(controlled, request)
        : Promise.resolve(page({ world, ledger, gatewayUrl }, request)),
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const host = options.host ?? '127.0.0.1';
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, host, resolve);
    });
  } catch (error) {
    store.close();
    throw error;
  }
  if (store.isLarge) {
    store.commit(klarna.keys.expired(clock.now()), clock.now());
    store.compact();
  }
  callbacks.resume();
  for (const order of store.rows.orders.values()) watchFraudDecision(world, order);
  for (const page of store.rows.hosted_pages.values()) watchPage(world, page);

  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  const url = `http://${shownHost}:${port}`;
  const unlock = options.dataDir === undefined ? () => {} : lockDataDir(options.dataDir, url);
  return {
    url,
    port,
    close: () =>
      new Promise((resolve) => {
        klarna.close();
        callbacks.close();
        clock.close();
        gates.openAll();
        server.close(() => {
          store.close();
          unlock();
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}
