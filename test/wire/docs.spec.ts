import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { loadSettings } from '../../src/config/load-settings.js';
import { setUpOpenApi } from '../../src/http/openapi.js';
import { docsPage } from '../support/docs-page.js';
import { testGateway } from '../support/gateway.js';
import { call } from './raw-client.js';
import { startWireApp } from './wire-app.js';

const demo = loadSettings({}).with({ klarnaBaseUrl: 'http://127.0.0.1:3001' });
const configured = loadSettings({
  DATABASE_URL: 'postgres://localhost/x',
  KLARNA_BASE_URL: 'https://api.playground.klarna.com',
  KLARNA_USERNAME: 'PK1',
  KLARNA_PASSWORD: 'p',
  API_USERNAME: 'shop',
  API_PASSWORD: 'pass',
  DATA_KEY: Buffer.alloc(32, 1).toString('base64'),
});
const DEMO = { username: 'demo', password: 'demo', shopperUrl: 'http://127.0.0.1:3001' };
const PAGES = ['/docs', '/docs/', '/docs/start.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs-json'];

interface OpenApi {
  paths: Record<string, Record<string, { tags: string[]; responses: Record<string, unknown>; requestBody?: unknown }>>;
  components: { schemas: Record<string, { properties: Record<string, object>; required?: string[] }>; securitySchemes: object };
}

