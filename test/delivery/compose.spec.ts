import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readSettings } from '../../simulator/settings.js';
import { loadSettings } from '../../src/config/load-settings.js';
import { SETTINGS_TABLE } from '../../src/config/settings-table.js';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment: Record<string, string>;
  healthcheck: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  deploy?: { replicas: number };
  volumes?: string[];
  ports?: string[];
}

interface Compose {
  services: Record<'postgres' | 'redis' | 'api' | 'worker' | 'simulator', Service>;
  volumes: Record<string, unknown>;
}

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const { services, volumes } = parse(text, { merge: true }) as Compose;
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

/** What compose makes of `${NAME:-default}`; a variable without a default would be empty. */
function interpolated(environment: Record<string, string>, given: Record<string, string> = {}): Record<string, string> {
  const fill = (value: string) => value.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, byDefault: string) => given[name] ?? byDefault);
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]));
}

describe('docker-compose.yml', () => {
  it('runs Postgres, Redis, the api, two workers and the simulator', () => {
    expect(Object.keys(services).sort()).toEqual(['api', 'postgres', 'redis', 'simulator', 'worker']);
    expect(services.api.environment['ROLE']).toBe('api');
    expect(services.worker.environment['ROLE']).toBe('worker');
    expect(services.worker.deploy?.replicas).toBe(2);
    expect(services.simulator.command).toEqual(['node', 'dist/simulator/main.js']);
  });

  it('has a health check for every service, and starts the gateways when Postgres and Klarna can answer', () => {
    for (const service of Object.values(services)) expect(service.healthcheck.test.length).toBeGreaterThan(1);
    expect(services.postgres.healthcheck.test.join(' ')).toContain('pg_isready');
    for (const gateway of [services.api, services.worker]) {
      expect(gateway.healthcheck.test.join(' ')).toContain('http://127.0.0.1:3000/health/ready');
      expect(gateway.depends_on).toEqual({
        postgres: { condition: 'service_healthy' },
        // Nothing depends on Redis.
        redis: { condition: 'service_started' },
        simulator: { condition: 'service_healthy' },
      });
    }
  });

  it('keeps what must be kept in named volumes', () => {
    const kept = Object.values(services).flatMap((service) => (service.volumes ?? []).map((volume) => volume.split(':')[0]));
    expect(kept.sort()).toEqual(Object.keys(volumes).sort());
    expect(kept.sort()).toEqual(['postgres-data', 'redis-data', 'simulator-data']);
    expect(services.redis.command).toEqual(expect.arrayContaining(['--appendonly', 'yes', 'noeviction']));
  });

  it('opens ports on this machine alone, and none of Postgres and Redis', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toEqual(['127.0.0.1:3000:3000', '127.0.0.1:3001:3001']);
  });

  it('sets only variables that the gateway knows, and starts with them as they stand', () => {
    const known = SETTINGS_TABLE.map(({ name }) => name as string);
    for (const gateway of [services.api, services.worker]) {
      const environment = interpolated(gateway.environment);
      expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
      const settings = loadSettings(environment);
      expect(settings).toMatchObject({ mode: 'configured', production: true, usesSimulator: true, startsSimulator: false });
      expect(settings.redisUrl).toBe('redis://redis:6379');
    }
  });

  it('lets the api and the workers differ in their role and their public address alone', () => {
    const { ROLE: api, PUBLIC_URL, ...ofApi } = services.api.environment;
    const { ROLE: worker, ...ofWorker } = services.worker.environment;
    expect(ofApi).toEqual(ofWorker);
    expect([api, worker, PUBLIC_URL]).toEqual(['api', 'worker', 'http://127.0.0.1:3000']);
  });

  it('sets only variables that the simulator knows, and the credentials that the gateway uses', () => {
    const read = new Set<string>();
    const environment = interpolated(services.simulator.environment);
    const watched = new Proxy(environment, { get: (target, name: string) => (read.add(name), target[name]) });
    const settings = readSettings(watched);
    expect(Object.keys(environment).filter((name) => !read.has(name))).toEqual([]);
    const { username, password, baseUrl } = loadSettings(interpolated(services.api.environment)).klarna('payments');
    expect(settings.accounts).toEqual([{ username, password }]);
    expect(baseUrl).toBe(`http://simulator:${settings.port}`);
  });

  it('hands credentials of one .env file to everyone who needs them', () => {
    const own = { KLARNA_USERNAME: 'K1', KLARNA_PASSWORD: 'p1', POSTGRES_PASSWORD: 'pg1', API_USERNAME: 'shop', API_PASSWORD: 'secret' };
    const settings = loadSettings(interpolated(services.worker.environment, own));
    expect(settings.apiCredentials).toEqual({ username: 'shop', password: 'secret' });
    expect(settings.databaseUrl).toBe('postgres://gateway:pg1@postgres:5432/gateway');
    expect(interpolated(services.postgres.environment, own)['POSTGRES_PASSWORD']).toBe('pg1');
    expect(readSettings(interpolated(services.simulator.environment, own)).accounts).toEqual([
      { username: settings.klarna('payments').username, password: settings.klarna('payments').password },
    ]);
  });

  it('gives every variable a default, so that it starts without an .env file, and marks every secret one', () => {
    const used = [...text.matchAll(/\$\{(\w+)([^}]*)\}/g)].map(([, name, rest]) => ({ name, rest }));
    expect(used.filter(({ rest }) => !rest?.startsWith(':-') || rest === ':-')).toEqual([]);
    for (const { name } of used) expect(text.slice(0, text.indexOf('\nname:'))).toContain(name);
  });
});

describe('the Dockerfile', () => {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const last = stages.at(-1) ?? '';

  it('builds on the same Node in every stage, and installs nothing in the last one', () => {
    expect(stages.length).toBeGreaterThan(1);
    expect(new Set(stages.map((stage) => /^node:(\d+)[\w.-]*-slim/.exec(stage)?.[1]))).toEqual(new Set(['24']));
    expect(last).not.toMatch(/npm |apt-get/);
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK/m);
  });

  it('starts the program itself, so that signals reach it', () => {
    expect(last).toMatch(/^CMD \["node", "dist\/src\/main\.js"\]$/m);
  });

  it('copies nothing that .dockerignore keeps out', () => {
    const let_in = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, sources]) => (sources ?? '').split(' '));
    expect([...new Set(copied)].sort()).toEqual(let_in.sort());
  });
});
