import { request as httpRequest } from 'node:http';

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Names as they came over the wire, in pairs. */
  rawHeaders: string[];
  body: Buffer;
  text: string;
  /** The parsed body; undefined when there is none. */
  json: unknown;
}

export interface Call {
  /** JSON text, bytes, or something to be stringified. */
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
  /** `user:password`; null for none. */
  as?: string | null;
  /** Leaves without an answer after so many ms. */
  patienceMs?: number;
}

export interface LedgerOrder {
  order_id: string;
  session_id: string | null;
  customer_token: string | null;
  merchant_reference1: string | null;
  merchant_reference2: string | null;
  acknowledged: boolean;
  expires_at: string;
  status: string;
  order_amount: number;
  captured_amount: number;
  refunded_amount: number;
  remaining_authorized_amount: number;
  captures: { capture_id: string; captured_amount: number; reference: string | null; idempotency_key: string | null }[];
  refunds: { refund_id: string; refunded_amount: number; reference: string | null; idempotency_key: string | null }[];
  requests: { method: string; path: string; idempotency_key: string | null; executed: boolean; status: number | null }[];
}

/** A shop: speaks Klarna's wire format to the gateway, and plays shopper and fate at the simulator. */
export class Client {
  constructor(
    readonly url: string,
    readonly simulatorUrl: string,
    private readonly credentials = 'demo:demo',
  ) {}

  /** One call to the gateway, with nothing added that a plain client would not send. */
  call(method: string, path: string, call: Call = {}): Promise<Answer> {
    const { as = this.credentials } = call;
    const headers: Record<string, string> = { ...(as === null ? {} : { Authorization: `Basic ${Buffer.from(as).toString('base64')}` }) };
    if (call.key !== undefined) headers['Klarna-Idempotency-Key'] = call.key;
    const bytes = bytesOf(call.body);
    if (bytes) headers['Content-Type'] = 'application/json';
    return exchange(this.url + path, method, { ...headers, ...call.headers }, bytes, call.patienceMs);
  }

  post(path: string, body?: unknown, key?: string): Promise<Answer> {
    return this.call('POST', path, { body, ...(key === undefined ? {} : { key }) });
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  /** Plays the simulator: faults, switches, clock, ledger. */
  async simulate(method: string, path: string, body?: unknown): Promise<unknown> {
    const bytes = bytesOf(body);
    const answer = await exchange(this.simulatorUrl + path, method, bytes ? { 'Content-Type': 'application/json' } : {}, bytes);
    if (answer.status >= 300) throw new Error(`${method} ${path} at the simulator: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  fault(kind: string, match: { method?: string; path: string }, more: Record<string, unknown> = {}): Promise<unknown> {
    return this.simulate('POST', '/simulator/faults', { kind, match, times: 1, ...more });
  }

  behave(switches: Record<string, unknown>): Promise<unknown> {
    return this.simulate('POST', '/simulator/behaviour', switches);
  }

  async advance(seconds: number): Promise<void> {
    await this.simulate('POST', '/simulator/clock', { advance_seconds: seconds });
  }

  async ledger(orderId: string): Promise<LedgerOrder> {
    return (await this.simulate('GET', `/simulator/ledger/orders/${orderId}`)) as LedgerOrder;
  }

  /** A session that a shopper authorized. @returns the authorization token */
  async authorized(cart: Cart = cartOf(10_000)): Promise<{ token: string; sessionId: string; cart: Cart }> {
    const session = await this.post('/payments/v1/sessions', cart);
    if (session.status !== 200) throw new Error(`No session: ${session.status} ${session.text}`);
    const { session_id: sessionId } = session.json as { session_id: string };
    const authorized = await this.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {});
    return { token: (authorized as { authorization_token: string }).authorization_token, sessionId, cart };
  }

  /** An order of this amount, in minor units. @returns its id at Klarna */
  async order(amount = 10_000): Promise<string> {
    const { token, cart } = await this.authorized(cartOf(amount));
    const order = await this.post(`/payments/v1/authorizations/${token}/order`, cart);
    if (order.status !== 200) throw new Error(`No order: ${order.status} ${order.text}`);
    return (order.json as { order_id: string }).order_id;
  }

  /** The gateway's own picture of an order. */
  async stored(orderId: string): Promise<Record<string, unknown>> {
    return (await this.get(`/orders/${orderId}`)).json as Record<string, unknown>;
  }
}

export interface Cart {
  [field: string]: unknown;
  order_amount: number;
}

/** A cart of one line that Klarna's arithmetic accepts. @param amount minor units, including 25 % tax */
export function cartOf(amount: number, more: Record<string, unknown> = {}): Cart {
  const tax = amount - Math.round((amount * 10_000) / 12_500);
  const line = { name: 'Running shoes', quantity: 1, unit_price: amount, tax_rate: 2500, total_amount: amount, total_tax_amount: tax };
  return {
    purchase_country: 'SE',
    purchase_currency: 'SEK',
    locale: 'sv-SE',
    order_amount: amount,
    order_tax_amount: tax,
    order_lines: [line],
    ...more,
  };
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function exchange(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: Buffer | undefined,
  patienceMs?: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body ? { 'Content-Length': String(body.length) } : method === 'GET' ? {} : { 'Content-Length': '0' };
    const request = httpRequest(url, { method, headers: { ...length, ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          rawHeaders: response.rawHeaders,
          body: bytes,
          text,
          json: jsonOf(text),
        });
      });
    });
    request.on('error', reject);
    if (patienceMs !== undefined) {
      const timer = setTimeout(() => request.destroy(new Error(`No answer within ${patienceMs} ms`)), patienceMs);
      request.on('close', () => clearTimeout(timer));
    }
    request.end(body);
  });
}

function jsonOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
