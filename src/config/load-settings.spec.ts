import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { ConfigurationError } from './configuration-error.js';
import { childEnvironment, loadSettings, type Environment } from './load-settings.js';
import { SETTINGS_TABLE } from './settings-table.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const PRODUCTION: Environment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://gateway:secret@db/gateway',
  DATA_KEY: KEY,
  API_USERNAME: 'shop',
  API_PASSWORD: 'long and secret',
  KLARNA_BASE_URL: 'https://api.klarna.com',
  KLARNA_USERNAME: 'K123_abc',
  KLARNA_PASSWORD: 'klarna-secret',
};

function problems(env: Environment): readonly string[] {
  try {
    loadSettings(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadSettings', () => {
  it('is embedded, on loopback, with demo credentials and the simulator when nothing is set', () => {
    const settings = loadSettings({});
    expect(settings).toMatchObject({
      mode: 'embedded',
      role: 'all',
      clock: 'system',
      port: undefined,
      startsSimulator: true,
      usesSimulator: true,
    });
    expect(settings.host).toBe('127.0.0.1');
    expect(settings.apiCredentials).toEqual({ username: 'demo', password: 'demo' });
    expect(settings).toMatchObject({ klarnaTimeoutMs: 65_000, answerWaitMs: 25_000, askAgainMs: [1_000, 3_000, 8_000] });
    expect(settings.retryDelaysMs).toEqual([1_000, 5_000, 30_000, 120_000, 300_000, 900_000]);
    expect(settings).toMatchObject({
      leaseMs: 3_000,
      sweepIntervalMs: 500,
      nudgeOverdueMs: 2_000,
      quietPeriodMs: 75_000,
      keyCutoffMs: 72_000_000,
    });
  });

  it('accepts a complete production environment and listens on every address', () => {
    const settings = loadSettings(PRODUCTION);
    expect(settings).toMatchObject({ mode: 'configured', production: true, startsSimulator: false, usesSimulator: false });
    expect(settings.host).toBe('0.0.0.0');
    expect(settings.databaseUrl).toBe(PRODUCTION['DATABASE_URL']);
    expect(settings.dataKey).toEqual(Buffer.alloc(32, 7));
    expect(settings.klarna('payments')).toEqual({
      baseUrl: 'https://api.klarna.com',
      username: 'K123_abc',
      password: 'klarna-secret',
      hostIdentity: 'api.klarna.com',
    });
  });

  it('names every missing variable of production at once', () => {
    const found = problems({ NODE_ENV: 'production' }).join('\n');
    for (const name of Object.keys(PRODUCTION).filter((each) => each !== 'NODE_ENV')) expect(found).toContain(`${name} is not set`);
  });

  it.each(Object.keys(PRODUCTION).filter((name) => name !== 'NODE_ENV'))(
    'refuses production without %s, empty counting as unset',
    (name) => {
      expect(problems({ ...PRODUCTION, [name]: ' ' }).join('\n')).toContain(`${name} is not set`);
    },
  );

  it('reports all values that are not allowed at once, with what was given and what is allowed', () => {
    const found = problems({ PORT: '70000', ROLE: 'both', KLARNA_TIMEOUT_MS: '65s', API_KEY_REQUIRED: 'yes', ASK_AGAIN_MS: '1000,x' });
    expect(found).toEqual([
      'PORT is "70000"; allowed: a whole number from 0 to 65535',
      'ROLE is "both"; allowed: all | api | worker',
      'API_KEY_REQUIRED is "yes"; allowed: true | false',
      'KLARNA_TIMEOUT_MS is "65s"; allowed: milliseconds, from 10 to 2147483647',
      'ASK_AGAIN_MS is "1000,x"; allowed: milliseconds separated by commas, such as 1000,3000,8000',
    ]);
  });

  it('never shows the value of a secret', () => {
    const message = problems({ DATA_KEY: 'dG9vIHNob3J0', DATABASE_URL: 'mysql://root:hunter2@db' }).join('\n');
    expect(message).toContain('DATA_KEY is a value of 12 characters (not shown)');
    expect(message).toContain('DATABASE_URL is a value of');
    expect(message).not.toMatch(/dG9v|hunter2/);
  });

  it.each(['production', 'development', 'test'])('refuses demo/demo with a real host when NODE_ENV is %s', (NODE_ENV) => {
    const found = problems({ ...PRODUCTION, NODE_ENV, API_USERNAME: 'demo', API_PASSWORD: 'demo' });
    expect(found).toEqual([
      'API_USERNAME and API_PASSWORD are demo/demo; allowed only while Klarna is the simulator (KLARNA_BASE_URL is api.klarna.com)',
    ]);
  });

  it('asks for credentials and a key as soon as one API has a real host, also when embedded', () => {
    const found = problems({ KLARNA_CHECKOUT_BASE_URL: 'https://api.kustom.co' }).join('\n');
    for (const name of ['API_USERNAME', 'API_PASSWORD', 'KLARNA_USERNAME', 'KLARNA_PASSWORD', 'DATA_KEY']) {
      expect(found).toContain(`${name} is not set; it is required because KLARNA_CHECKOUT_BASE_URL is not the simulator`);
    }
  });

  it('lets a configured service use the simulator with the demo credentials', () => {
    const settings = loadSettings({ DATABASE_URL: 'postgres://db/gateway', KLARNA_BASE_URL: 'http://simulator:3001/' });
    expect(settings).toMatchObject({ usesSimulator: true, startsSimulator: false, simulatorUrl: 'http://simulator:3001' });
    expect(settings.usesDemoCredentials).toBe(true);
    expect(settings.klarna('orderManagement')).toMatchObject({ username: 'simulator', password: 'simulator', hostIdentity: 'simulator' });
  });

  it('starts a simulator with DATABASE_URL too, as long as one process does everything', () => {
    const settings = loadSettings({ DATABASE_URL: 'postgres://db/gateway' });
    expect(settings).toMatchObject({ mode: 'configured', startsSimulator: true, usesSimulator: true, usesDemoCredentials: true });
  });

  it.each(['api', 'worker'])('needs KLARNA_BASE_URL for ROLE=%s: several processes need one simulator', (ROLE) => {
    expect(problems({ DATABASE_URL: 'postgres://db/gateway', ROLE })).toEqual([
      `KLARNA_BASE_URL is not set; it is required with DATABASE_URL and ROLE=${ROLE}`,
    ]);
  });

  it('needs KLARNA_BASE_URL beside a real host: a configured service is not half simulated by default', () => {
    const { KLARNA_BASE_URL: url, ...env } = PRODUCTION;
    expect(problems({ ...env, NODE_ENV: 'test', KLARNA_CHECKOUT_BASE_URL: url })).toEqual([
      'KLARNA_BASE_URL is not set; it is required because KLARNA_CHECKOUT_BASE_URL is not the simulator',
    ]);
  });

  it("refuses the simulator's clock and plain http with a real host", () => {
    const found = problems({ ...PRODUCTION, KLARNA_BASE_URL: 'http://api.klarna.com', CLOCK: 'simulator' });
    expect(found).toEqual([
      'KLARNA_BASE_URL is "http://api.klarna.com"; allowed: https:// (only the simulator is reached without)',
      'CLOCK is "simulator"; allowed only while Klarna is the simulator (KLARNA_BASE_URL is api.klarna.com)',
    ]);
  });

  it('refuses half a pair of credentials, and a worker without a Postgres of its own', () => {
    expect(problems({ KLARNA_CHECKOUT_USERNAME: 'x', API_PASSWORD: 'y', ROLE: 'worker' })).toEqual([
      'API_USERNAME is not set, but its other half is; set both or neither',
      'KLARNA_CHECKOUT_PASSWORD is not set, but its other half is; set both or neither',
      'ROLE is "worker"; allowed: all, unless DATABASE_URL is set (the embedded Postgres belongs to one process)',
    ]);
  });

  it("lets each of Klarna's APIs have its own host and credentials, falling back to the common ones", () => {
    const settings = loadSettings({
      ...PRODUCTION,
      KLARNA_CHECKOUT_BASE_URL: 'https://API.kustom.co/',
      KLARNA_ORDER_MANAGEMENT_USERNAME: 'om',
      KLARNA_ORDER_MANAGEMENT_PASSWORD: 'om-secret',
      KLARNA_PREVIOUS_USERNAME: 'old',
      KLARNA_PREVIOUS_PASSWORD: 'old-secret',
      KLARNA_PREVIOUS_CREDENTIALS: ' older:a:b@c/+=  oldest:x@https://y@https://api.klarna.com/ ',
    });
    expect(settings.klarna('checkout')).toMatchObject({ username: 'K123_abc', hostIdentity: 'api.kustom.co' });
    expect(settings.klarna('orderManagement')).toMatchObject({ baseUrl: 'https://api.klarna.com', username: 'om', password: 'om-secret' });
    expect(settings.klarnaPrevious).toEqual([
      { username: 'old', password: 'old-secret', baseUrl: undefined },
      { username: 'older', password: 'a:b@c/+=', baseUrl: undefined },
      { username: 'oldest', password: 'x@https://y', baseUrl: 'https://api.klarna.com' },
    ]);
  });

  it.each(['x', 'x:', ':y', 'a:b c', 'a:b@https://api.klarna.com?x=1', 'a:b@http://api.klarna.com'])(
    'refuses %j as rotated credentials, without showing it',
    (KLARNA_PREVIOUS_CREDENTIALS) => {
      const [only, ...more] = problems({ ...PRODUCTION, KLARNA_PREVIOUS_CREDENTIALS });
      expect(more).toEqual([]);
      expect(only).toMatch(
        /^KLARNA_PREVIOUS_CREDENTIALS is (a value of \d+ characters \(not shown\)|"http:\/\/api\.klarna\.com"); allowed: /,
      );
    },
  );

  it.each([
    ['address', { KLARNA_CHECKOUT_BASE_URL: 'https://api.klarna.com/proxy' }, 'KLARNA_CHECKOUT_BASE_URL and KLARNA_PAYMENTS_BASE_URL'],
    [
      'password',
      { KLARNA_CHECKOUT_USERNAME: 'K123_abc', KLARNA_CHECKOUT_PASSWORD: 'other' },
      'KLARNA_CHECKOUT_PASSWORD and KLARNA_PAYMENTS_PASSWORD',
    ],
  ])('refuses one account with two of one kind: its %s', (_, given, names) => {
    expect(problems({ ...PRODUCTION, ...given })).toEqual([
      `${names} (or what they fall back to) differ for one user name at one host; one account of Klarna's has one of each`,
    ]);
  });

  it('keeps its mode and never changes when the start sequence completes it', () => {
    const settings = loadSettings({});
    const complete = settings.with({ databaseUrl: 'postgres://127.0.0.1:5/gateway', klarnaBaseUrl: 'http://127.0.0.1:6' });
    expect(complete).toMatchObject({ mode: 'embedded', startsSimulator: true, databaseUrl: 'postgres://127.0.0.1:5/gateway' });
    expect(complete.klarna('payments').hostIdentity).toBe('simulator');
    expect(() => settings.databaseUrl).toThrow('DATABASE_URL is not known yet');
    expect(() => Object.assign(settings, { role: 'api' })).toThrow(TypeError);
  });

  it('does not show secrets when it is printed', () => {
    const settings = loadSettings({ ...PRODUCTION, REDIS_URL: 'redis://:redis-secret@redis', API_KEY: 'bearer-secret' });
    expect(JSON.stringify(settings) + inspect(settings, { depth: 9 })).not.toMatch(/secret|BwcH/);
    expect(settings).toMatchObject({ apiKey: 'bearer-secret', redisUrl: 'redis://:redis-secret@redis' });
  });
});

describe('SETTINGS_TABLE', () => {
  it('names every variable once, with a sentence about it', () => {
    expect(new Set(SETTINGS_TABLE.map((setting) => setting.name)).size).toBe(SETTINGS_TABLE.length);
    expect(SETTINGS_TABLE.filter((setting) => setting.doc.length < 10)).toEqual([]);
  });

  it('marks everything that opens a door as secret', () => {
    const secrets = SETTINGS_TABLE.filter((setting) => setting.secret).map((setting) => setting.name);
    const doors = SETTINGS_TABLE.map((setting) => setting.name).filter((name) =>
      /PASSWORD|CREDENTIALS|_KEY$|^DATABASE_URL|^REDIS_URL/.test(name),
    );
    expect(secrets.sort()).toEqual(doors.sort());
  });
});

describe('childEnvironment', () => {
  it("hands on what every program needs and the simulator's own, and none of the secrets", () => {
    const env = { PATH: '/bin', DATABASE_URL: 'postgres://x', KLARNA_PASSWORD: 'x', SIMULATOR_SEED: '7' };
    expect(childEnvironment({ SIMULATOR_PORT: '1' }, env)).toEqual({ PATH: '/bin', SIMULATOR_SEED: '7', SIMULATOR_PORT: '1' });
  });
});
