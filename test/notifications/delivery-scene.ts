import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { ManualClock } from '../../src/clock/manual-clock.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database } from '../../src/persistence/database.js';
import { DeliveriesRepository, GIVE_UP_AFTER_MS } from '../../src/persistence/repositories/deliveries.repository.js';
import { DeliveryOutcomesRepository } from '../../src/persistence/repositories/delivery-outcomes.repository.js';
import { DueDeliveriesRepository } from '../../src/persistence/repositories/due-deliveries.repository.js';
import { SigningSecretsRepository } from '../../src/persistence/repositories/signing-secrets.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { AddressRules } from '../../src/webhooks/deliveries/address-rules.js';
import { DeliveryCounts } from '../../src/webhooks/deliveries/delivery-counts.js';
import { DeliveryEngine } from '../../src/webhooks/deliveries/delivery-engine.js';
import { DeliverySender } from '../../src/webhooks/deliveries/delivery-sender.js';
import { DeliveryUpkeep } from '../../src/webhooks/deliveries/delivery-upkeep.js';
import { NameResolver } from '../../src/webhooks/deliveries/resolver.js';
import { ShopHttp } from '../../src/webhooks/deliveries/shop-http.js';
import { testDatabase } from '../support/postgres.js';

export const START = '2026-11-20T10:00:00.000Z';

export interface DeliveryRow {
  id: string;
  state: string;
  reason: string | null;
  attempts: number;
  next_at: Date | null;
  lease_until: Date | null;
  fence: number;
  sequence: string;
}

export interface AttemptRow {
  number: number;
  status: number | null;
  code: string | null;
  reason: string | null;
  duration_ms: number | null;
}

export interface EndpointGiven {
  strict?: boolean;
  key?: Buffer;
  previous?: { key: Buffer; until: Date };
}

