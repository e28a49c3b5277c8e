// The shop and the warehouse, which call the gateway, and the hand that plays shopper and fate at the simulator.
import { Buffer } from 'node:buffer';

const PATIENCE_MS = 60_000;

/** A system of the merchant: speaks Klarna's wire format, with the gateway's address and credentials in place of Klarna's. */
export class MerchantSystem {
  constructor(url) {
    this.url = url;
  }

  /** @returns the answer with its duration; `json` is undefined for a bare answer */
  async call(method, path, { body, key, headers = {} } = {}) {
    const began = performance.now();
    const response = await fetch(this.url + path, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        Authorization: `Basic ${Buffer.from('demo:demo').toString('base64')}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key === undefined ? {} : { 'Klarna-Idempotency-Key': key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = { method, path, status: response.status, headers: response.headers, ms: performance.now() - began };
    return { ...answer, text, json: text === '' ? undefined : JSON.parse(text) };
  }

  /** A call that the story can't go on without. */
  async expect(status, method, path, options) {
    const answer = await this.call(method, path, options);
    if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${answer.text}`);
    return answer;
  }

  async get(path) {
    return (await this.expect(200, 'GET', path)).json;
  }
}

/** The simulator's own side, which Klarna does not have. */
export class Simulator {
  constructor(url) {
    this.url = url;
  }

  async call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} at the simulator answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** The next call that matches goes wrong in this way. */
  fault(kind, match, more = {}) {
    return this.call('POST', '/simulator/faults', { kind, match, times: 1, ...more });
  }

  /** Holds the answers of matching calls, after Klarna has executed them. */
  async holdAnswers(match) {
    const { id } = await this.call('POST', '/simulator/gates', { match, at: 'after' });
    return {
      /** Resolves when a call stands there. */
      reached: async () => {
        while ((await this.call('GET', `/simulator/gates/${id}?waiting=1`)).waiting === 0);
      },
      open: () => this.call('DELETE', `/simulator/gates/${id}`),
    };
  }

  ledger(orderId) {
    return this.call('GET', `/simulator/ledger/orders/${orderId}`);
  }
}