describe('the API document', () => {
  it('is open and logged in while the demo credentials are in use', async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    for (const path of PAGES)
      expect([path, (await call(wire.url, { method: 'GET', path, headers: { Authorization: '-' } })).status]).toEqual([path, 200]);
    const script = (await call(wire.url, { method: 'GET', path: '/docs/start.js' })).body.toString();
    expect(script).toContain('"demo":{"username":"demo","password":"demo","shopperUrl":"http://127.0.0.1:3001"}');
    await wire.close();
  });

  it("reads the session for its token when the person comes back from the shopper's page", async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    const document = (await call(wire.url, { method: 'GET', path: '/docs-json' })).json() as object;
    await wire.close();
    const asked: string[] = [];
    const sessions = [{}, { authorization_token: 'token-1' }];
    const page = docsPage(document, DEMO, 'http://gateway/docs/start.js', (url) => {
      asked.push(url instanceof URL ? url.href : 'something else');
      return Promise.resolve(Response.json(sessions.shift()));
    });
    const filled = () => page.field('POST /payments/v1/authorizations/{authorizationToken}/order', 'authorizationToken');
    const come = async (): Promise<void> => {
      page.focus();
      await setImmediate();
    };
    await come();
    expect(asked).toEqual([]);
    page.learn({ url: 'http://gateway/payments/v1/sessions', text: '{"session_id":"s-1"}', headers: {} });
    await come();
    expect(filled()).toBeUndefined();
    await come();
    await come();
    expect(filled()).toBe('token-1');
    expect(asked).toEqual(Array.from({ length: 2 }, () => 'http://gateway/payments/v1/sessions/s-1'));
  });

  it('asks for credentials everywhere else, and names none', async () => {
    const wire = await startWireApp({ settings: configured, before: setUpOpenApi });
    for (const path of PAGES) {
      const refused = await call(wire.url, { method: 'GET', path, headers: { Authorization: '-' } });
      expect([path, refused.status, refused.header('WWW-Authenticate')?.slice(0, 5)]).toEqual([path, 401, 'Basic']);
      expect((await call(wire.url, { method: 'GET', path })).status).toBe(200);
    }
    const script = (await call(wire.url, { method: 'GET', path: '/docs/start.js' })).body.toString();
    expect(script).toMatch(/\(\{"document":"\.\.\/docs-json"\}\);$/);
    await wire.close();
  });

  it('knows no address of a simulator that somebody else runs', async () => {
    const elsewhere = loadSettings({ DATABASE_URL: 'postgres://localhost/x', KLARNA_BASE_URL: 'http://simulator:3001' });
    const wire = await startWireApp({ settings: elsewhere, before: setUpOpenApi });
    const { info } = (await call(wire.url, { method: 'GET', path: '/docs-json' })).json() as { info: { description: string } };
    await wire.close();
    expect(info.description).toContain('the SIMULATOR'.toLowerCase());
    expect(info.description).not.toContain('http://simulator');
    expect(info.description).not.toContain('hands the token');
  });

  it('fills the session into the body of a hosted page, and leads the shopper there', () => {
    const value = {
      payment_session_url: 'https://api.klarna.com/payments/v1/sessions/{session_id}',
      merchant_urls: { back: 'https://x/{{session_id}}' },
    };
    const requestBody = { content: { 'application/json': { examples: { page: { value } } } } };
    const inPath = [{ name: 'session_id', in: 'path' }];
    const paths = {
      '/hpp/v1/sessions': { post: { requestBody, responses: {} } },
      '/hpp/v1/sessions/{session_id}': { get: { parameters: inPath, responses: {} } },
    };
    const page = docsPage({ paths }, DEMO, 'http://gateway/base/docs/start.js', fetch);
    const learn = (url: string, text: string) => page.learn({ url, text, headers: {} });
    learn('http://gateway/base/payments/v1/sessions', '{"session_id":"s-0"}');
    expect([page.body('POST /hpp/v1/sessions'), page.shopper()]).toEqual([undefined, undefined]);
    learn('http://gateway/payments/v1/sessions', '{"session_id":"s-1"}');
    // Nothing else of the example is changed.
    const filled = { ...value, payment_session_url: 'http://gateway/base/payments/v1/sessions/s-1' };
    expect(page.body('POST /hpp/v1/sessions')).toBe(JSON.stringify(filled, null, 2));
    expect(page.shopper()).toBe('http://127.0.0.1:3001/shopper/s-1');
    learn('http://gateway/hpp/v1/sessions', '{"session_id":"p-1"}');
    expect([page.field('GET /hpp/v1/sessions/{session_id}', 'session_id'), page.shopper()]).toEqual([
      'p-1',
      'http://127.0.0.1:3001/shopper/p-1',
    ]);
  });

  it('describes amounts as integers, required fields, nested lists and refusals', async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    const document = (await call(wire.url, { method: 'GET', path: '/docs-json' })).json() as OpenApi;
    await wire.close();
    const { schemas } = document.components;
    expect(schemas['CreateSessionRequest']?.required).toEqual(['purchase_country', 'purchase_currency', 'order_amount', 'order_lines']);
    expect(schemas['CreateSessionRequest']?.properties['order_amount']).toMatchObject({ type: 'integer', format: 'int64', minimum: 0 });
    expect(schemas['CreateSessionRequest']?.properties['order_lines']).toMatchObject({
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: { $ref: '#/components/schemas/PaymentsOrderLine' },
    });
    expect(schemas['UpdateSessionRequest']?.required).toBeUndefined();
    expect(schemas['PaymentsOrderLine']?.properties['unit_price']).toMatchObject({ maximum: 200_000_000 });
    const order = document.paths['/payments/v1/authorizations/{authorizationToken}/order']?.['post'];
    expect(Object.keys(order?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '400', '401', '404', '409', '413', '415', '502', '503']),
    );
    expect(Object.keys(order?.responses ?? {})).not.toContain('202');
    expect(document.paths['/payments/v1/authorizations/{authorizationToken}']?.['delete']?.responses).toHaveProperty('202');
    expect(JSON.stringify(document)).not.toContain('#/components/schemas/"');
    expect(document.components.securitySchemes).toMatchObject({ basic: { scheme: 'basic' }, bearer: { scheme: 'bearer' } });
  });

  it('describes every model that it names', async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    const document = (await call(wire.url, { method: 'GET', path: '/docs-json' })).json() as OpenApi;
    await wire.close();
    const named = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name ?? '');
    expect([...new Set(named)].filter((name) => !(name in document.components.schemas))).toEqual([]);
  });

  it('names the refusals of the own routes and of the writes', async () => {
    // The whole application: the wire's has no orders and no operations.
    const gateway = await testGateway();
    const { paths } = (await gateway.get('/docs-json')).json as OpenApi;
    await gateway.close();
    const statuses = (method: string, path: string) => Object.keys(paths[path]?.[method]?.responses ?? {});
    expect(statuses('get', '/operations/{id}')).toEqual(expect.arrayContaining(['200', '401', '404', '503']));
    for (const action of ['cancel', 'retry', 'resolve']) {
      expect(statuses('post', `/operations/{id}/${action}`)).toEqual(expect.arrayContaining(['200', '401', '404', '409', '503']));
    }
    expect(statuses('post', '/operations/{id}/resolve')).toContain('400');
    for (const write of ['captures', 'refunds', 'cancel', 'release-remaining-authorization']) {
      expect(statuses('post', `/ordermanagement/v1/orders/{order_id}/${write}`)).toEqual(
        expect.arrayContaining(['202', '400', '401', '403', '404', '409', '413', '415', '422', '502', '503']),
      );
    }
    expect(statuses('get', '/health/ready')).toEqual(expect.arrayContaining(['200', '503']));
  });

  it('puts the operations of a purchase into the order in which they are pressed', async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    const document = (await call(wire.url, { method: 'GET', path: '/docs-json' })).json() as OpenApi;
    await wire.close();
    const first = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
    expect(first.slice(0, 4)).toEqual([
      'post /payments/v1/sessions',
      'post /payments/v1/sessions/{session_id}',
      'get /payments/v1/sessions/{session_id}',
      'post /payments/v1/authorizations/{authorizationToken}/order',
    ]);
    expect(first.indexOf('delete /payments/v1/authorizations/{authorizationToken}')).toBeGreaterThan(4);
  });
});