/** Everything that delivers, on a database of its own; rounds are made by hand. */
export async function openDeliveries(env: Readonly<Record<string, string>> = {}) {
  const home = await testDatabase();
  const dataSource = await new DataSource(dataSourceOptions(home.url, 12, 'test')).initialize();
  const database = new Database(dataSource);
  const clock = new ManualClock(START);
  const envelope = new SealedEnvelope(randomBytes(32));
  // Without DATABASE_URL: the embedded mode, in which loopback is open.
  const settings = loadSettings(env);
  const repositories = {
    deliveries: new DeliveriesRepository(envelope),
    due: new DueDeliveriesRepository(database),
    outcomes: new DeliveryOutcomesRepository(database),
    secrets: new SigningSecretsRepository(database, envelope, clock),
  };
  const { deliveries, due, outcomes, secrets } = repositories;
  const counts = new DeliveryCounts();
  const alerts = new Alerts();
  const http = new ShopHttp(new AddressRules(settings), new NameResolver());
  const sender = new DeliverySender(deliveries, secrets, envelope, http, clock);
  const anEngine = () => new DeliveryEngine(due, outcomes, sender, counts, alerts, clock, settings);
  const engine = anEngine();
  const merchantId = await aMerchant(database);

  const scene = {
    ...repositories,
    ...{ database, databaseUrl: home.url, clock, envelope, settings, counts, alerts, http, sender, anEngine, engine, merchantId },
    upkeep: new DeliveryUpkeep(outcomes, counts, alerts, clock, settings),

    /** Looks once, and waits for what that sent. */
    async round(): Promise<void> {
      await engine.round();
      await engine.settled();
    },

    /** Looks until nothing is sent any more. */
    async rounds(): Promise<void> {
      for (let sent = -1; sent !== counts.delivered + counts.failed;) {
        sent = counts.delivered + counts.failed;
        await scene.round();
      }
    },

    async anEndpoint(url: string, given: EndpointGiven = {}): Promise<{ id: string; key: Buffer }> {
      const [id, key] = [randomUUID(), given.key ?? randomBytes(32)];
      const sealed = (bytes: Buffer) => envelope.seal(bytes, 'endpoint.secret');
      await database.query(
        `INSERT INTO notification_endpoints (id, merchant_id, url, strict_order, secret, previous_secret, previous_secret_until, version,
           created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)`,
        [
          ...[id, merchantId, url, given.strict ?? false, sealed(key)],
          ...[given.previous ? sealed(given.previous.key) : null, given.previous?.until ?? null, clock.now()],
        ],
      );
      return { id, key };
    },

    /** Events of one subject, the next in its order, due now for one endpoint, as publishing writes them. @returns ids of the deliveries */
    async events(endpointId: string, subject: string, count = 1, secret: Buffer | null = null): Promise<string[]> {
      const rows = await database.query<{ id: string }>(
        `WITH counted AS (
           INSERT INTO event_subjects AS s (id, merchant_id, last_sequence) VALUES ($1, $2, $3::int)
           ON CONFLICT (id) DO UPDATE SET last_sequence = s.last_sequence + $3::int RETURNING last_sequence - $3::int AS before
         ), told AS (
           INSERT INTO events (id, merchant_id, subject, sequence, type, order_id, provider_order_id, at, data, secret)
           SELECT gen_random_uuid(), $2, $1::uuid, before + n, 'order.captured', $1::uuid, 'klarna-' || $1::uuid, $4, jsonb_build_object('amount', 100), $6
           FROM counted, generate_series(1, $3::int) AS n RETURNING id, sequence
         )
         INSERT INTO deliveries (id, merchant_id, receiver, endpoint_id, event_id, message_id, subject, sequence, method, state, attempts,
           next_at, fence, give_up_at, created_at)
         SELECT gen_random_uuid(), $2, $5::text, $5::text::uuid, id, id::text, $1, sequence, 'POST', 'due', 0, $4, 0,
           $4::timestamptz + make_interval(secs => ${GIVE_UP_AFTER_MS / 1_000}), $4 FROM told RETURNING id, sequence`,
        [subject, merchantId, count, clock.now(), endpointId, secret],
      );
      return rows.map(({ id }) => id);
    },

    async delivery(id: string | undefined): Promise<DeliveryRow> {
      const [row] = await database.query<DeliveryRow>('SELECT * FROM deliveries WHERE id = $1', [id]);
      if (row === undefined) throw new Error(`There is no delivery ${id}`);
      return row;
    },

    attempts(id: string | undefined): Promise<AttemptRow[]> {
      return database.query<AttemptRow>(
        'SELECT number, status, code, reason, duration_ms FROM delivery_attempts WHERE delivery_id = $1 ORDER BY number',
        [id],
      );
    },

    /** How many deliveries of a receiver are in each state. */
    async states(receiver: string): Promise<Record<string, number>> {
      const rows = await database.query<{ state: string; count: number }>(
        'SELECT state, count(*)::int AS count FROM deliveries WHERE receiver = $1 GROUP BY state',
        [receiver],
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },

    async receiver(key: string): Promise<{ failures: number; rests_until: Date | null; failing_since: Date | null } | undefined> {
      return (
        await database.query<{ failures: number; rests_until: Date | null; failing_since: Date | null }>(
          'SELECT failures, rests_until, failing_since FROM receivers WHERE key = $1',
          [key],
        )
      )[0];
    },

    /** As if the process that took them had died a while ago. */
    async leasesRunOut(): Promise<void> {
      await database.query(`UPDATE deliveries SET lease_until = now() - interval '1 ms' WHERE lease_until IS NOT NULL`);
    },

    async clear(): Promise<void> {
      clock.set(START);
      await database.query('TRUNCATE deliveries, delivery_attempts, receivers, events, event_subjects, notification_endpoints CASCADE');
    },

    async close(): Promise<void> {
      await dataSource.destroy();
      await home.drop();
    },
  };
  return scene;
}

export type Deliveries = Awaited<ReturnType<typeof openDeliveries>>;

async function aMerchant(database: Database): Promise<string> {
  const id = randomUUID();
  await database.query('INSERT INTO merchants (id, name, created_at) VALUES ($1, $2, $3)', [id, 'shop', START]);
  return id;
}
