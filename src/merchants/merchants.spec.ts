import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ManualClock } from '../clock/manual-clock.js';
import { ConfigurationError } from '../config/configuration-error.js';
import { loadSettings } from '../config/load-settings.js';
import { dataSourceOptions } from '../persistence/data-source.js';
import { Database } from '../persistence/database.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { testDatabase, type TestDatabase } from '../../test/support/postgres.js';
import { ConfiguredMerchant } from './configured-merchant.js';
import { createMerchant } from './create-merchant.js';
import { revokeCredential } from './merchant-rows.js';
import { Merchants } from './merchants.js';
import { ProviderAccounts } from './provider-accounts.js';

const KEY = Buffer.alloc(32, 1);
const PLAYGROUND = { KLARNA_BASE_URL: 'https://api.playground.klarna.com', KLARNA_USERNAME: 'PK1', KLARNA_PASSWORD: 'secret-1' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('merchants', () => {
  let place: TestDatabase;
  let dataSource: DataSource;
  let database: Database;
  const envelope = new SealedEnvelope(KEY);
  const clock = new ManualClock();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    place = await testDatabase();
    dataSource = await new DataSource(dataSourceOptions(place.url, 5, 'merchants.spec')).initialize();
    database = new Database(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await place.drop();
  });
  beforeEach(() => database.query('TRUNCATE merchants, api_credentials, provider_accounts, merchant_provider_accounts CASCADE'));

  const start = (environment: Record<string, string> = {}, sealed = envelope) => {
    const settings = loadSettings({
      DATABASE_URL: place.url,
      DATA_KEY: KEY.toString('base64'),
      API_USERNAME: 'shop',
      API_PASSWORD: 'pass-1',
      ...PLAYGROUND,
      ...environment,
    });
    return new ConfiguredMerchant(settings, database, sealed, clock).put();
  };
  const refusal = async (starting: Promise<unknown>): Promise<string> => {
    const error: unknown = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).message;
  };
  const authenticate = (header: string | undefined) => new Merchants(database, envelope).authenticate(header);
  const counts = () =>
    database.query(`SELECT (SELECT count(*)::int FROM merchants) AS merchants, (SELECT count(*)::int FROM api_credentials) AS credentials,
      (SELECT count(*)::int FROM provider_accounts) AS accounts, (SELECT count(*)::int FROM merchant_provider_accounts) AS links`);

  it('puts the configured merchant into an empty database, once', async () => {
    const env = { API_KEY: 'key-1', API_PENDING_ANSWER: '503', API_KEY_REQUIRED: 'true', API_LIMITS: 'report' };
    const id = await start(env);
    expect(await start(env)).toBe(id);
    expect(await counts()).toEqual([{ merchants: 1, credentials: 2, accounts: 1, links: 5 }]);

    const caller = await authenticate(basic('shop:pass-1'));
    expect(caller).toMatchObject({ merchantId: id, pendingAnswer: 503, keyRequired: true, limits: 'report' });
    expect((await authenticate('Bearer key-1'))?.merchantId).toBe(id);
    const account = await new ProviderAccounts(database, envelope).byId(caller?.accounts.payments ?? '');
    expect(account).toMatchObject({ provider: 'klarna', host: 'api.playground.klarna.com', username: 'PK1', password: 'secret-1' });
  });

  it('stores no secret in the open', async () => {
    await start({ API_KEY: 'key-1' });
    const rows = await database.query(`SELECT secret_hash AS bytes FROM api_credentials UNION ALL SELECT secret FROM provider_accounts`);
    for (const { bytes } of rows as { bytes: Buffer }[]) expect(bytes.toString('latin1')).not.toMatch(/pass-1|key-1|secret-1/);
  });

  it('starts while operations are recorded for its account, and keeps none of them waiting', async () => {
    await start();
    await dataSource.transaction(async (recording) => {
      await recording.query('SELECT FROM provider_accounts FOR KEY SHARE');
      await recording.query(`SET LOCAL lock_timeout = '1s'`);
      await start();
    });
  });

  it('starts many processes at once', async () => {
    const ids = await Promise.all(Array.from({ length: 4 }, () => start()));
    expect(new Set(ids).size).toBe(1);
    expect(await counts()).toEqual([{ merchants: 1, credentials: 1, accounts: 1, links: 5 }]);
  });

  it('replaces a changed password and key, and ends a key that is no longer configured', async () => {
    await start({ API_KEY: 'key-1' });
    await start({ API_PASSWORD: 'pass-2', API_KEY: 'key-2' });
    expect(await authenticate(basic('shop:pass-1'))).toBeUndefined();
    expect(await authenticate('Bearer key-1')).toBeUndefined();
    expect(await authenticate(basic('shop:pass-2'))).toBeDefined();
    expect(await authenticate('Bearer key-2')).toBeDefined();
    await start({ API_PASSWORD: 'pass-2' });
    expect(await authenticate('Bearer key-2')).toBeUndefined();
    await start({ API_PASSWORD: 'pass-2', API_KEY: 'key-2' });
    expect(await authenticate('Bearer key-2')).toBeDefined();
  });

  it('takes a new Klarna password over and ends the pause of the account', async () => {
    await start();
    await database.query(`UPDATE provider_accounts SET paused_at = now(), pause_reason = 'UNAUTHORIZED'`);
    await start();
    expect(await database.query('SELECT pause_reason FROM provider_accounts')).toEqual([{ pause_reason: 'UNAUTHORIZED' }]);
    await start({ KLARNA_PASSWORD: 'secret-2' });
    expect(await database.query('SELECT paused_at, pause_reason FROM provider_accounts')).toEqual([
      { paused_at: null, pause_reason: null },
    ]);
  });

  it('refuses another host, naming both and what to do', async () => {
    await start();
    const message = await refusal(start({ KLARNA_BASE_URL: 'https://api.klarna.com' }));
    expect(message).toMatch(/shop.*api\.playground\.klarna\.com as PK1.*api\.klarna\.com as PK1.*DATABASE_URL/);
    expect(message).not.toMatch(/secret|pass-1/);
    expect(await counts()).toEqual([{ merchants: 1, credentials: 1, accounts: 1, links: 5 }]);
  });

  it('refuses a copy of a database of another place, also for a merchant it has never seen', async () => {
    await start();
    const message = await refusal(start({ API_USERNAME: 'staging', KLARNA_BASE_URL: 'https://api.klarna.com' }));
    expect(message).toMatch(/api\.playground\.klarna\.com as PK1.*staging.*api\.klarna\.com/);
    await start({ API_USERNAME: 'second-shop', KLARNA_USERNAME: 'PK9' });
  });

  it('follows the simulator from port to port', async () => {
    const simulator = { API_USERNAME: 'demo', API_PASSWORD: 'demo', KLARNA_USERNAME: 'simulator', KLARNA_PASSWORD: 'simulator' };
    await start({ ...simulator, KLARNA_BASE_URL: 'http://127.0.0.1:3001' });
    await start({ ...simulator, KLARNA_BASE_URL: 'http://localhost:4711' });
    expect(await database.query('SELECT host, base_url FROM provider_accounts')).toEqual([
      { host: 'simulator', base_url: 'http://localhost:4711' },
    ]);
  });

  it('refuses a DATA_KEY that does not open the database', async () => {
    await start();
    expect(await refusal(start({}, new SealedEnvelope(Buffer.alloc(32, 2))))).toMatch(/DATA_KEY/);
  });

  it('refuses a user name that another merchant has', async () => {
    await createMerchant(
      { database, envelope, clock },
      {
        name: 'other',
        credentials: [{ secret: { scheme: 'basic', username: 'shop', password: 'x' } }],
        accounts: { host: 'api.playground.klarna.com', baseUrl: PLAYGROUND.KLARNA_BASE_URL, username: 'PK5', password: 's' },
      },
    );
    expect(await refusal(start())).toMatch(/API_USERNAME/);
  });

  it('adds merchants and ends credentials', async () => {
    const account = (username: string) => ({ host: 'h', baseUrl: 'https://h', username, password: 'p' });
    const created = await createMerchant(
      { database, envelope, clock },
      {
        name: 'second',
        credentials: [
          { secret: { scheme: 'basic', username: 'two', password: 'p:w' }, pendingAnswer: 503 },
          { secret: { scheme: 'bearer', key: 'key-2' } },
        ],
        accounts: { payments: account('A'), 'order-management': account('B') },
      },
    );
    expect(await authenticate(basic('two:p:w'))).toMatchObject({
      merchantId: created.merchantId,
      pendingAnswer: 503,
      accounts: created.accountIds,
    });
    expect(await authenticate('Bearer key-2')).toMatchObject({ credentialId: created.credentialIds[1], pendingAnswer: 202 });
    await revokeCredential(database, created.credentialIds[0] ?? '', clock.now());
    expect(await authenticate(basic('two:p:w'))).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic ***',
    basic('shop'),
    basic('shop:pass-2'),
    basic('shop:'),
    basic('nobody:pass-1'),
    basic('sh\u0000op:pass-1'),
    `Basic ${Buffer.from([0xff, 0x3a, 0xff]).toString('base64')}`,
    'Bearer pass-1',
    'Bearer ',
    'Digest x',
  ])('recognises nobody by %j', async (header) => {
    await start();
    expect(await authenticate(header)).toBeUndefined();
  });

  it('notices within seconds, not at once: a revoked credential is remembered for a moment', async () => {
    await start();
    const merchants = new Merchants(database, envelope);
    const caller = await merchants.authenticate(basic('shop:pass-1'));
    await revokeCredential(database, caller?.credentialId ?? '', clock.now());
    expect(await merchants.authenticate(basic('shop:pass-1'))).toBeDefined();
    expect(await merchants.authenticate(basic('shop:wrong'))).toBeUndefined();
  });
});
