import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
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
import { Merchants } from './merchants.js';
import { AccountRetired, ProviderAccounts } from './provider-accounts.js';

const KEY = Buffer.alloc(32, 1);
const KLARNA = 'https://api.klarna.com';
const KUSTOM = 'https://api.kustom.co';
const SHOP = `Basic ${Buffer.from('shop:pass').toString('base64')}`;
const DAY_MS = 86_400_000;
/** The usual credentials, rotated so many times. */
const rotated = (times: number) => ({ KLARNA_USERNAME: `PK${times}`, KLARNA_PASSWORD: `secret-${times}` });
const AT_KUSTOM = { KLARNA_CHECKOUT_BASE_URL: KUSTOM, KLARNA_CHECKOUT_USERNAME: 'K1', KLARNA_CHECKOUT_PASSWORD: 'kustom' };

describe('the accounts of a merchant', () => {
  let place: TestDatabase;
  let dataSource: DataSource;
  let database: Database;
  const envelope = new SealedEnvelope(KEY);
  const clock = new ManualClock();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    place = await testDatabase();
    dataSource = await new DataSource(dataSourceOptions(place.url, 5, 'rotation.spec')).initialize();
    database = new Database(dataSource);
  });
  afterAll(async () => {
    await dataSource.destroy();
    await place.drop();
  });
  beforeEach(() => database.query('TRUNCATE merchants, api_credentials, provider_accounts, merchant_provider_accounts CASCADE'));

  const start = (environment: Record<string, string> = {}) => {
    const settings = loadSettings({
      ...{ DATABASE_URL: place.url, DATA_KEY: KEY.toString('base64'), API_USERNAME: 'shop', API_PASSWORD: 'pass' },
      ...{ KLARNA_BASE_URL: KLARNA, ...rotated(1), ...environment },
    });
    return new ConfiguredMerchant(settings, database, envelope, clock).put();
  };
  const refusal = async (starting: Promise<unknown>): Promise<readonly string[]> => {
    const error: unknown = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  };
  const links = async () => (await new Merchants(database, envelope).authenticate(SHOP))!.accounts;
  const accountOf = async (id: string) => new ProviderAccounts(database, envelope).byId(id);
  const account = async (username: string) => {
    const [row] = await database.query<{ id: string; retired: Date | null; successor: string | null }>(
      'SELECT id, retired_at AS retired, successor_id AS successor FROM provider_accounts WHERE username = $1',
      [username],
    );
    return row!;
  };
  /** An order of the shop's, made with an account. */
  const order = async (username: string, more: Record<string, unknown> = {}, merchant = 'shop') => {
    const state = { status: 'AUTHORIZED', remaining_authorized_amount: 1_000, expires_at: null, anomaly: null, ...more };
    await database.query(
      `INSERT INTO orders (id, merchant_id, provider_account_id, provider, provider_order_id, data_subject, created_at, updated_at,
                           status, remaining_authorized_amount, expires_at, anomaly)
       SELECT $1::uuid, m.id, a.id, 'klarna', $1::text, $1::uuid, $2, $2, $5, $6, $7, $8 FROM merchants m, provider_accounts a
        WHERE m.name = $3 AND a.username = $4`,
      [randomUUID(), clock.now(), merchant, username, state.status, state.remaining_authorized_amount, state.expires_at, state.anomaly],
    );
  };
  const operation = (username: string, state: string) =>
    database.query(
      `INSERT INTO operations (id, merchant_id, provider_account_id, kind, class, state, target, fingerprint, fence, opened_at, waits_until,
                               created_at, finished_at)
       SELECT $1, m.id, a.id, 'order-management.capture', 'durable', $2::text, '', '', 1, $3, $3, $3, CASE WHEN $2::text = 'succeeded' THEN $3::timestamptz END
         FROM merchants m, provider_accounts a WHERE m.name = 'shop' AND a.username = $4`,
      [randomUUID(), state, clock.now(), username],
    );

  /** What a shop has begun, or a customer token, made with an account. */
  const BEGUN = {
    'payment session': ['payment_sessions', 'provider_session_id', { status: 'incomplete' }],
    checkout: ['checkout_orders', 'provider_order_id', { status: 'checkout_incomplete' }],
    'hosted page': ['hosted_pages', 'provider_session_id', { status: 'WAITING' }],
    'customer token': ['customer_tokens', 'token_hash', {}],
  } as const;
  const begun = async (what: keyof typeof BEGUN, more: Record<string, unknown> = {}, username = 'PK1', merchant = 'shop') => {
    const [table, providerId, usual] = BEGUN[what];
    const id = randomUUID();
    const updated = what === 'customer token' ? {} : { updated_at: clock.now() };
    const expires = what === 'checkout' ? { expires_at: new Date(clock.nowMs() + DAY_MS) } : {};
    const columns = {
      ...{ id, [providerId]: what === 'customer token' ? Buffer.from(id) : id, data_subject: id, created_at: clock.now() },
      ...{ ...updated, ...expires, ...usual, ...more },
    };
    const names = Object.keys(columns);
    await database.query(
      `INSERT INTO ${table} (merchant_id, provider_account_id, ${names.join(', ')})
       SELECT m.id, a.id, ${names.map((_, at) => `$${at + 3}`).join(', ')} FROM merchants m, provider_accounts a
        WHERE m.name = $1 AND a.username = $2`,
      [merchant, username, ...Object.values(columns)],
    );
  };
  /** What a start tells, from the level `warn` on. */
  const warnings = async (starting: () => Promise<unknown>): Promise<string[]> => {
    const told: string[] = [];
    const note = (message: unknown) => void told.push(String(message));
    const silent = () => undefined;
    Logger.overrideLogger({ log: silent, debug: silent, verbose: silent, warn: note, error: note });
    await starting().finally(() => void Logger.overrideLogger(false));
    return told;
  };

  it.each(['PAYMENTS', 'ORDER_MANAGEMENT', 'CHECKOUT', 'CUSTOMER_TOKEN', 'HOSTED_PAYMENT_PAGE'])(
    'are one for each API that is configured apart: %s',
    async (api) => {
      await start({ [`KLARNA_${api}_BASE_URL`]: KUSTOM, [`KLARNA_${api}_USERNAME`]: 'K1', [`KLARNA_${api}_PASSWORD`]: 'kustom' });
      const apart = api.toLowerCase().replaceAll('_', '-');
      for (const [linked, id] of Object.entries(await links())) {
        const at = linked === apart ? { baseUrl: KUSTOM, username: 'K1' } : { baseUrl: KLARNA, username: 'PK1' };
        expect([linked, await accountOf(id)]).toEqual([linked, expect.objectContaining(at)]);
      }
    },
  );

  it('move with Checkout to another host while the old one stays in use; orders stay where they were made', async () => {
    await start();
    const before = await links();
    await order('PK1');
    await start(AT_KUSTOM);
    const after = await links();
    expect([after.payments, after['order-management']]).toEqual([before.payments, before.payments]);
    expect(await accountOf(after.checkout)).toMatchObject({ host: 'api.kustom.co', username: 'K1' });
    expect((await account('PK1')).retired).toBeNull();
  });

  it('move to another host altogether when the old one is named; else the database belongs to another place', async () => {
    await start();
    const before = await links();
    await order('PK1');
    const moved = { KLARNA_BASE_URL: KUSTOM, KLARNA_USERNAME: 'K1', KLARNA_PASSWORD: 'kustom' };
    const [message] = await refusal(start(moved));
    expect(message).toMatch(/api\.klarna\.com as PK1.*api\.kustom\.co as K1.*DATABASE_URL.*PK1:<password>@https:\/\/api\.klarna\.com/);
    await start({ ...moved, KLARNA_PREVIOUS_CREDENTIALS: `PK1:secret-1b@${KLARNA}` });
    expect(await accountOf(before.payments)).toMatchObject({ baseUrl: KLARNA, username: 'PK1', password: 'secret-1b' });
    expect(await accountOf((await links()).payments)).toMatchObject({ baseUrl: KUSTOM, username: 'K1' });
    // Later: named no more, with an order that is not final.
    expect((await refusal(start(moved)))[0]).toMatch(
      /PK1 at api\.klarna\.com still has 1 order .*PK1:<password>@https:\/\/api\.klarna\.com/,
    );
  });

  it('can be used no more once nothing is configured at their host', async () => {
    await start();
    const before = await links();
    await order('PK1', { status: 'CAPTURED' });
    const moved = { KLARNA_BASE_URL: KUSTOM, KLARNA_USERNAME: 'K1', KLARNA_PASSWORD: 'kustom' };
    await start({ ...moved, KLARNA_PREVIOUS_CREDENTIALS: `PK1:secret-1@${KLARNA}` });
    await start(moved);
    await expect(accountOf(before.payments)).rejects.toThrow(AccountRetired);
    await start({ ...moved, KLARNA_PREVIOUS_CREDENTIALS: `PK1:secret-1@${KLARNA}` });
    expect(await accountOf(before.payments)).toMatchObject({ password: 'secret-1' });
  });

  it('stay as they are while they are named, however often the credentials were rotated', async () => {
    await start();
    const first = (await links()).payments;
    await order('PK1');
    await start({ ...rotated(2), KLARNA_PREVIOUS_USERNAME: 'PK1', KLARNA_PREVIOUS_PASSWORD: 'secret-1' });
    const second = (await links()).payments;
    await order('PK2');
    await start({ ...rotated(3), KLARNA_PREVIOUS_CREDENTIALS: 'PK1:secret-1b PK2:secret-2 PK0:never-used' });
    expect(await accountOf(first)).toMatchObject({ username: 'PK1', password: 'secret-1b' });
    expect(await accountOf(second)).toMatchObject({ username: 'PK2', password: 'secret-2' });
    expect(await accountOf((await links()).payments)).toMatchObject({ username: 'PK3', password: 'secret-3' });
    expect(await account('PK0')).toBeUndefined();
  });

  it('that a rotation left behind are counted, one line each, and stay until all is final', async () => {
    await start();
    await order('PK1');
    await order('PK1', { status: 'CAPTURED' });
    await start({ ...rotated(2), KLARNA_PREVIOUS_CREDENTIALS: 'PK1:secret-1' });
    await order('PK2', { status: 'PART_CAPTURED' });
    await order('PK2', { status: null, remaining_authorized_amount: null });
    await operation('PK2', 'manual');
    await operation('PK2', 'succeeded');
    expect(await refusal(start(rotated(3)))).toEqual([
      expect.stringMatching(/^Klarna's account PK1 at api\.klarna\.com still has 1 order open, but/),
      expect.stringMatching(/^Klarna's account PK2 at api\.klarna\.com still has 2 orders, 1 operation open, but/),
    ]);
    expect(await refusal(start({ ...rotated(3), KLARNA_PREVIOUS_CREDENTIALS: 'PK1:secret-1' }))).toHaveLength(1);
    await database.query(`UPDATE orders SET status = 'CAPTURED'`);
    expect(await refusal(start(rotated(3)))).toHaveLength(1);
    await database.query('UPDATE operations SET finished_at = created_at');
    await start(rotated(3));
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['authorized', {}, true],
    ['of a state nobody has read yet', { status: null, remaining_authorized_amount: null }, true],
    ['part captured', { status: 'PART_CAPTURED' }, true],
    ['in a state we do not know', { status: 'NEW' }, true],
    ['released', { status: 'PART_CAPTURED', remaining_authorized_amount: 0 }, false],
    ['captured', { status: 'CAPTURED' }, false],
    ['cancelled', { status: 'CANCELLED' }, false],
    ['expired', { status: 'EXPIRED' }, false],
    ['closed', { status: 'CLOSED' }, false],
    ['that expired an hour ago, as far as was read', { expires_at: -DAY_MS / 24 }, true],
    ['that expired long ago', { status: 'PART_CAPTURED', expires_at: -2 * DAY_MS }, false],
    ['that Klarna does not show any more', { anomaly: 'NO_SUCH_ORDER_AT_PROVIDER' }, false],
  ])('are needed for an order %s: %j', async (_, { expires_at: expires, ...state }, needed) => {
    await start();
    await order('PK1', { ...state, expires_at: typeof expires === 'number' ? new Date(clock.nowMs() + expires) : null });
    await (needed ? refusal(start(rotated(2))) : start(rotated(2)));
  });

  it.each<[keyof typeof BEGUN, Record<string, unknown>, boolean]>([
    ['checkout', {}, true],
    ['checkout', { status: 'checkout_complete' }, false],
    ['checkout', { gone_at: new Date(0) }, false],
    ['checkout', { expires_at: -1 }, false],
    ['payment session', {}, true],
    ['payment session', { updated_at: -49 * (DAY_MS / 24) }, false],
    ['payment session', { updated_at: -49 * (DAY_MS / 24), expires_at: DAY_MS }, true],
    ['payment session', { expires_at: -1 }, false],
    ['payment session', { status: 'complete' }, false],
    ['payment session', { status: 'COMPLETE' }, false],
    ['hosted page', {}, true],
    ['hosted page', { status: 'FAILED', expires_at: DAY_MS }, true],
    ['hosted page', { status: null }, true],
    ['hosted page', { expires_at: -1 }, false],
    ['hosted page', { status: null, created_at: -49 * (DAY_MS / 24) }, false],
    ['hosted page', { status: 'COMPLETED' }, false],
    ['hosted page', { status: 'CANCELLED' }, false],
    ['hosted page', { status: 'DISABLED' }, false],
    ['hosted page', { status: 'TIMEOUT' }, false],
    ['customer token', {}, false],
  ])('are needed for a %s %j: %s', async (what, more, needed) => {
    await start();
    const at = (value: unknown) => (typeof value === 'number' ? new Date(clock.nowMs() + value) : value);
    await begun(what, Object.fromEntries(Object.entries(more).map(([name, value]) => [name, at(value)])));
    if (!needed) await start(rotated(2));
    else expect((await refusal(start(rotated(2))))[0]).toContain(`PK1 at api.klarna.com still has 1 ${what} open, but`);
  });

  it('are needed for all of it together, each named', async () => {
    await start();
    await order('PK1');
    await operation('PK1', 'waiting');
    for (const what of ['checkout', 'payment session', 'payment session', 'hosted page'] as const) await begun(what);
    const [message] = await refusal(start(rotated(2)));
    expect(message).toContain('still has 1 order, 1 operation, 1 checkout, 2 payment sessions, 1 hosted page open, but');
  });

  it('hand their customer tokens on, and the start warns of it', async () => {
    await start();
    await begun('customer token');
    await begun('customer token');
    expect(await warnings(() => start({ ...rotated(2), KLARNA_PREVIOUS_CREDENTIALS: 'PK1:secret-1' }))).toEqual([]);
    expect(await warnings(() => start(rotated(2)))).toEqual([
      expect.stringMatching(
        /^2 customer tokens made with Klarna's account PK1 at api\.klarna\.com: .* credentials of PK2, .*same merchant/,
      ),
    ]);
    expect(await warnings(() => start(rotated(2)))).toEqual([]);
  });

  it('leave customer tokens that nobody can charge when their host is no longer configured, and the start warns of it', async () => {
    await start();
    await begun('customer token');
    const moved = { KLARNA_BASE_URL: KUSTOM, KLARNA_USERNAME: 'K1', KLARNA_PASSWORD: 'kustom' };
    await start({ ...moved, KLARNA_PREVIOUS_CREDENTIALS: `PK1:secret-1@${KLARNA}` });
    expect(await warnings(() => start(moved))).toEqual([
      expect.stringMatching(/^1 customer token made with .* can not be charged from here on/),
    ]);
  });

  it('are retired with their password, and what is pinned to them goes on with what their host has now', async () => {
    await start();
    const first = (await links()).payments;
    await order('PK1', { status: 'CAPTURED' });
    await start({ ...rotated(2), ...AT_KUSTOM });
    await start({ ...rotated(3), ...AT_KUSTOM });
    const [one, two, three] = await Promise.all(['PK1', 'PK2', 'PK3'].map(account));
    expect([one?.retired, two?.retired, three?.retired]).toEqual([expect.any(Date), expect.any(Date), null]);
    expect([one?.successor, two?.successor]).toEqual([three?.id, three?.id]);
    expect(await accountOf(first)).toMatchObject({ id: first, username: 'PK3', password: 'secret-3', baseUrl: KLARNA });
    const secrets = await database.query<{ secret: Buffer }>('SELECT secret FROM provider_accounts WHERE retired_at IS NOT NULL');
    for (const { secret } of secrets) expect(envelope.open(secret, 'provider-account.secret')).toHaveLength(0);
    await start({ ...rotated(3), KLARNA_PREVIOUS_CREDENTIALS: 'PK1:secret-1 K1:kustom@https://api.kustom.co' });
    expect(await accountOf(first)).toMatchObject({ username: 'PK1', password: 'secret-1' });
  });

  it("of another merchant are that merchant's matter", async () => {
    await start();
    const theirs = { host: 'api.klarna.com', baseUrl: KLARNA, username: 'PK8', password: 's' };
    await createMerchant({ database, envelope, clock }, { name: 'other', credentials: [], accounts: theirs });
    await createMerchant({ database, envelope, clock }, { name: 'other', credentials: [], accounts: { ...theirs, username: 'PK9' } });
    await order('PK8', {}, 'other');
    await start();
    expect([(await account('PK8')).retired, (await account('PK9')).retired]).toEqual([null, null]);
  });

  it.each(Object.keys(BEGUN) as (keyof typeof BEGUN)[])("at which another merchant has a %s are that merchant's matter", async (what) => {
    await start();
    const theirs = { host: 'api.klarna.com', baseUrl: KLARNA, username: 'PK8', password: 's' };
    await createMerchant({ database, envelope, clock }, { name: 'other', credentials: [], accounts: theirs });
    await begun(what, {}, 'PK8', 'other');
    await database.query("DELETE FROM merchant_provider_accounts l USING merchants m WHERE m.id = l.merchant_id AND m.name = 'other'");
    await start();
    expect((await account('PK8')).retired).toBeNull();
  });

  it('named as rotated and in use at once are in use', async () => {
    await start({ KLARNA_PREVIOUS_CREDENTIALS: 'PK1:an-old-password' });
    expect(await accountOf((await links()).payments)).toMatchObject({ password: 'secret-1' });
  });
});
