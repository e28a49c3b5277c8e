import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { ManualClock } from '../../src/clock/manual-clock.js';
import type { Settings } from '../../src/config/settings.js';
import { Cursors } from '../../src/http/cursors.js';
import { APIS } from '../../src/klarna/api.js';
import type { KlarnaExchange } from '../../src/klarna/exchange.js';
import type { OrderManagementClient } from '../../src/klarna/order-management.client.js';
import type { Caller, ProviderAccount } from '../../src/merchants/caller.js';
import type { ProviderAccounts } from '../../src/merchants/provider-accounts.js';
import type { OperationContext } from '../../src/operations/handler.js';
import type { HeldBack } from '../../src/operations/held-back.js';
import type { OperationKind } from '../../src/operations/kinds.js';
import { OrderLifecycle } from '../../src/orders/order-lifecycle.js';
import { OrderReader } from '../../src/orders/order-reader.js';
import { OrdersService } from '../../src/orders/orders.service.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database, type Transaction } from '../../src/persistence/database.js';
import { LaneStateRepository } from '../../src/persistence/repositories/lane-state.repository.js';
import { MovementsRepository } from '../../src/persistence/repositories/movements.repository.js';
import { EventsRepository } from '../../src/persistence/repositories/events.repository.js';
import { ExpiryRepository } from '../../src/persistence/repositories/expiry.repository.js';
import { OrdersRepository } from '../../src/persistence/repositories/orders.repository.js';
import { TimelineRepository } from '../../src/persistence/repositories/timeline.repository.js';
import { SealedEnvelope } from '../../src/persistence/sealed-envelope.js';
import { Alerts } from '../../src/telemetry/alerts.js';
import { testDatabase } from '../support/postgres.js';

/** One account for every API. */
export function oneAccount(account: string): Caller['accounts'] {
  return Object.fromEntries(APIS.map((api) => [api, account])) as Caller['accounts'];
}

export const START = '2026-11-20T10:00:00.000Z';

/** Klarna's side of the tests: answers what it is told to, and can be held at the moment of answering. */
export class ScriptedKlarna {
  readonly orders = new Map<string, Record<string, unknown>>();
  /** What comes instead of an order. */
  fails: KlarnaExchange | null = null;
  reads = 0;
  /** Awaited after the state to be shown was looked up and before it is handed over: the answer is on its way. */
  gate: (() => Promise<void>) | null = null;
  /** The accounts that were used, and what was sent besides reads of orders. */
  readonly calls: { accountId: string; path: string; extras: unknown }[] = [];

  listCaptures(account: { id: string }, orderId: string, extras: unknown): Promise<KlarnaExchange> {
    return this.#part(account, orderId, 'captures', extras, (order) => order['captures']);
  }

  readCapture(account: { id: string }, orderId: string, captureId: string, extras: unknown): Promise<KlarnaExchange> {
    const named = ({ captures }: Record<string, unknown>) =>
      (captures as { capture_id: string }[]).find((one) => one.capture_id === captureId);
    return this.#part(account, orderId, `captures/${captureId}`, extras, named);
  }

  readRefund(account: { id: string }, orderId: string, refundId: string, extras: unknown): Promise<KlarnaExchange> {
    const named = ({ refunds }: Record<string, unknown>) => (refunds as { refund_id: string }[]).find((one) => one.refund_id === refundId);
    return this.#part(account, orderId, `refunds/${refundId}`, extras, named);
  }

  #part(account: { id: string }, orderId: string, path: string, extras: unknown, show: (order: Record<string, unknown>) => unknown) {
    this.calls.push({ accountId: account.id, path: `${orderId}/${path}`, extras });
    const order = this.orders.get(orderId);
    const part = order && show(order);
    const unknown =
      order === undefined ? noSuchOrder(orderId) : refusal(404, path.startsWith('captures') ? 'NO_SUCH_CAPTURE' : 'NOT_FOUND');
    return Promise.resolve(this.fails ?? (part === undefined ? unknown : answerWith(200, part)));
  }

  async readOrder({ id: accountId }: { id: string }, orderId: string, extras: unknown): Promise<KlarnaExchange> {
    this.calls.push({ accountId, path: orderId, extras });
    this.reads += 1;
    const order = this.orders.get(orderId);
    const answer = this.fails ?? (order === undefined ? noSuchOrder(orderId) : answerWith(200, order));
    await this.gate?.();
    return answer;
  }
}

