import type { JsonObject } from './json.js';
import { startSimulator, type Simulator, type SimulatorOptions } from './simulator.js';

/** An answer, with its body read as JSON when it is JSON. */
export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  json: JsonObject;
}

/** A cart of one line: SEK 100.00 with 25 % tax. */
export const CART = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  locale: 'sv-SE',
  order_amount: 10_000,
  order_tax_amount: 2_000,
  order_lines: [
    { name: 'Shoes', reference: 'SKU-1', quantity: 1, unit_price: 10_000, tax_rate: 2500, total_amount: 10_000, total_tax_amount: 2_000 },
  ],
};

export const ORDERS = '/ordermanagement/v1/orders';

/** A merchant and a test in one: talks to a simulator as Klarna's customer, and steers it. */
export class TestClient {
  constructor(
    readonly url: string,
    private readonly credentials = 'simulator:simulator',
  ) {}

  /** The same simulator, seen by another merchant. */
  as(credentials: string): TestClient {
    return new TestClient(this.url, credentials);
  }

  /** One request with the merchant's credentials. A string body is sent as it is, an object as JSON. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: {
        Authorization: `Basic ${Buffer.from(this.credentials).toString('base64')}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, json: isJson ? (JSON.parse(text) as JsonObject) : {} };
  }

  /** Sets switches of the simulator. */
  async behave(switches: Record<string, string | number | boolean>): Promise<void> {
    const reply = await this.call('POST', '/simulator/behaviour', switches);
    if (reply.status !== 200) throw new Error(reply.text);
  }

  /** Orders a failure. @returns its id */
  async fault(fault: JsonObject): Promise<string> {
    const reply = await this.call('POST', '/simulator/faults', { times: 1, ...fault });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.json.id as string;
  }

  async advance(seconds: number): Promise<void> {
    await this.call('POST', '/simulator/clock', { advance_seconds: seconds });
  }

  async session(fields: JsonObject = {}): Promise<string> {
    const reply = await this.call('POST', '/payments/v1/sessions', { ...CART, ...fields });
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.json.session_id as string;
  }

  async authorize(sessionId: string, given: JsonObject = {}): Promise<string> {
    const reply = await this.call('POST', `/simulator/sessions/${sessionId}/authorize`, given);
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.json.authorization_token as string;
  }

  /** Every callback that Klarna has planned, with its attempts. */
  async callbacks(): Promise<(JsonObject & { callback_id: string; attempts: JsonObject[] })[]> {
    return (await this.call('GET', '/simulator/callbacks')).json.callbacks as never;
  }

  placeOrder(token: string, fields: JsonObject = {}): Promise<Reply> {
    return this.call('POST', `/payments/v1/authorizations/${token}/order`, { ...CART, ...fields });
  }

  /** A session, its authorization and the order. @returns the order id */
  async order(fields: JsonObject = {}, given: JsonObject = {}): Promise<string> {
    const { auto_capture, ...session } = fields;
    const reply = await this.placeOrder(
      await this.authorize(await this.session(session), given),
      auto_capture === undefined ? session : fields,
    );
    if (reply.status !== 200) throw new Error(reply.text);
    return reply.json.order_id as string;
  }

  capture(orderId: string, amount: number, key?: string, fields: JsonObject = {}): Promise<Reply> {
    return this.write('POST', `${ORDERS}/${orderId}/captures`, { captured_amount: amount, ...fields }, key);
  }

  refund(orderId: string, amount: number, key?: string, fields: JsonObject = {}): Promise<Reply> {
    return this.write('POST', `${ORDERS}/${orderId}/refunds`, { refunded_amount: amount, ...fields }, key);
  }

  cancel(orderId: string, key?: string): Promise<Reply> {
    return this.write('POST', `${ORDERS}/${orderId}/cancel`, undefined, key);
  }

  release(orderId: string, key?: string): Promise<Reply> {
    return this.write('POST', `${ORDERS}/${orderId}/release-remaining-authorization`, undefined, key);
  }

  updateAuthorization(orderId: string, amount: number, key?: string): Promise<Reply> {
    return this.write('PATCH', `${ORDERS}/${orderId}/authorization`, { order_amount: amount }, key);
  }

  async read(orderId: string): Promise<JsonObject> {
    return (await this.call('GET', `${ORDERS}/${orderId}`)).json;
  }

  /** What really happened to an order. */
  async ledger(orderId: string): Promise<JsonObject & { captures: JsonObject[]; refunds: JsonObject[]; requests: JsonObject[] }> {
    return (await this.call('GET', `/simulator/ledger/orders/${orderId}`)).json as never;
  }

  private write(method: string, path: string, body: unknown, key: string | undefined): Promise<Reply> {
    return this.call(method, path, body, key === undefined ? {} : { 'Klarna-Idempotency-Key': key });
  }
}

/** Starts a simulator on a free port, in memory unless a folder is given. */
export async function startForTest(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; client: TestClient }> {
  const simulator = await startSimulator({ port: 0, ...options });
  return { simulator, client: new TestClient(simulator.url) };
}

/** Waits until `probe` gives something; for what happens soon but not at once. */
export async function eventually<T>(probe: () => Promise<T | undefined | false> | T | undefined | false, withinMs = 5_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error('It did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
