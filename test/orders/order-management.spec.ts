import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger, type ExecutionContext } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { Settings } from '../../src/config/settings.js';
import { createHttpAdapter } from '../../src/http/adapter.js';
import { setCaller } from '../../src/http/caller.decorator.js';
import { KlarnaErrorFilter } from '../../src/http/klarna-error.filter.js';
import { OperationReplyInterceptor } from '../../src/http/operation-reply.interceptor.js';
import { JudgingPipe } from '../../src/http/validation.js';
import { OrderManagementClient } from '../../src/klarna/order-management.client.js';
import { ProviderAccounts } from '../../src/merchants/provider-accounts.js';
import { Operations } from '../../src/operations/operations.service.js';
import { OperationReply, type OperationRequest } from '../../src/operations/request.js';
import { CapturesController } from '../../src/order-management/captures.controller.js';
import { CapturesService } from '../../src/order-management/captures.service.js';
import { OrderReads } from '../../src/order-management/order-reads.js';
import { OrderTargets } from '../../src/order-management/order-targets.js';
import { OrderWrites } from '../../src/order-management/order-writes.js';
import { OrderAuthorizationsController } from '../../src/order-management/authorizations.controller.js';
import { OrderAuthorizationsService } from '../../src/order-management/authorizations.service.js';
import { CaptureChangesController } from '../../src/order-management/capture-changes.controller.js';
import { ManagedOrdersController } from '../../src/order-management/orders.controller.js';
import { ManagedOrdersService } from '../../src/order-management/orders.service.js';
import { RefundsController } from '../../src/order-management/refunds.controller.js';
import { RefundsService } from '../../src/order-management/refunds.service.js';
import { UnknownOrders } from '../../src/order-management/unknown-orders.js';
import { OrderComparisons } from '../../src/orders/order-comparisons.js';
import { OrderReader } from '../../src/orders/order-reader.js';
import { OrdersController } from '../../src/orders/orders.controller.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { CheckoutOrdersRepository } from '../../src/persistence/repositories/checkout-orders.repository.js';
import { OrdersRepository } from '../../src/persistence/repositories/orders.repository.js';
import { type Gateway, klarnaOrder, oneAccount, openGateway, placeOrder, refusal, START } from './gateway.js';

let gateway: Gateway;
let app: NestFastifyApplication;
/** What was asked of the durable operations. */
let asked: OperationRequest[] = [];