export function answerWith(status: number, body: unknown): KlarnaExchange {
  const headers = { 'content-type': 'application/json' };
  return { kind: 'answer', status, headers, body: Buffer.from(JSON.stringify(body)), correlationId: 'c' };
}

export function refusal(status: number, code: string, ...messages: string[]): KlarnaExchange {
  return answerWith(status, { correlation_id: 'c', error_code: code, error_messages: messages });
}

/** In the simulator's words. */
function noSuchOrder(orderId: string): KlarnaExchange {
  return refusal(404, 'NO_SUCH_ORDER', `No order with id ${orderId} exists`);
}

/** Two merchants with one provider account each, on a real Postgres, with Klarna scripted and time standing still. */
export async function openGateway() {
  const home = await testDatabase();
  const dataSource = await new DataSource(dataSourceOptions(home.url, 8, 'test')).initialize();
  const database = new Database(dataSource);
  const clock = new ManualClock(START);
  const klarna = new ScriptedKlarna();
  const accounts = {
    byId: (id: string): Promise<ProviderAccount> =>
      Promise.resolve({ id, provider: 'klarna', host: 'simulator', baseUrl: 'http://k', username: 'u', password: 'p' }),
  } as unknown as ProviderAccounts;
  const events = new EventsRepository();
  const orders = new OrdersRepository(database, events);
  const movements = new MovementsRepository(database);
  const timeline = new TimelineRepository(database);
  const lanes = new LaneStateRepository(database);
  const settings = { driftScanHours: 24, driftScanPerSecond: 5, role: 'worker' } as unknown as Settings;
  const alerts = new Alerts();
  const expiry = new ExpiryRepository(database);
  const nobodyWaits = { release: () => Promise.resolve([]), announce: () => undefined } as unknown as HeldBack;
  const cursors = new Cursors(new SealedEnvelope(Buffer.alloc(32, 7)));
  const gateway = {
    ...{ dataSource, database, clock, klarna, accounts, events, orders, expiry, movements, timeline, lanes, cursors, settings, alerts },
    lifecycle: new OrderLifecycle(orders, movements, timeline, clock),
    reader: new OrderReader(
      klarna as unknown as OrderManagementClient,
      accounts,
      database,
      lanes,
      orders,
      movements,
      timeline,
      clock,
      settings,
      alerts,
      nobodyWaits,
    ),
    service: new OrdersService(orders, movements, timeline, cursors, expiry, clock),
    shop: await aMerchant(database, 'shop'),
    rival: await aMerchant(database, 'rival'),
    /** New connections, for settings of the database. */
    reconnect: async () => {
      await dataSource.destroy();
      await dataSource.initialize();
    },
    close: async () => {
      await dataSource.destroy();
      await home.drop();
    },
  };
  return gateway;
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>;

/** A merchant with an account at Klarna of its own. */
export async function aMerchant(database: Database, name: string): Promise<Caller> {
  const [merchantId, account, now] = [randomUUID(), randomUUID(), new Date(START)];
  await database.query('INSERT INTO merchants (id, name, created_at) VALUES ($1, $2, $3)', [merchantId, name, now]);
  await database.query(
    `INSERT INTO provider_accounts (id, provider, host, base_url, username, secret, created_at)
     VALUES ($1, 'klarna', 'simulator', 'http://k', $2, '', $3)`,
    [account, name, now],
  );
  return {
    ...{ credentialId: randomUUID(), merchantId, pendingAnswer: 202, keyRequired: false, limits: 'enforce', callbacks: 'gateway' },
    accounts: oneAccount(account),
  };
}

/** An operation of a merchant on an order, as handlers get to see it. */
export function anOperation(caller: Caller, lane: string, given: Partial<OperationContext> = {}): OperationContext {
  return {
    id: randomUUID(),
    kind: 'order-management.capture',
    merchantId: caller.merchantId,
    providerAccountId: caller.accounts['order-management'],
    lane,
    dataSubject: randomUUID(),
    target: { orderId: lane },
    before: {},
    passedHeaders: {},
    body: null,
    amount: null,
    reference: null,
    createdAt: new Date(START),
    ...given,
  };
}

/** The row of an operation that was sent and whose outcome is open, with its lane. */
export async function anUnsettledOperation(database: Database, operation: OperationContext): Promise<void> {
  const { id, merchantId, providerAccountId, kind, lane, createdAt } = operation;
  await database.query(
    `INSERT INTO operations (id, merchant_id, provider_account_id, kind, class, state, lane, position, target, fingerprint, fence, opened_at, waits_until, created_at)
     VALUES ($1, $2, $3, $4, 'durable', 'unknown', $5, 1, '', '', 1, $6, $6, $6)`,
    [id, merchantId, providerAccountId, kind, lane, createdAt],
  );
  await database.query(`INSERT INTO attempts (id, operation_id, number, generation, fence, started_at) VALUES ($1, $2, 1, 1, 1, $3)`, [
    randomUUID(),
    id,
    createdAt,
  ]);
  await raiseRevision(database, operation);
}

export async function settle(database: Database, operation: OperationContext): Promise<void> {
  await database.query(`UPDATE operations SET state = 'succeeded', finished_at = $2 WHERE id = $1`, [operation.id, operation.createdAt]);
  await raiseRevision(database, operation);
}

/** What every send and every settlement does to the lane. */
export async function raiseRevision(
  database: Database | Transaction,
  { providerAccountId, lane }: Pick<OperationContext, 'providerAccountId' | 'lane'>,
): Promise<void> {
  await database.query(
    `INSERT INTO lanes AS l (provider_account_id, lane, open, position, revision) VALUES ($1, $2, 1, 1, 1)
     ON CONFLICT (provider_account_id, lane) DO UPDATE SET revision = l.revision + 1`,
    [providerAccountId, lane],
  );
}

/** An order of 10000 as Klarna shows it. */
export function klarnaOrder(orderId: string, given: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    order_id: orderId,
    status: 'AUTHORIZED',
    fraud_status: 'ACCEPTED',
    order_amount: 10_000,
    original_order_amount: 10_000,
    captured_amount: 0,
    refunded_amount: 0,
    remaining_authorized_amount: 10_000,
    purchase_currency: 'SEK',
    created_at: START,
    expires_at: '2026-12-18T00:00:00Z',
    captures: [],
    refunds: [],
    ...given,
  };
}

/** Places an order of 10000 through the lifecycle. */
export async function placeOrder(
  gateway: Gateway,
  caller: Caller,
  orderId: string = randomUUID(),
  merchantReference1 = '10001',
): Promise<string> {
  const operation = anOperation(caller, orderId, { kind: 'payments.create-order' satisfies OperationKind, lane: null });
  await gateway.database.transaction((tx) =>
    gateway.lifecycle.placed(tx, operation, {
      providerOrderId: orderId,
      fraudStatus: 'ACCEPTED',
      currency: 'SEK',
      orderAmount: 10_000,
      merchantReference1,
      merchantReference2: null,
      autoCapture: false,
      at: gateway.clock.now(),
      late: false,
    }),
  );
  gateway.klarna.orders.set(orderId, klarnaOrder(orderId));
  return orderId;
}

/** The order and its story, as its merchant sees them. */
export async function storyOf(gateway: Gateway, caller: Caller, orderId: string) {
  const order = await gateway.service.read(caller, orderId);
  const { items } = await gateway.service.history(caller, orderId, { limit: 200, cursor: null });
  return { order, events: items, types: items.map(({ type }) => type) };
}
