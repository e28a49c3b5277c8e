import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { CHECKOUTS, checkoutOf, opened } from './checkouts.js';
import { type Answer, cartOf } from './client.js';
import type { TestGateway } from './gateway.js';
import { ordersPath } from './scene.js';
import { chargeOf, customerToken, orderIn, REQUEST, tokenPath } from './tokens.js';

/** One write on something of its own. */
export interface Scene {
  method: string;
  path: string;
  call(prefer?: string): Promise<Answer>;
  /** Known once there is an order. */
  orderId(): string | null;
}

export interface WriteRow {
  name: string;
  class: 'durable' | 'bounded' | 'interactive';
  api: 'order-management' | 'payments' | 'customer-token' | 'checkout' | 'hosted-payment-page';
  /** Its answer must name what was made. */
  named: boolean;
  success: number;
  /** A repeat is the same intent: it has a key, or a token for one. */
  repeatable: boolean;
  /** Done once, Klarna refuses to do it again. */
  onlyOnce?: true;
  /** Klarna shows nothing of its effect: asking again is the only way to find out; a bounded one only its caller may ask. */
  unseen?: true;
  /** Whether its path is its own, so that its scenes can be played side by side. */
  ownPath: boolean;
  /** A second execution does harm: what may have happened is not sent again, however often the fault hits. */
  neverTwice?: true;
  prepare(gateway: TestGateway, amount: number): Promise<Scene>;
}

/** An Order Management write on a new order, after what it needs was done. */
function onOrder(suffix: string, body: unknown, captured: number, method: 'POST' | 'PATCH' = 'POST') {
  return async (gateway: TestGateway, amount: number): Promise<Scene> => {
    const id = await gateway.order(amount);
    // Known as Klarna knows it: what an extension is told by is when the order ended before.
    expect((await gateway.get(ordersPath(id))).status).toBe(200);
    let captureId = '';
    if (captured > 0) {
      const capture = await gateway.post(ordersPath(id, '/captures'), { captured_amount: captured });
      expect(capture.status).toBe(201);
      captureId = capture.headers['capture-id'] ?? '';
    }
    const path = ordersPath(id, suffix.replace('{capture_id}', captureId));
    const key = randomUUID();
    const call = (prefer?: string) => gateway.call(method, path, { body, key, headers: prefer === undefined ? {} : { Prefer: prefer } });
    return { method, path, call, orderId: () => id };
  };
}

/** A change of an order or of a capture that is answered with 204. */
function change(name: string, prepare: WriteRow['prepare'], unseen?: 'unseen'): WriteRow {
  return {
    ...{ name, class: 'durable', api: 'order-management', named: false, success: 204, repeatable: true, ownPath: true, prepare },
    ...(unseen === undefined ? {} : { unseen: true }),
  };
}

const PARCEL = { shipping_info: [{ shipping_company: 'dhl-express', tracking_number: '63456415674545679874' }] };
const UPDATED = {
  order_amount: 9_000,
  order_lines: [{ name: 'Running shoes', quantity: 1, unit_price: 9_000, tax_rate: 2_500, total_amount: 9_000, total_tax_amount: 1_800 }],
};

/** A write that belongs to no order. */
function plain(gateway: TestGateway, method: string, path: string, what: { body: unknown; key?: string }): Scene {
  const call = (prefer?: string) => gateway.call(method, path, { ...what, headers: prefer === undefined ? {} : { Prefer: prefer } });
  return { method, path, call, orderId: () => null };
}

const BY_MAIL = { method: 'email', contact_information: { email: 'alva@example.com' } };

/** A page for a payment session of its own, at Klarna's host. */
async function hostedPage(gateway: TestGateway, amount: number): Promise<{ url: string; id: string }> {
  const session = await gateway.post('/payments/v1/sessions', cartOf(amount));
  const url = `${gateway.simulatorUrl}/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`;
  const page = await gateway.post('/hpp/v1/sessions', { payment_session_url: url });
  expect(page.status).toBe(201);
  return { url, id: (page.json as { session_id: string }).session_id };
}

