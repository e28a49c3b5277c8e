import {
  baseUrl,
  cidrList,
  duration,
  durations,
  flag,
  formerCredentials,
  key32,
  milliseconds,
  millisecondsList,
  oneOf,
  someOf,
  text,
  url,
  username,
  whole,
  type ValueKind,
} from './value-kinds.js';

/** One environment variable. README's table, `.env.example` and the check of docker-compose.yml are made from these. */
export interface Setting<T> extends ValueKind<T> {
  readonly doc: string;
  /** The default as it would be written in the environment, or in words when it depends on others; undefined when there is none. */
  readonly defaultText: string | undefined;
  readonly fallback: T;
  /** Secret values are never printed, not even in the message that refuses them. */
  readonly secret: boolean;
}

function withDefault<T>(kind: ValueKind<T>, defaultText: string, doc: string): Setting<T> {
  return { ...kind, doc, defaultText, fallback: kind.parse(defaultText) as T, secret: false };
}
function optional<T>(kind: ValueKind<T>, doc: string, defaultInWords?: string): Setting<T | undefined> {
  return { ...kind, doc, defaultText: defaultInWords, fallback: undefined, secret: false };
}
function secret<T>(setting: Setting<T>): Setting<T> {
  return { ...setting, secret: true };
}

const port = whole(0, 65_535);

