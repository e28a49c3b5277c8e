import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Refusal } from '../../src/operations/errors.js';
import { OperationReply } from '../../src/operations/request.js';
import { DatabaseUnavailable } from '../../src/persistence/database.js';
import { call } from './raw-client.js';
import { startWireApp, type WireApp } from './wire-app.js';

const CAPTURES = '/ordermanagement/v1/orders/o1/captures';
const CAPTURE = '{"captured_amount":1}';

describe('answers on the wire', () => {
  let wire: WireApp;

  beforeAll(async () => {
    wire = await startWireApp();
  });
  afterAll(() => wire.close());
  beforeEach(() => {
    wire.answers.length = 0;
    wire.arrived.length = 0;
  });

  it('writes a capture as Klarna does: bare 201, exact header names, an absolute Location', async () => {
    const headers = { Location: '/ordermanagement/v1/orders/o1/captures/c1', 'Capture-Id': 'c1', 'Klarna-Correlation-Id': 'k-1' };
    wire.answers.push(new OperationReply(201, headers, undefined));
    const answer = await call(wire.url, { path: CAPTURES, body: CAPTURE });

    expect(answer.status).toBe(201);
    expect(answer.body).toHaveLength(0);
    expect(answer.headers).toEqual(
      expect.arrayContaining([
        ['Location', `${wire.url}/ordermanagement/v1/orders/o1/captures/c1`],
        ['Capture-Id', 'c1'],
        ['Klarna-Correlation-Id', 'k-1'],
        ['Content-Length', '0'],
      ]),
    );
    expect(answer.header('Content-Type')).toBeUndefined();
    expect(answer.headers.map(([name]) => name)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^[a-z]/)]));
  });

  it('writes a 204 bare', async () => {
    wire.answers.push(new OperationReply(204, { 'Klarna-Correlation-Id': 'k-2' }, undefined));
    const answer = await call(wire.url, { path: '/ordermanagement/v1/orders/o1/cancel' });
    expect(answer.status).toBe(204);
    expect(answer.header('Content-Length')).toBeUndefined();
    expect(answer.header('Content-Type')).toBeUndefined();
    expect(answer.header('Klarna-Correlation-Id')).toBe('k-2');
  });

  it('passes bytes on as they are, with their own type', async () => {
    const body = Buffer.from('{ "b": 100.0, "a": "\\u00e5",\n"n": 12345678901234567890 }');
    wire.answers.push(new OperationReply(200, { 'Content-Type': 'application/json;charset=utf-8' }, body));
    const answer = await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/s1' });
    expect(answer.body.equals(body)).toBe(true);
    expect(answer.header('Content-Type')).toBe('application/json;charset=utf-8');
  });

  it('passes on an empty object and text that is not JSON', async () => {
    wire.answers.push(new OperationReply(200, { 'Content-Type': 'application/json' }, Buffer.from('{}')));
    expect((await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/s1' })).body.toString()).toBe('{}');
    wire.answers.push(new OperationReply(404, { 'Content-Type': 'text/html' }, Buffer.from('<html>')));
    const html = await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/s1' });
    expect([html.status, html.header('Content-Type'), html.body.toString()]).toEqual([404, 'text/html', '<html>']);
  });

  it('keeps the address of an operation relative, with its pause in seconds', async () => {
    wire.answers.push(
      new OperationReply(202, { Location: '/operations/1', 'Retry-After': '5', 'Content-Type': 'application/json' }, Buffer.from('{}')),
    );
    const answer = await call(wire.url, { path: CAPTURES, body: CAPTURE });
    expect([answer.status, answer.header('Location'), answer.header('Retry-After')]).toEqual([202, '/operations/1', '5']);
  });

  it('refuses on Klarna routes in the shape of Klarna', async () => {
    wire.answers.push(new Refusal('OPERATION_PENDING', ['An equal capture is open.'], { operationId: 'op-1', retryAfterMs: 1_200 }));
    const answer = await call(wire.url, { path: CAPTURES, body: CAPTURE });
    expect(answer.status).toBe(409);
    expect([answer.header('Location'), answer.header('Retry-After')]).toEqual(['/operations/op-1', '2']);
    const id = answer.header('Klarna-Correlation-Id');
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.json()).toEqual({ error_code: 'OPERATION_PENDING', error_messages: ['An equal capture is open.'], correlation_id: id });
  });

  it('refuses on its own routes with a problem', async () => {
    wire.answers.push(new Refusal('TEMPORARILY_UNAVAILABLE', ['Later.'], { operationId: 'op-1' }));
    const answer = await call(wire.url, { method: 'GET', path: '/orders/1' });
    expect(answer.status).toBe(503);
    expect(answer.header('Content-Type')).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'Later.',
      code: 'TEMPORARILY_UNAVAILABLE',
      request_id: answer.header('Klarna-Correlation-Id'),
      retryable: true,
      operation_id: 'op-1',
    });
  });

  it('says nothing about an error that nobody expected', async () => {
    wire.answers.push(Object.assign(new Error('relation "secrets" does not exist at SELECT token'), { detail: 'row' }));
    const answer = await call(wire.url, { path: CAPTURES, body: CAPTURE });
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({
      error_code: 'INTERNAL_SERVER_ERROR',
      error_messages: ['An unexpected error occurred'],
      correlation_id: answer.header('Klarna-Correlation-Id'),
    });
  });

  it('asks to come again while Postgres is down', async () => {
    wire.answers.push(new DatabaseUnavailable('connect ECONNREFUSED 10.0.0.1:5432'));
    const answer = await call(wire.url, { path: CAPTURES, body: CAPTURE });
    expect(answer.status).toBe(503);
    expect(answer.body.toString()).not.toMatch(/10\.0\.0\.1/);
  });

  it.each([
    ['GET', '/payments/v1/nothing', 'error_code'],
    ['PUT', '/payments/v1/sessions', 'error_code'],
    ['GET', '/payments/v1/sessions/..', 'error_code'],
    ['GET', '/payments/v1/sessions/%2e%2e', 'error_code'],
    ['POST', '/ordermanagement/v1/orders/./cancel', 'error_code'],
    ['POST', '/ordermanagement/v1/orders//cancel', 'error_code'],
    ['GET', '/nothing', 'code'],
  ])('knows no route %s %s', async (method, path, member) => {
    const answer = await call(wire.url, { method, path });
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ [member]: 'NOT_FOUND' });
    expect(wire.arrived).toHaveLength(0);
  });

  it.each(['/payments/v1/sessions/%zz', '/payments/v1/sessions/%ff'])('refuses the malformed path %s', async (path) => {
    const answer = await call(wire.url, { method: 'GET', path });
    expect([answer.status, answer.json()]).toMatchObject([400, { error_code: 'BAD_REQUEST' }]);
  });

  it('takes a slash at the end', async () => {
    expect((await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/s1/' })).status).toBe(200);
    expect(wire.arrived[0]).toMatchObject({ action: 'read-session', id: 's1' });
  });

  it('decodes ids and takes long tokens', async () => {
    const token = 't'.repeat(1_500);
    await call(wire.url, { method: 'DELETE', path: `/payments/v1/authorizations/${token}` });
    await call(wire.url, { method: 'GET', path: '/payments/v1/sessions/a%20b%2Fc' });
    expect(wire.arrived.map(({ id }) => id)).toEqual([token, 'a b/c']);
  });

  it('logs the route of a request, and never its path, its body or its credentials', async () => {
    const lines: string[] = [];
    const keep = (...parts: unknown[]) => void lines.push(parts.join(' '));
    Logger.overrideLogger({ log: keep, error: keep, warn: keep });
    await call(wire.url, { method: 'DELETE', path: '/payments/v1/authorizations/token-1?token=token-2' });
    await call(wire.url, { path: `${CAPTURES}/token-3`, body: '{"captured_amount":"secret"}' });
    Logger.overrideLogger(false);
    expect(lines).toEqual([
      expect.stringMatching(/^DELETE \/payments\/v1\/authorizations\/:authorizationToken 200 \d+ ms [0-9a-f-]{36} Request$/),
      expect.stringMatching(/^POST \(no route\) 404 \d+ ms [0-9a-f-]{36} Request$/),
    ]);
  });

  it('writes its own public address into Location when it has one', async () => {
    const behindProxy = await startWireApp({ publicUrl: 'https://pay.example' });
    behindProxy.answers.push(new OperationReply(201, { Location: '/ordermanagement/v1/orders/o1/captures/c1' }, undefined));
    const answer = await call(behindProxy.url, { path: CAPTURES, body: CAPTURE });
    expect(answer.header('Location')).toBe('https://pay.example/ordermanagement/v1/orders/o1/captures/c1');
    await behindProxy.close();
  });
});