beforeAll(async () => {
  Logger.overrideLogger(false);
  gateway = await openGateway();
  const execute = (request: OperationRequest) => {
    asked.push(request);
    return Promise.resolve(new OperationReply(201, { 'Capture-Id': 'c', Location: '/ordermanagement/v1/orders/o/captures/c' }, undefined));
  };
  const guard = {
    canActivate(context: ExecutionContext) {
      const request = context.switchToHttp().getRequest<FastifyRequest>();
      const merchant = request.headers['x-merchant'];
      const moved = { ...gateway.shop, accounts: oneAccount(randomUUID()) };
      setCaller(request, merchant === 'rival' ? gateway.rival : merchant === 'moved' ? moved : gateway.shop);
      return true;
    },
  };
  const module = await Test.createTestingModule({
    controllers: [
      ...[ManagedOrdersController, OrderAuthorizationsController, CapturesController, CaptureChangesController],
      ...[RefundsController, OrdersController],
    ],
    providers: [
      ...[UnknownOrders, OrderTargets, OrderWrites, OrderReads],
      ...[CapturesService, RefundsService, ManagedOrdersService, OrderAuthorizationsService],
      { provide: Operations, useValue: { execute } },
      { provide: OrderManagementClient, useValue: gateway.klarna },
      { provide: ProviderAccounts, useValue: gateway.accounts },
      { provide: OrdersRepository, useValue: gateway.orders },
      { provide: CheckoutOrdersRepository, useValue: new CheckoutOrdersRepository(gateway.database, gateway.events) },
      { provide: OrderReader, useValue: gateway.reader },
      { provide: OrdersService, useValue: gateway.service },
      OrderComparisons,
      { provide: Settings, useValue: { publicUrl: 'https://gateway.example' } },
      { provide: APP_GUARD, useValue: guard },
      { provide: APP_PIPE, useClass: JudgingPipe },
      { provide: APP_FILTER, useClass: KlarnaErrorFilter },
      { provide: APP_INTERCEPTOR, useClass: OperationReplyInterceptor },
    ],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter());
  await app.listen(0, '127.0.0.1');
});
afterAll(async () => {
  await app.close();
  await gateway.close();
});
beforeEach(() => {
  asked = [];
  gateway.klarna.calls.length = 0;
  gateway.clock.set(START);
});
afterEach(() => {
  gateway.klarna.fails = null;
});

const at = (orderId: string, rest = '') => `/ordermanagement/v1/orders/${orderId}${rest}`;

interface Answered {
  statusCode: number;
  headers: Headers;
  payload: string;
  json<T = unknown>(): T;
}

async function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answered> {
  const response = await fetch(`${await app.getUrl()}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const payload = await response.text();
  return { statusCode: response.status, headers: response.headers, payload, json: <T>() => JSON.parse(payload) as T };
}

const get = (path: string, headers: Record<string, string> = {}) => ask('GET', path, headers);
const post = (path: string, body?: string | object, headers: Record<string, string> = {}) =>
  ask(
    'POST',
    path,
    { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    typeof body === 'object' ? JSON.stringify(body) : body,
  );

describe('a capture', () => {
  const body = '{"captured_amount": 4.0e3, "reference":"r-\\u00e5", "x": 12345678901234567890, "constructor": {"a":1}}';

  it("becomes an operation in the order's lane, with the caller's bytes as they are", async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const headers = { 'klarna-idempotency-key': 'key-1', prefer: 'wait=3', 'klarna-integrator': 'i', 'content-type': 'application/json' };
    const answer = await post(at(orderId, '/captures'), body, headers);
    expect([answer.statusCode, answer.headers.get('location')]).toEqual([
      201,
      'https://gateway.example/ordermanagement/v1/orders/o/captures/c',
    ]);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      ...{ kind: 'order-management.capture', lane: orderId, target: { orderId }, key: 'key-1', amount: 4_000, reference: 'r-å' },
      ...{ merchantId: gateway.shop.merchantId, providerAccountId: gateway.shop.accounts['order-management'], pendingAnswer: 202 },
      ...{ prefer: { respondAsync: false, waitMs: 3_000 }, orderCreatedAt: new Date(START) },
      ...{ dataSubject: (await gateway.orders.findByProviderId(orderId))[0]?.dataSubject },
    });
    expect(asked[0]?.body?.toString()).toBe(body);
    expect(asked[0]?.passedHeaders).toMatchObject({ 'Klarna-Integrator': 'i' });
  });

  it.each([
    ['no amount', {}, ['captured_amount']],
    ['an amount as text', { captured_amount: '100' }, ['captured_amount']],
    ['a negative amount', { captured_amount: -1 }, ['captured_amount']],
    ['more than the largest amount', { captured_amount: 200_000_001 }, ['captured_amount']],
    ['too long a reference', { captured_amount: 1, reference: 'x'.repeat(256) }, ['reference']],
    [
      'lines and shipping that are wrong',
      {
        ...{
          captured_amount: 1,
          shipping_delay: -1,
          order_lines: [
            { name: 'a', quantity: 1, unit_price: 1, total_amount: 1 },
            { name: 'b', type: 'gift' },
          ],
        },
        shipping_info: [{ shipping_method: 'Pigeon' }],
      },
      ['order_lines[1].type', 'order_lines[1].quantity', 'order_lines[1].unit_price', 'order_lines[1].total_amount'].concat([
        'shipping_info[0].shipping_method',
        'shipping_delay',
      ]),
    ],
  ])('with %s is refused and nothing is sent', async (_, given, fields) => {
    const answer = await post(at(randomUUID(), '/captures'), given);
    const { error_code: code, error_messages: messages } = answer.json<{ error_code: string; error_messages: string[] }>();
    expect([answer.statusCode, code, messages]).toEqual([400, 'BAD_VALUE', fields.map((field) => `Bad value: ${field}`)]);
    expect([asked, gateway.klarna.calls]).toEqual([[], []]);
  });

  it.each([
    [
      'all at its limits',
      { captured_amount: 200_000_000, reference: 'x'.repeat(255), shipping_delay: 0, order_lines: [], shipping_info: [] },
    ],
    ['nulls in optional fields', { captured_amount: 0, reference: null, description: null, order_lines: null, shipping_info: null }],
  ])('passes with %s', async (_, given) => {
    expect((await post(at(randomUUID(), '/captures'), given)).statusCode).toBe(201);
  });

  it.each([undefined, 'null', '[]', '7'])('needs an object as body (%s)', async (given) => {
    expect((await post(at(randomUUID(), '/captures'), given)).statusCode).toBe(400);
    expect(asked).toEqual([]);
  });
});

describe('a refund', () => {
  it('becomes an operation with its amount and reference', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    await post(at(orderId, '/refunds'), { refunded_amount: 1_500, reference: 'return-1' });
    expect(asked).toMatchObject([{ kind: 'order-management.refund', lane: orderId, amount: 1_500, reference: 'return-1', key: undefined }]);
  });

  it('above the documented limits is refused', async () => {
    const answer = await post(at(randomUUID(), '/refunds'), { refunded_amount: 200_000_001, description: 'x'.repeat(256) });
    expect([answer.statusCode, asked]).toEqual([400, []]);
  });
});

describe.each([
  ['cancel', 'order-management.cancel'],
  ['release-remaining-authorization', 'order-management.release'],
  ['acknowledge', 'order-management.acknowledge'],
  ['extend-authorization-time', 'order-management.extend-authorization'],
  ['captures/c1/trigger-send-out', 'order-management.send-out'],
])('%s', (action, kind) => {
  it.each([undefined, '{"order_amount":1}', '[]', 'null'])('ignores what it gets (%s)', async (given) => {
    await post(at(randomUUID(), `/${action}`), given);
    expect(asked).toMatchObject([{ kind, body: null, amount: null, reference: null }]);
  });
});

describe('a change of an order', () => {
  const parcel = { shipping_info: [{ tracking_number: '1', tracking_uri: 'https://carrier.example/1' }] };
  const send = (method: string, path: string, body?: string | object) =>
    ask(method, path, { 'content-type': 'application/json' }, typeof body === 'object' ? JSON.stringify(body) : body);

  it.each([
    ['PATCH', '/authorization', '{"order_amount": 9.0e3, "x": 1}', 'authorization-update', 9_000],
    ['PATCH', '/merchant-references', '{"merchant_reference1":"","merchant_reference2": null}', 'merchant-references', null],
    ['PATCH', '/customer-details', '{"shipping_address":{"given_name":"\\u00c5sa"}}', 'customer-details', null],
    ['POST', '/shipping-info', '{"shipping_info":[{}]}', 'shipping-info', null],
    ['POST', '/captures/c1/shipping-info', '{"shipping_info":[ {} ]}', 'capture-shipping-info', null],
    ['PATCH', '/captures/c1/extend-due-date', '{"number_of_days": 14}', 'extend-due-date', null],
  ])('(%s %s) becomes an operation of its order, with the bytes as they are', async (method, path, body, kind, amount) => {
    const orderId = await placeOrder(gateway, gateway.shop);
    await gateway.database.query(`UPDATE orders SET expires_at = $2 WHERE provider_order_id = $1`, [orderId, START]);
    await send(method, at(orderId, path), body);
    const captureId = path.includes('c1') ? { captureId: 'c1' } : {};
    expect(asked).toMatchObject([
      { kind: `order-management.${kind}`, lane: orderId, amount, reference: null, before: { expires_at: START } },
    ]);
    expect(asked[0]?.target).toEqual({ orderId, ...captureId });
    expect(asked[0]?.body?.toString()).toBe(body);
  });

  it.each([
    ['PATCH', '/authorization', {}, ['order_amount']],
    ['PATCH', '/authorization', { order_amount: 200_000_001, description: 'x'.repeat(256) }, ['order_amount', 'description']],
    [
      'PATCH',
      '/authorization',
      { order_amount: 1, order_lines: [{ name: 'a' }] },
      ['quantity', 'unit_price', 'total_amount'].map((field) => `order_lines[0].${field}`),
    ],
    [
      'PATCH',
      '/merchant-references',
      { merchant_reference1: 'x'.repeat(256), merchant_reference2: 1 },
      ['merchant_reference1', 'merchant_reference2'],
    ],
    [
      'PATCH',
      '/customer-details',
      { shipping_address: { postal_code: '12345678901', city: 'x'.repeat(201) } },
      ['shipping_address.postal_code', 'shipping_address.city'],
    ],
    ['POST', '/shipping-info', {}, ['shipping_info']],
    ['POST', '/shipping-info', { shipping_info: [] }, ['shipping_info']],
    ['POST', '/captures/c1/shipping-info', { shipping_info: [{ shipping_method: 'Pigeon' }] }, ['shipping_info[0].shipping_method']],
    ['POST', '/captures/c1/shipping-info', { shipping_info: Array.from({ length: 501 }, () => ({})) }, ['shipping_info']],
    ['PATCH', '/captures/c1/extend-due-date', { number_of_days: '14' }, ['number_of_days']],
  ])('(%s %s) with wrong fields is refused, and nothing is sent', async (method, path, body, fields) => {
    const answer = await send(method, at(randomUUID(), path), body);
    const { error_code: code, error_messages: messages } = answer.json<{ error_code: string; error_messages: string[] }>();
    expect([answer.statusCode, code]).toEqual([400, 'BAD_VALUE']);
    expect(messages.toSorted()).toEqual(fields.map((field) => `Bad value: ${field}`).toSorted());
    expect([asked, gateway.klarna.calls]).toEqual([[], []]);
  });

  it.each(['/authorization', '/merchant-references', '/customer-details', '/captures/c1/extend-due-date'])(
    '(%s) needs an object',
    async (path) => {
      for (const body of [undefined, 'null', '[]']) expect((await send('PATCH', at(randomUUID(), path), body)).statusCode).toBe(400);
      expect(asked).toEqual([]);
    },
  );

  it.each([
    ['POST', 'shipping-info', parcel],
    ['POST', 'trigger-send-out', undefined],
    ['PATCH', 'extend-due-date', { number_of_days: 14 }],
    ['GET', 'extend-due-date-options', undefined],
  ])('(%s %s) of an impossible capture finds none', async (method, path, body) => {
    const answer = await send(method, at(randomUUID(), `/captures/a%2Fb/${path}`), body);
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { error_code: 'NO_SUCH_CAPTURE' }]);
    expect([asked, gateway.klarna.calls]).toEqual([[], []]);
  });
});

describe('a request for an order', () => {
  it('of another merchant gets what an unknown id gets, and nothing is sent', async () => {
    const theirs = await placeOrder(gateway, gateway.shop);
    const unknown = randomUUID();
    const known = (await get(at(unknown), { 'x-merchant': 'rival' })).json<{ error_code: string; error_messages: string[] }>();
    gateway.klarna.calls.length = 0;
    const answers = await Promise.all([
      get(at(theirs), { 'x-merchant': 'rival' }),
      get(at(theirs.toUpperCase()), { 'x-merchant': 'rival' }),
      get(at(theirs, '/captures'), { 'x-merchant': 'rival' }),
      get(at(theirs, '/refunds/r'), { 'x-merchant': 'rival' }),
      post(at(theirs, '/captures'), { captured_amount: 1 }, { 'x-merchant': 'rival' }),
      post(at(theirs, '/cancel'), undefined, { 'x-merchant': 'rival' }),
    ]);
    for (const answer of answers) {
      const { error_code: code, error_messages: messages } = answer.json<{ error_code: string; error_messages: string[] }>();
      expect([answer.statusCode, code, messages]).toEqual([
        404,
        known.error_code,
        known.error_messages.map((text) => text.replace(unknown, theirs)),
      ]);
    }
    expect([asked, gateway.klarna.calls]).toEqual([[], []]);
  });

  it('goes to the account that it was made with, wherever new orders of the merchant go', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const moved = { 'x-merchant': 'moved' };
    await post(at(orderId, '/cancel'), undefined, moved);
    await get(at(orderId), moved);
    await get(at(orderId, '/captures'), moved);
    const pinned = gateway.shop.accounts['order-management'];
    expect(asked[0]?.providerAccountId).toBe(pinned);
    expect(gateway.klarna.calls.map(({ accountId }) => accountId)).toEqual([pinned, pinned]);
  });

  it("that is unknown goes to the caller's account; nothing is known of it", async () => {
    await post(at(randomUUID(), '/cancel'));
    expect(asked[0]).toMatchObject({ providerAccountId: gateway.shop.accounts['order-management'], orderCreatedAt: null });
    expect(asked[0]).not.toHaveProperty('dataSubject');
  });

  it.each(['a%2Fb', 'a%5Cb', '%00', 'a%20b', '%0d%0a', 'x%3Fy', 'x'.repeat(256), '%C3%A5'])(
    'with the impossible id %s finds nothing',
    async (id) => {
      for (const answer of [await get(at(id)), await post(at(id, '/captures'), { captured_amount: 1 }), await get(at(id, '/captures/c'))]) {
        expect([answer.statusCode, answer.json<{ error_code: string }>().error_code]).toEqual([404, 'NO_SUCH_ORDER']);
      }
      expect([asked, gateway.klarna.calls]).toEqual([[], []]);
    },
  );
});

describe('a read', () => {
  it("passes Klarna's bytes on and remembers what they say", async () => {
    const orderId = randomUUID();
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, { merchant_reference1: 'adopted', unknown_to_us: { x: 1 } }));
    const answer = await get(at(orderId));
    expect(answer.payload).toBe(JSON.stringify(gateway.klarna.orders.get(orderId)));
    expect((await get('/orders?reference=adopted')).json<{ items: unknown[] }>().items).toHaveLength(1);
  });

  it.each(['/captures', '/captures/c1', '/refunds/r1'])('of a part (%s) of an unknown order adopts the order', async (part) => {
    const orderId = randomUUID();
    const parts = { captures: [{ capture_id: 'c1', captured_amount: 1 }], refunds: [{ refund_id: 'r1', refunded_amount: 1 }] };
    gateway.klarna.orders.set(orderId, klarnaOrder(orderId, parts));
    expect((await get(at(orderId, part))).statusCode).toBe(200);
    expect((await get(`/orders/${orderId}`)).json()).toMatchObject({ captures: [{ capture_id: 'c1' }], refunds: [{ refund_id: 'r1' }] });
  });

  it("passes Klarna's refusals on", async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const answer = await get(at(orderId, '/captures/unknown'));
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { error_code: 'NO_SUCH_CAPTURE', correlation_id: 'c' }]);
  });

  it.each([
    ['401', refusal(401, 'UNAUTHORIZED'), 502, 'PROVIDER_CREDENTIALS'],
    ['5xx with an error object', refusal(500, 'INTERNAL_SERVER_ERROR'), 503, 'INTERNAL_SERVER_ERROR'],
    [
      '5xx without a body',
      { kind: 'answer', status: 502, headers: {}, body: Buffer.alloc(0), correlationId: null },
      503,
      'TEMPORARILY_UNAVAILABLE',
    ],
    ['silence', { kind: 'no-answer', code: 'TIMEOUT', reason: '' }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['a refused connection', { kind: 'not-sent', code: 'ECONNREFUSED', reason: '' }, 503, 'TEMPORARILY_UNAVAILABLE'],
    [
      'no order',
      { kind: 'answer', status: 200, headers: {}, body: Buffer.from('<html>'), correlationId: null },
      503,
      'TEMPORARILY_UNAVAILABLE',
    ],
  ] as const)('that gets %s from Klarna says so', async (_, exchange, status, code) => {
    const orderId = await placeOrder(gateway, gateway.shop);
    gateway.klarna.fails = exchange;
    const answer = await get(at(orderId));
    expect([answer.statusCode, answer.json<{ error_code: string }>().error_code]).toEqual([status, code]);
  });
});

describe('the own resources', () => {
  it('refuse with problem+json', async () => {
    const answer = await get('/orders?sort=amount&limit=0');
    expect(answer.statusCode).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ code: 'BAD_VALUE', detail: 'Bad value: sort Bad value: limit', retryable: false });
  });

  it("do not tell another merchant's order from an unknown one", async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    for (const path of ['', '/timeline']) {
      const [theirs, unknown] = await Promise.all([
        get(`/orders/${orderId}${path}`, { 'x-merchant': 'rival' }),
        get(`/orders/${randomUUID()}${path}`),
      ]);
      const without = (answer: typeof theirs) => ({ ...answer.json<object>(), request_id: '' });
      expect([theirs.statusCode, without(theirs)]).toEqual([404, without(unknown)]);
    }
  });

  it('have exactly the documented fields', async () => {
    const orderId = await placeOrder(gateway, gateway.shop);
    const order = (await get(`/orders/${orderId}`)).json<object>();
    expect(Object.keys(order)).toEqual([
      ...[
        'id',
        'provider',
        'provider_order_id',
        'status',
        'fraud_status',
        'currency',
        'order_amount',
        'captured_amount',
        'refunded_amount',
      ],
      ...[
        'remaining_authorized_amount',
        'merchant_reference1',
        'merchant_reference2',
        'expires_at',
        'extension',
        'created_at',
        'updated_at',
        'origin',
        'learned_at',
        'moved_elsewhere_at',
        'captures',
        'refunds',
      ],
    ]);
    const timeline = (await get(`/orders/${orderId}/timeline`)).json<{ items: object[]; next_cursor: null }>();
    expect(timeline.items.map((entry) => Object.keys(entry))).toEqual([['sequence', 'at', 'type', 'operation_id', 'data']]);
    expect(timeline.next_cursor).toBeNull();
  });
});