/** Every variable the service reads, in the order in which an operator meets them. */
export const SETTINGS = {
  NODE_ENV: withDefault(
    text,
    'development',
    '`production` refuses to start without DATABASE_URL, DATA_KEY and the credentials of the API and of Klarna',
  ),
  PORT: optional(port, 'Port of the API; unset and taken: the next free one; set and taken: the start fails; 0: any free one', '3000'),
  HOST: optional(text, 'Address the API listens on', '127.0.0.1 embedded, else 0.0.0.0'),
  ROLE: withDefault(oneOf('all', 'api', 'worker'), 'all', 'What this process runs: the API, the queue worker, or both'),
  PUBLIC_URL: optional(
    baseUrl,
    'Address under which shops and Klarna reach this service; used in Location headers, and for callbacks if it is https',
    "the request's host",
  ),
  LOG_LEVEL: withDefault(oneOf('error', 'warn', 'info', 'debug', 'verbose'), 'info', 'The least important level that is logged'),

  DATABASE_URL: secret(
    optional(url('postgres', 'postgresql'), 'Postgres, the truth', 'a private Postgres, started by the service (embedded)'),
  ),
  REDIS_URL: secret(optional(url('redis', 'rediss'), 'Redis for the queue', 'the queue lives in Postgres')),
  DATA_DIR: withDefault(text, '.data', 'Folder of the private Postgres, the simulator and a generated DATA_KEY'),
  DATA_KEY: secret(
    optional(key32, 'Key that seals stored requests and answers; losing it loses them', 'made in DATA_DIR while Klarna is the simulator'),
  ),
  DATABASE_POOL: withDefault(
    whole(2, 1000),
    '20',
    'Connections to Postgres per process, the queue not counted; a quarter is kept for leases and for what dead processes left',
  ),

  API_USERNAME: optional(username, 'User name with which shops call this service (HTTP Basic)', 'demo while Klarna is the simulator'),
  API_PASSWORD: secret(optional(text, 'Password with which shops call this service', 'demo while Klarna is the simulator')),
  API_KEY: secret(optional(text, 'The same merchant by bearer key (`Authorization: Bearer ...`)')),
  API_PENDING_ANSWER: withDefault(oneOf('202', '503'), '202', "Status of a pending answer; 503 for SDKs that accept only Klarna's own"),
  API_KEY_REQUIRED: withDefault(flag, 'false', 'Whether a write without an idempotency key is refused'),
  API_LIMITS: withDefault(
    oneOf('enforce', 'report'),
    'enforce',
    "A body beyond the lengths, patterns and lists of words of Klarna's documents is refused, or forwarded and reported",
  ),

  CALLBACKS: withDefault(
    oneOf('gateway', 'direct'),
    'gateway',
    "Whether Klarna's callbacks come to this service, which needs PUBLIC_URL, or go to the shop's own URLs as if it were not there",
  ),

  KLARNA_BASE_URL: optional(
    baseUrl,
    "Klarna's API host of this account's region; required in production, and by ROLE api and worker",
    'the simulator, started by the service, which says so loudly',
  ),
  KLARNA_USERNAME: optional(username, "User name of Klarna's API credentials", 'simulator while Klarna is the simulator'),
  KLARNA_PASSWORD: secret(optional(text, "Password of Klarna's API credentials", 'simulator while Klarna is the simulator')),
  KLARNA_PREVIOUS_USERNAME: optional(username, 'Rotated credentials that Klarna still accepts: orders made with them stay known'),
  KLARNA_PREVIOUS_PASSWORD: secret(optional(text, 'Password of KLARNA_PREVIOUS_USERNAME')),
  KLARNA_PREVIOUS_CREDENTIALS: secret(
    optional(
      formerCredentials,
      'More of them: `user:password`, with spaces between; `user:password@https://host` when their host is used no more',
    ),
  ),
  KLARNA_PAYMENTS_BASE_URL: optional(baseUrl, 'Klarna Payments alone', 'KLARNA_BASE_URL'),
  KLARNA_PAYMENTS_USERNAME: optional(username, 'Klarna Payments alone', 'KLARNA_USERNAME'),
  KLARNA_PAYMENTS_PASSWORD: secret(optional(text, 'Klarna Payments alone', 'KLARNA_PASSWORD')),
  KLARNA_ORDER_MANAGEMENT_BASE_URL: optional(baseUrl, 'Order Management alone', 'KLARNA_BASE_URL'),
  KLARNA_ORDER_MANAGEMENT_USERNAME: optional(username, 'Order Management alone', 'KLARNA_USERNAME'),
  KLARNA_ORDER_MANAGEMENT_PASSWORD: secret(optional(text, 'Order Management alone', 'KLARNA_PASSWORD')),
  KLARNA_CHECKOUT_BASE_URL: optional(baseUrl, 'Checkout (Kustom) alone', 'KLARNA_BASE_URL'),
  KLARNA_CHECKOUT_USERNAME: optional(username, 'Checkout (Kustom) alone', 'KLARNA_USERNAME'),
  KLARNA_CHECKOUT_PASSWORD: secret(optional(text, 'Checkout (Kustom) alone', 'KLARNA_PASSWORD')),
  KLARNA_CUSTOMER_TOKEN_BASE_URL: optional(baseUrl, 'Customer Token alone', 'KLARNA_BASE_URL'),
  KLARNA_CUSTOMER_TOKEN_USERNAME: optional(username, 'Customer Token alone', 'KLARNA_USERNAME'),
  KLARNA_CUSTOMER_TOKEN_PASSWORD: secret(optional(text, 'Customer Token alone', 'KLARNA_PASSWORD')),
  KLARNA_HOSTED_PAYMENT_PAGE_BASE_URL: optional(
    baseUrl,
    'Hosted Payment Page alone; set it with Checkout if pages are made for checkouts',
    'KLARNA_BASE_URL',
  ),
  KLARNA_HOSTED_PAYMENT_PAGE_USERNAME: optional(username, 'Hosted Payment Page alone', 'KLARNA_USERNAME'),
  KLARNA_HOSTED_PAYMENT_PAGE_PASSWORD: secret(optional(text, 'Hosted Payment Page alone', 'KLARNA_PASSWORD')),

  KLARNA_TIMEOUT_MS: withDefault(milliseconds(10), '65000', "How long one call to Klarna may take; above Klarna's own 59 s"),
  ANSWER_WAIT_MS: withDefault(milliseconds(0), '25000', 'How long a caller waits before it gets a pending answer'),
  ASK_AGAIN_MS: withDefault(millisecondsList, '1000,3000,8000', "Within the caller's wait: pauses before Klarna is asked again"),
  RETRY_DELAYS_MS: withDefault(
    millisecondsList,
    '1000,5000,30000,120000,300000,900000',
    "After the caller's wait: pauses, each from the end of an attempt; the last repeats",
  ),
  KEY_CUTOFF_MS: withDefault(
    milliseconds(1, 86_400_000),
    '72000000',
    'Age up to which an idempotency key is sent again; Klarna keeps keys for 24 h',
  ),
  BREAKER_WINDOW_MS: withDefault(
    milliseconds(100, 600_000),
    '10000',
    'How far back calls to Klarna count for the circuit breaker, per account and API; half of them failed: it opens',
  ),
  BREAKER_CALLS: withDefault(whole(2, 100_000), '20', 'With fewer calls in that time the circuit breaker stays closed'),
  BREAKER_REST_MS: withDefault(milliseconds(10, 600_000), '5000', 'How long an open circuit breaker sends nothing; then one call probes'),
  RETRY_FLOOR_PER_SECOND: withDefault(
    whole(1, 10_000),
    '1',
    "While Klarna fails: calls per second, account and API that the service makes by itself, where a tenth of callers' is less",
  ),
  QUIET_PERIOD_MS: withDefault(milliseconds(0), '75000', 'How long after an attempt Klarna may still be executing it'),
  READ_AGAIN_MS: withDefault(milliseconds(0), '60000', 'Pause between the two reads that prove that nothing happened'),
  LEASE_MS: withDefault(milliseconds(200), '3000', 'How long a silent process keeps an operation for itself'),
  SWEEP_INTERVAL_MS: withDefault(milliseconds(10), '500', 'How often due operations are looked for in Postgres'),
  NUDGE_OVERDUE_MS: withDefault(milliseconds(0), '2000', 'How late a queue job may be before the sweep runs the operation itself'),
  WORKER_CONCURRENCY: withDefault(
    whole(1, 1000),
    '20',
    'Operations that one worker runs at a time; five times as many more of processes that died',
  ),
  MISSING_CALLBACK_READS_PER_SECOND: withDefault(
    whole(1, 1000),
    '10',
    'How many sessions, hosted pages and checkouts (of each) of one Klarna account are read per second because no callback came, all processes together',
  ),
  DRIFT_SCAN_HOURS: withDefault(whole(1, 720), '24', "Within how many hours each stored order that is not over is compared with Klarna's"),
  DRIFT_SCAN_PER_SECOND: withDefault(
    whole(1, 1000),
    '5',
    'How many orders of one Klarna account that takes per second, all processes together',
  ),

  ACKNOWLEDGE_PUSHES: withDefault(
    oneOf('after-delivery', 'at-once', 'never'),
    'after-delivery',
    "When Klarna's pushes are acknowledged: when the shop has taken one, or the event; at once where nobody is to be told",
  ),
  FORWARD_QUESTIONS: withDefault(
    someOf('validation', 'address_update', 'country_change', 'shipping_option_update'),
    'none',
    "Which of Klarna's questions about a checkout are passed on to the shop through this service; all others go to the shop directly",
  ),
  QUESTION_BUDGET_MS: withDefault(
    whole(100, 2_800),
    '2000',
    'How long a shop may take to answer a question; Klarna itself waits 3 s at a purchase',
  ),
  QUESTION_FALLBACK: withDefault(
    oneOf('approve', 'deny'),
    'approve',
    'What is answered in the place of a shop that is slow or wrong. approve: what silence means at Klarna; a cart stays as it is',
  ),
  NOTIFY_ALLOW_CIDRS: optional(
    cidrList,
    'Address ranges outside the public internet that messages to shops may go to, by https (loopback: by http as well), such as 10.0.0.0/8,fd12::/16',
    'the public internet alone; embedded: this machine as well',
  ),
  DELIVERY_CONCURRENCY: withDefault(whole(1, 1000), '32', 'Messages to shops that one worker sends at a time, slow ones not counted'),
  EXPIRY_NOTICE: withDefault(
    durations,
    '7d,1d',
    'How long before an authorization ends shops are told of money that was not captured (`order.expiring`)',
  ),
  EXTEND_AUTHORIZATIONS: withDefault(
    oneOf('off', 'on'),
    'off',
    'Whether the service asks Klarna by itself to extend authorizations that are about to end with money not captured',
  ),
  EXTEND_BEFORE: withDefault(duration, '1d', 'How long before its end an authorization is extended'),
  HOLD_CAPTURES_WHILE_PENDING: withDefault(
    flag,
    'false',
    'Whether captures of an order wait while Klarna has not decided on it (`fraud_status` PENDING), and are withdrawn when it is rejected',
  ),

  BODY_RETENTION_DAYS: withDefault(
    whole(1, 36_500),
    '30',
    'Days after which the bodies of finished requests and answers are erased; status, headers of record, ids and amounts stay',
  ),

  NOTIFICATION_RETENTION_DAYS: withDefault(
    whole(1, 36_500),
    '30',
    'Days after which events, and deliveries that ended, are erased; what is still due stays',
  ),

  CLOCK: withDefault(oneOf('system', 'simulator'), 'system', "`simulator` follows the simulator's clock; refused with real hosts"),
  SIMULATOR_PORT: optional(port, 'Port of the simulator that the service starts; same rule as PORT', '3001'),
} satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** The same as rows, for documents and checks. */
export const SETTINGS_TABLE: readonly (Setting<unknown> & { readonly name: SettingName })[] = Object.entries(SETTINGS).map(
  ([name, setting]) => ({ name: name as SettingName, ...setting }),
);
