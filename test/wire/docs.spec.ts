import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { loadSettings } from '../../src/config/load-settings.js';
import { setUpOpenApi } from '../../src/http/openapi.js';
import { cartOf } from '../support/client.js';
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
    const script = (await call(wire.url, { method: 'GET', path: '/docs/start.js' })).body.toString();
    await wire.close();
    const filled: string[] = [];
    const parameter = new Map([
      ['in', 'path'],
      ['name', 'authorizationToken'],
    ]);
    const paths = new Map([['/payments/v1/authorizations/{authorizationToken}/order', new Map([['post', {}]])]]);
    let learn = (answer: object): object => answer;
    let focus = (): void => undefined;
    const asked: string[] = [];
    const sessions = [{}, { authorization_token: 'token-1' }];
    const swagger = Object.assign(
      (options: { responseInterceptor: typeof learn }) => {
        learn = options.responseInterceptor;
        return {
          specSelectors: {
            specJson: () => ({ getIn: () => paths }),
            specResolvedSubtree: () => new Map([['parameters', [parameter]]]),
          },
          specActions: { changeParamByIdentity: (_path: string[], _parameter: object, value: string) => filled.push(value) },
        };
      },
      { presets: { apis: [] } },
    );
    runInNewContext(script, {
      SwaggerUIBundle: swagger,
      URL,
      btoa,
      document: {
        currentScript: { src: 'http://gateway/docs/start.js' },
        getElementById: () => null,
        createElement: () => ({ style: {} }),
        body: { appendChild: () => undefined },
      },
      addEventListener: (_name: string, listener: () => void) => (focus = listener),
      fetch: (url: URL) => {
        asked.push(url.href);
        const text = JSON.stringify(sessions.shift());
        return Promise.resolve({ ok: true, text: () => Promise.resolve(text) });
      },
    });
    const come = async (): Promise<void> => {
      focus();
      await setImmediate();
    };
    await come();
    expect(asked).toEqual([]);
    learn({ url: 'http://gateway/payments/v1/sessions', text: '{"session_id":"s-1"}' });
    await come();
    expect(filled).toEqual([]);
    await come();
    await come();
    expect(filled).toEqual(['token-1']);
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

  it('has examples that work when they are pressed from top to bottom, also where Klarna adds up lines', async () => {
    const gateway = await testGateway();
    await gateway.behave({ capture_line_sums: 'checked' });
    const { paths } = (await gateway.get('/docs-json')).json as OpenApi;
    const story = Object.entries(paths).flatMap(([path, item]) => Object.entries(item).map(([method, it]) => ({ path, method, ...it })));
    const known: Record<string, string> = {};
    const pressed: string[] = [];
    const press = async (method: string, path: string, body?: unknown): Promise<void> => {
      const url = path.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? '');
      const answer = await gateway.call(method.toUpperCase(), url, body === undefined ? {} : { body });
      pressed.push(`${method} ${path} ${answer.status}`);
      expect([method, path, answer.status < 300 ? 'done' : answer.text]).toEqual([method, path, 'done']);
      const said = (answer.json ?? {}) as Record<string, unknown>;
      if (typeof said['token_id'] === 'string') known['customerToken'] = said['token_id'];
      for (const name of ['session_id', 'order_id'] as const) if (typeof said[name] === 'string') known[name] = said[name];
      if (typeof said['authorization_token'] === 'string') known['authorizationToken'] = said['authorization_token'];
      for (const name of ['capture_id', 'refund_id']) known[name] = answer.headers[name.replace('_', '-')] ?? known[name] ?? '';
    };
    for (const { path, method, tags, requestBody } of story) {
      if (tags[0] !== story[0]?.tags[0] && !/subscription/i.test(tags[0] ?? '')) continue;
      const { examples = {} } = Object.values((requestBody as { content?: object } | undefined)?.content ?? {})[0] ?? {};
      const bodies = Object.values(examples as Record<string, { value: unknown }>).map(({ value }) => value);
      if (method === 'get' && path.includes('/sessions/')) {
        await gateway.simulate('POST', `/simulator/sessions/${known['session_id']}/authorize`, {});
      }
      for (const body of bodies.length > 0 ? bodies : [undefined]) await press(method, path, body);
    }
    await gateway.close();
    expect(pressed.length).toBeGreaterThan(10);
    expect(pressed.slice(-5).map((each) => each.replace(/^(\w+) .*\//, '$1 '))).toEqual([
      'post customer-token 200',
      'get {customerToken} 200',
      'post order 200',
      'post order 200',
      'patch status 202',
    ]);
    expect(pressed.filter((each) => each.includes('captures 201'))).toHaveLength(2);
    expect(pressed.filter((each) => each.includes('refunds 201'))).toHaveLength(2);
  });

  it('has examples of a hosted page that work when they are pressed, with the session that was opened before', async () => {
    const gateway = await testGateway();
    const { paths } = (await gateway.get('/docs-json')).json as OpenApi;
    const { session_id: session } = (await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string };
    const story = Object.entries(paths).flatMap(([path, item]) => Object.entries(item).map(([method, it]) => ({ path, method, ...it })));
    const pressed: string[] = [];
    let page = '';
    for (const { path, method, requestBody } of story.filter(({ tags }) => tags[0] === "A purchase on Klarna's own page")) {
      const { examples = {} } = Object.values((requestBody as { content?: object } | undefined)?.content ?? {})[0] ?? {};
      const [example] = Object.values(examples as Record<string, { value: Record<string, unknown> }>);
      const body = example && { ...example.value };
      // As the page of Swagger UI does: the session is named at this service.
      if (body?.['payment_session_url'] !== undefined) {
        expect(body['payment_session_url']).toMatch(/\/payments\/v1\/sessions\/\{session_id\}$/);
        body['payment_session_url'] = `${gateway.url}/payments/v1/sessions/${session}`;
      }
      const answer = await gateway.call(method.toUpperCase(), path.replace('{session_id}', page), body === undefined ? {} : { body });
      pressed.push(`${method} ${answer.status}`);
      page = (answer.json as { session_id?: string } | undefined)?.session_id ?? page;
    }
    await gateway.close();
    expect(pressed).toEqual(['post 201', 'post 204', 'get 200', 'delete 204']);
  });

  it('fills the session into the body of a hosted page, and the page into what follows', async () => {
    const wire = await startWireApp({ settings: demo, before: setUpOpenApi });
    const script = (await call(wire.url, { method: 'GET', path: '/docs/start.js' })).body.toString();
    await wire.close();
    const bodies: unknown[] = [];
    const kept: unknown[] = [];
    const links: string[] = [];
    const value = {
      payment_session_url: 'https://api.klarna.com/payments/v1/sessions/{session_id}',
      merchant_urls: { back: 'https://x/{{session_id}}' },
    };
    let learn = (answer: object): object => answer;
    const swagger = Object.assign(
      (options: { responseInterceptor: typeof learn }) => {
        learn = options.responseInterceptor;
        return {
          specSelectors: { specJson: () => ({ getIn: (path: string[]) => (path.at(-1) === 'value' ? value : undefined) }) },
          oas3Actions: {
            setRequestBodyValue: (change: unknown) => bodies.push(change),
            setRetainRequestBodyValueFlag: (change: unknown) => kept.push(change),
          },
        };
      },
      { presets: { apis: [] } },
    );
    runInNewContext(script, {
      ...{ SwaggerUIBundle: swagger, URL, addEventListener: () => undefined },
      document: {
        currentScript: { src: 'http://gateway/base/docs/start.js' },
        getElementById: () => null,
        createElement: () => ({ style: {} }),
        body: { appendChild: ({ href }: { href: string }) => links.push(href) },
      },
    });
    learn({ url: 'http://gateway/base/payments/v1/sessions', text: '{"session_id":"s-1"}' });
    learn({ url: 'http://gateway/payments/v1/sessions', text: '{"session_id":"s-1"}' });
    learn({ url: 'http://gateway/hpp/v1/sessions', text: '{"session_id":"p-1"}' });
    const filled = { ...value, payment_session_url: 'http://gateway/base/payments/v1/sessions/s-1' };
    expect(bodies).toEqual([{ value: JSON.stringify(filled, null, 2), pathMethod: ['/hpp/v1/sessions', 'post'] }]);
    // Else the field is emptied when it is first shown.
    expect(kept).toEqual([{ value: true, pathMethod: ['/hpp/v1/sessions', 'post'] }]);
    expect(links).toEqual(['http://127.0.0.1:3001/shopper/s-1', 'http://127.0.0.1:3001/pay/p-1']);
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