export const WRITES: WriteRow[] = [
  {
    ...{ name: 'capture', class: 'durable', api: 'order-management', named: true, success: 201, repeatable: true, ownPath: true },
    prepare: onOrder('/captures', { captured_amount: 2_500, reference: 'parcel 1' }, 0),
  },
  {
    ...{ name: 'refund', class: 'durable', api: 'order-management', named: true, success: 201, repeatable: true, ownPath: true },
    prepare: onOrder('/refunds', { refunded_amount: 1_500, reference: 'return 1' }, 2_500),
  },
  change('cancel', onOrder('/cancel', undefined, 0)),
  change('release', onOrder('/release-remaining-authorization', undefined, 2_500)),
  change('acknowledge', onOrder('/acknowledge', undefined, 0), 'unseen'),
  change('authorization update', onOrder('/authorization', UPDATED, 0, 'PATCH')),
  change('extension of the authorization', onOrder('/extend-authorization-time', undefined, 0)),
  change('merchant references', onOrder('/merchant-references', { merchant_reference1: 'B', merchant_reference2: '' }, 0, 'PATCH')),
  change('customer details', onOrder('/customer-details', { shipping_address: { given_name: 'Alva', country: 'SE' } }, 0, 'PATCH')),
  change('shipping info', onOrder('/shipping-info', PARCEL, 0)),
  change('shipping info of a capture', onOrder('/captures/{capture_id}/shipping-info', PARCEL, 2_500)),
  change('send-out', onOrder('/captures/{capture_id}/trigger-send-out', undefined, 2_500), 'unseen'),
  change('extension of a due date', onOrder('/captures/{capture_id}/extend-due-date', { number_of_days: 14 }, 2_500, 'PATCH'), 'unseen'),
  {
    ...{ name: 'cancel authorization', class: 'durable', api: 'payments', named: false, success: 204, repeatable: false, ownPath: true },
    prepare: async (gateway, amount) => {
      const { token } = await gateway.authorized(cartOf(amount));
      const path = `/payments/v1/authorizations/${token}`;
      const call = (prefer?: string) => gateway.call('DELETE', path, { headers: prefer === undefined ? {} : { Prefer: prefer } });
      return { method: 'DELETE', path, call, orderId: () => null };
    },
  },
  {
    ...{ name: 'create order', class: 'bounded', api: 'payments', named: true, success: 200, repeatable: true, ownPath: true },
    prepare: async (gateway, amount) => {
      const { token, cart } = await gateway.authorized(cartOf(amount));
      const path = `/payments/v1/authorizations/${token}/order`;
      let orderId: string | null = null;
      const call = async (prefer?: string) => {
        const answer = await gateway.call('POST', path, { body: cart, headers: prefer === undefined ? {} : { Prefer: prefer } });
        if (answer.status === 200) orderId = (answer.json as { order_id: string }).order_id;
        return answer;
      };
      return { method: 'POST', path, call, orderId: () => orderId };
    },
  },
  {
    ...{ name: 'create customer token', class: 'bounded', api: 'payments', named: true, success: 200, repeatable: true, ownPath: true },
    unseen: true,
    prepare: async (gateway, amount) => {
      const { token } = await gateway.authorized(cartOf(amount, { intent: 'tokenize' }));
      return plain(gateway, 'POST', `/payments/v1/authorizations/${token}/customer-token`, { body: REQUEST });
    },
  },
  {
    ...{
      name: 'order of a customer token',
      class: 'durable',
      api: 'customer-token',
      named: true,
      success: 200,
      repeatable: true,
      ownPath: true,
    },
    prepare: async (gateway, amount) => {
      const token = await customerToken(gateway);
      const scene = plain(gateway, 'POST', tokenPath(token, '/order'), { body: chargeOf(amount), key: randomUUID() });
      let id: string | null = null;
      const call = async (prefer?: string) => {
        const answer = await scene.call(prefer);
        if (answer.status === 200) id = orderIn(answer);
        return answer;
      };
      return { ...scene, call, orderId: () => id };
    },
  },
  {
    ...{ name: 'cancel of a customer token', class: 'durable', api: 'customer-token', named: false, success: 202, repeatable: false },
    ownPath: true,
    prepare: async (gateway) =>
      plain(gateway, 'PATCH', tokenPath(await customerToken(gateway), '/status'), { body: { status: 'CANCELLED' } }),
  },
  {
    ...{ name: 'update session', class: 'interactive', api: 'payments', named: false, success: 204, repeatable: false, ownPath: true },
    prepare: async (gateway, amount) => {
      const session = await gateway.post('/payments/v1/sessions', cartOf(amount));
      const path = `/payments/v1/sessions/${(session.json as { session_id: string }).session_id}`;
      const body = cartOf(amount + 5_000);
      const call = (prefer?: string) => gateway.call('POST', path, { body, headers: prefer === undefined ? {} : { Prefer: prefer } });
      return { method: 'POST', path, call, orderId: () => null };
    },
  },
  {
    ...{ name: 'create session', class: 'interactive', api: 'payments', named: true, success: 200, repeatable: false, ownPath: false },
    prepare: (gateway, amount) => {
      const path = '/payments/v1/sessions';
      const body = cartOf(amount);
      const call = (prefer?: string) => gateway.call('POST', path, { body, headers: prefer === undefined ? {} : { Prefer: prefer } });
      return Promise.resolve({ method: 'POST', path, call, orderId: () => null });
    },
  },
  {
    ...{ name: 'create checkout', class: 'interactive', api: 'checkout', named: true, success: 201, repeatable: false, ownPath: false },
    prepare: (gateway, amount) => Promise.resolve(plain(gateway, 'POST', CHECKOUTS, { body: checkoutOf(amount) })),
  },
  {
    ...{ name: 'update checkout', class: 'interactive', api: 'checkout', named: false, success: 200, repeatable: false, ownPath: true },
    prepare: async (gateway, amount) => {
      const { id } = await opened(gateway, checkoutOf(amount));
      return plain(gateway, 'POST', `${CHECKOUTS}/${id}`, { body: cartOf(amount + 5_000) });
    },
  },
  {
    ...{ name: 'abort checkout', class: 'interactive', api: 'checkout', named: false, success: 200, repeatable: false, ownPath: true },
    onlyOnce: true,
    prepare: async (gateway, amount) => {
      const { id } = await opened(gateway, checkoutOf(amount));
      return plain(gateway, 'POST', `${CHECKOUTS}/${id}/abort`, { body: undefined });
    },
  },
  {
    ...{
      name: 'disable page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: false,
      success: 204,
      repeatable: false,
      ownPath: true,
    },
    prepare: async (gateway, amount) =>
      plain(gateway, 'DELETE', `/hpp/v1/sessions/${(await hostedPage(gateway, amount)).id}`, { body: undefined }),
  },
  {
    ...{
      name: 'distribute page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: false,
      success: 204,
      repeatable: false,
      ownPath: true,
    },
    neverTwice: true,
    prepare: async (gateway, amount) =>
      plain(gateway, 'POST', `/hpp/v1/sessions/${(await hostedPage(gateway, amount)).id}/distribution`, { body: BY_MAIL }),
  },
  {
    ...{
      name: 'create page',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: true,
      success: 201,
      repeatable: false,
      ownPath: false,
    },
    neverTwice: true,
    prepare: async (gateway, amount) =>
      plain(gateway, 'POST', '/hpp/v1/sessions', { body: { payment_session_url: (await hostedPage(gateway, amount)).url } }),
  },
  {
    ...{
      name: 'create page for a checkout',
      class: 'interactive',
      api: 'hosted-payment-page',
      named: true,
      success: 201,
      repeatable: false,
      ownPath: false,
    },
    neverTwice: true,
    prepare: async (gateway, amount) => {
      const { id } = await opened(gateway, checkoutOf(amount));
      return plain(gateway, 'POST', '/hpp/v1/sessions', { body: { payment_session_url: `${gateway.url}${CHECKOUTS}/${id}` } });
    },
  },
];
