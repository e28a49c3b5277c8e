import { hostIdentity, isSimulatorHost } from './provider-host.js';
import type { SETTINGS, SettingName } from './settings-table.js';
import type { FormerCredentials } from './value-kinds.js';

/** `KLARNA_TIMEOUT_MS` is read as `klarnaTimeoutMs`. */
type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<Name>;

/** What stands in the environment, parsed, with the defaults of the table. */
export type SettingValues = { readonly [Name in SettingName as Camel<Name>]: (typeof SETTINGS)[Name]['fallback'] };

/** Values whose default depends on others; `Settings` answers them itself. */
type Derived = 'host' | 'databaseUrl' | 'dataKey' | 'apiUsername' | 'apiPassword' | Extract<keyof SettingValues, `klarna${string}`>;
type Plain = Omit<SettingValues, Exclude<Derived, 'klarnaTimeoutMs'>>;

export const KLARNA_APIS = ['payments', 'orderManagement', 'checkout', 'customerToken', 'hostedPaymentPage'] as const;
export type KlarnaApi = (typeof KLARNA_APIS)[number];

/** Where one of Klarna's APIs is reached, and as whom. */
export interface KlarnaEndpoint {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
  /** What the database remembers of the host: `simulator`, or the host's name. */
  readonly hostIdentity: string;
}

/** A user name and password, at Klarna or here. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const SECRETS: ReadonlySet<string> = new Set(['redisUrl', 'apiKey'] satisfies (keyof Plain)[]);

const PlainSettings = class {
  constructor(values: SettingValues) {
    const derived = ['host', 'databaseUrl', 'dataKey', 'apiUsername', 'apiPassword'];
    const own = Object.entries(values).filter(
      ([key]) => !derived.includes(key) && (!key.startsWith('klarna') || key === 'klarnaTimeoutMs'),
    );
    // Secrets are there to be read, and not seen when the whole is printed or logged.
    for (const [key, value] of own) Object.defineProperty(this, key, { value, enumerable: !SECRETS.has(key) });
  }
} as new (values: SettingValues) => Plain;

/** The whole configuration of a process. Made by `loadSettings`; never changes. */
export class Settings extends PlainSettings {
  /** Embedded: Postgres belongs to this process. Configured: DATABASE_URL says where it is. */
  readonly mode: 'embedded' | 'configured';
  /** Whether this process starts a simulator itself, which stands for Klarna then. */
  readonly startsSimulator: boolean;
  readonly #values: SettingValues;

  constructor(
    values: SettingValues,
    mode: 'embedded' | 'configured',
    // Processes that share a database share Klarna too, so only one that does everything brings its own.
    startsSimulator = values.klarnaBaseUrl === undefined && values.nodeEnv !== 'production' && values.role === 'all',
  ) {
    super(values);
    this.mode = mode;
    this.startsSimulator = startsSimulator;
    this.#values = values;
    Object.freeze(this);
  }

  /** The same with other values: what is known only after the start (the embedded Postgres, the simulator), or what a test needs. */
  with(changes: Partial<SettingValues>): Settings {
    return new Settings({ ...this.#values, ...changes }, this.mode, this.startsSimulator);
  }

  get production(): boolean {
    return this.nodeEnv === 'production';
  }

  /** The address to listen on. */
  get host(): string {
    return this.#values.host ?? (this.mode === 'embedded' ? '127.0.0.1' : '0.0.0.0');
  }

  /** @throws Error before the embedded Postgres was started */
  get databaseUrl(): string {
    return known(this.#values.databaseUrl, 'DATABASE_URL');
  }

  /** The key of the sealed envelope, 32 bytes. @throws Error before one was made in DATA_DIR */
  get dataKey(): Buffer {
    return known(this.#values.dataKey, 'DATA_KEY');
  }

  /** Whether DATA_KEY is known. */
  get hasDataKey(): boolean {
    return this.#values.dataKey !== undefined;
  }

  /** What shops log in with. */
  get apiCredentials(): Credentials {
    const { apiUsername, apiPassword } = this.#values;
    return { username: apiUsername ?? 'demo', password: apiPassword ?? 'demo' };
  }

  /** Whether anyone who has read the README can log in. */
  get usesDemoCredentials(): boolean {
    const { username, password } = this.apiCredentials;
    return username === 'demo' && password === 'demo';
  }

  /**
   * Where one of Klarna's APIs is reached.
   * @throws Error before the simulator, which stands for Klarna here, has said its address
   */
  klarna(api: KlarnaApi): KlarnaEndpoint {
    const values = this.#values;
    const name = prefixOf(api);
    const baseUrl = known(this.#klarnaBaseUrl(api), 'KLARNA_BASE_URL');
    return {
      baseUrl,
      username: values[`${name}Username`] ?? values.klarnaUsername ?? 'simulator',
      password: values[`${name}Password`] ?? values.klarnaPassword ?? 'simulator',
      hostIdentity: hostIdentity(baseUrl),
    };
  }

  /** Rotated credentials that Klarna still accepts, for the orders that were made with them. */
  get klarnaPrevious(): readonly FormerCredentials[] {
    const { klarnaPreviousUsername: username, klarnaPreviousPassword: password, klarnaPreviousCredentials: more } = this.#values;
    const one = username === undefined || password === undefined ? [] : [{ username, password, baseUrl: undefined }];
    return [...one, ...(more ?? [])];
  }

  /** Whether every one of Klarna's APIs is served by the simulator. */
  get usesSimulator(): boolean {
    return KLARNA_APIS.map((api) => this.#klarnaBaseUrl(api)).every((url) => url === undefined || isSimulatorHost(url));
  }

  /** The simulator's address, for its clock and its shopper page; undefined when Klarna is real. */
  get simulatorUrl(): string | undefined {
    return this.usesSimulator ? this.klarna('payments').baseUrl : undefined;
  }

  /** Undefined only while the simulator, which this process starts itself, has not said its address. */
  #klarnaBaseUrl(api: KlarnaApi): string | undefined {
    return this.#values[`${prefixOf(api)}BaseUrl`] ?? this.#values.klarnaBaseUrl;
  }
}

/** How the settings of one API begin. */
export function prefixOf(api: KlarnaApi): `klarna${Capitalize<KlarnaApi>}` {
  return `klarna${api.charAt(0).toUpperCase()}${api.slice(1)}` as `klarna${Capitalize<KlarnaApi>}`;
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`${name} is not known yet: the start sequence has not come that far`);
  return value;
}
