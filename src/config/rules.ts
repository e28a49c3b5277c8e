import { hostIdentity, isSimulatorHost } from './provider-host.js';
import { KLARNA_APIS, prefixOf, type SettingValues } from './settings.js';

type Mode = 'embedded' | 'configured';

/** What is wrong with values that are each allowed but do not fit together; one sentence per problem, empty when all is well. */
export function problemsOf(values: SettingValues, mode: Mode): string[] {
  return [...missing(values, mode), ...halfPairs(values), ...unsafe(values, mode), ...mixedUp(values)];
}

/** The hosts in use, by the variable that names them. */
function hosts(values: SettingValues): [string, string][] {
  const named: [string, string | undefined][] = [
    ['KLARNA_BASE_URL', values.klarnaBaseUrl],
    ['KLARNA_PAYMENTS_BASE_URL', values.klarnaPaymentsBaseUrl],
    ['KLARNA_ORDER_MANAGEMENT_BASE_URL', values.klarnaOrderManagementBaseUrl],
    ['KLARNA_CHECKOUT_BASE_URL', values.klarnaCheckoutBaseUrl],
    ['KLARNA_CUSTOMER_TOKEN_BASE_URL', values.klarnaCustomerTokenBaseUrl],
    ['KLARNA_HOSTED_PAYMENT_PAGE_BASE_URL', values.klarnaHostedPaymentPageBaseUrl],
  ];
  for (const { baseUrl } of values.klarnaPreviousCredentials ?? []) named.push(['KLARNA_PREVIOUS_CREDENTIALS', baseUrl]);
  return named.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function realHosts(values: SettingValues): [string, string][] {
  return hosts(values).filter(([, url]) => !isSimulatorHost(url));
}

function missing(values: SettingValues, mode: Mode): string[] {
  const production = values.nodeEnv === 'production';
  const real = realHosts(values)[0];
  const required: [boolean, unknown, string][] = [
    [production, values.databaseUrl, 'DATABASE_URL'],
    // A process that does everything starts a simulator; several need one that is named, and a real host none that was not asked for.
    [mode === 'configured' && (production || real !== undefined || values.role !== 'all'), values.klarnaBaseUrl, 'KLARNA_BASE_URL'],
    [production || real !== undefined, values.klarnaUsername, 'KLARNA_USERNAME'],
    [production || real !== undefined, values.klarnaPassword, 'KLARNA_PASSWORD'],
    [production || real !== undefined, values.apiUsername, 'API_USERNAME'],
    [production || real !== undefined, values.apiPassword, 'API_PASSWORD'],
    // Requests of real shoppers are never sealed with a key that nobody has chosen to keep.
    [production || real !== undefined, values.dataKey, 'DATA_KEY'],
  ];
  const because = production
    ? 'with NODE_ENV=production'
    : real !== undefined
      ? `because ${real[0]} is not the simulator`
      : `with DATABASE_URL and ROLE=${values.role}`;
  return required
    .filter(([needed, value]) => needed && value === undefined)
    .map(([, , name]) => `${name} is not set; it is required ${because}`);
}

/** A user name without its password would be completed with another account's. */
function halfPairs(values: SettingValues): string[] {
  const pairs: [string, string | undefined, string | undefined][] = [
    ['API', values.apiUsername, values.apiPassword],
    ['KLARNA', values.klarnaUsername, values.klarnaPassword],
    ['KLARNA_PREVIOUS', values.klarnaPreviousUsername, values.klarnaPreviousPassword],
    ['KLARNA_PAYMENTS', values.klarnaPaymentsUsername, values.klarnaPaymentsPassword],
    ['KLARNA_ORDER_MANAGEMENT', values.klarnaOrderManagementUsername, values.klarnaOrderManagementPassword],
    ['KLARNA_CHECKOUT', values.klarnaCheckoutUsername, values.klarnaCheckoutPassword],
    ['KLARNA_CUSTOMER_TOKEN', values.klarnaCustomerTokenUsername, values.klarnaCustomerTokenPassword],
    ['KLARNA_HOSTED_PAYMENT_PAGE', values.klarnaHostedPaymentPageUsername, values.klarnaHostedPaymentPagePassword],
  ];
  return pairs
    .filter(([, user, password]) => (user === undefined) !== (password === undefined))
    .map(
      ([prefix, user]) =>
        `${prefix}_${user === undefined ? 'USERNAME' : 'PASSWORD'} is not set, but its other half is; set both or neither`,
    );
}

function unsafe(values: SettingValues, mode: Mode): string[] {
  const problems: string[] = [];
  for (const [name, url] of realHosts(values)) {
    const host = new URL(url).host;
    if (url.startsWith('http://'))
      problems.push(`${name} is ${JSON.stringify(url)}; allowed: https:// (only the simulator is reached without)`);
    if (values.apiUsername === 'demo' && values.apiPassword === 'demo') {
      problems.push(`API_USERNAME and API_PASSWORD are demo/demo; allowed only while Klarna is the simulator (${name} is ${host})`);
    }
    if (values.clock === 'simulator')
      problems.push(`CLOCK is "simulator"; allowed only while Klarna is the simulator (${name} is ${host})`);
  }
  if (mode === 'embedded' && values.role !== 'all') {
    problems.push(`ROLE is "${values.role}"; allowed: all, unless DATABASE_URL is set (the embedded Postgres belongs to one process)`);
  }
  return [...new Set(problems)];
}

/** An account is known by its host and user name: two of its APIs can't have different addresses or passwords. */
function mixedUp(values: SettingValues): string[] {
  const places = new Map<string, { name: string; baseUrl: string | undefined; password: string | undefined }>();
  const problems: string[] = [];
  for (const api of KLARNA_APIS) {
    const prefix = prefixOf(api);
    const baseUrl = values[`${prefix}BaseUrl`] ?? values.klarnaBaseUrl;
    const user = values[`${prefix}Username`] ?? values.klarnaUsername;
    const password = values[`${prefix}Password`] ?? values.klarnaPassword;
    const name = `KLARNA_${api.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
    // Without an address it is the simulator that the service starts.
    const account = JSON.stringify([baseUrl === undefined ? 'simulator' : hostIdentity(baseUrl), user]);
    const known = places.get(account);
    if (known === undefined) places.set(account, { name, baseUrl, password });
    else if (known.baseUrl !== baseUrl || known.password !== password) {
      const what =
        known.baseUrl === baseUrl ? `${name}_PASSWORD and ${known.name}_PASSWORD` : `${name}_BASE_URL and ${known.name}_BASE_URL`;
      problems.push(`${what} (or what they fall back to) differ for one user name at one host; one account of Klarna's has one of each`);
    }
  }
  return problems;
}
