import { ConfigurationError } from './configuration-error.js';
import { problemsOf } from './rules.js';
import { SETTINGS_TABLE } from './settings-table.js';
import { Settings, type SettingValues } from './settings.js';

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the whole configuration. An empty variable counts as unset, as `${NAME:-}` in a compose file makes it.
 * @throws ConfigurationError that names every problem at once
 */
export function loadSettings(env: Environment = process.env): Settings {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const setting of SETTINGS_TABLE) {
    const given = env[setting.name]?.trim();
    values[camel(setting.name)] = setting.fallback;
    if (given === undefined || given === '') continue;
    const value = setting.parse(given);
    if (value === undefined) {
      const shown = setting.secret ? `a value of ${given.length} characters (not shown)` : JSON.stringify(given);
      problems.push(`${setting.name} is ${shown}; allowed: ${setting.allowed}`);
    } else {
      values[camel(setting.name)] = value;
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);

  const parsed = values as unknown as SettingValues;
  const embedded = parsed.databaseUrl === undefined && parsed.nodeEnv !== 'production';
  const broken = problemsOf(parsed, embedded ? 'embedded' : 'configured');
  if (broken.length > 0) throw new ConfigurationError(broken);
  return new Settings(parsed, embedded ? 'embedded' : 'configured');
}

/** The database's address alone, for `npm run migrate`, which needs nothing else of the configuration. */
export function loadDatabaseUrl(env: Environment = process.env): string | undefined {
  return env['DATABASE_URL']?.trim() || undefined;
}

/**
 * The environment of a child process: what every program needs, the simulator's own variables, and `own`.
 * Nothing else is handed on, so that the gateway's secrets stay in the gateway.
 */
export function childEnvironment(own: Readonly<Record<string, string>>, env: Environment = process.env): Record<string, string> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return value !== undefined && (['PATH', 'HOME', 'TZ', 'LANG', 'TMPDIR'].includes(name) || name.startsWith('SIMULATOR_'));
  });
  return { ...Object.fromEntries(kept), ...own };
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
