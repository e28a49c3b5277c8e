import { describe, expect, it } from '@jest/globals';
import { compareTold } from './compare-told.js';
import { asTheShopSentIt } from './readdressed.js';
import type { Ledger, OperationRow, Rows } from './records.js';
import { type EventRow, NOTHING_TOLD, SHOP, type Taking, type Told } from './records-told.js';
import { operation, ORDER, Scene } from './scene.js';

const HOOK = '01a200d8-6833-71ec-a4e6-27812ab67c39';
const OURS = `http://127.0.0.1:9/webhooks/klarna/${HOOK}/${'s'.repeat(43)}?session_id={session.id}&order_id={order.id}`;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const PUSH = `/shop/1-1/push?order=${ORDER}&session=session-1`;

const event = (sequence: number, type: string, data: Record<string, unknown> = {}): EventRow => ({
  ...{ id: `event-${sequence}`, subject: 'our-order', sequence, type, order: ORDER, operation: null, data },
});

/** An order with one capture, told of to an endpoint in strict order and pushed to its shop. A test changes what it is about. */
class World {
  events = [event(1, 'order.created'), event(2, 'order.captured', { capture_id: 'cap-1' })];
  endpoints: Told['endpoints'] = [
    { name: SHOP, id: null, types: [], strict: false, living: true },
    { name: 'strict', id: 'endpoint-1', types: null, strict: true, living: true },
    { name: 'dead', id: 'endpoint-2', types: null, strict: true, living: false },
  ];
  takings: Taking[] = [this.message(1), this.message(2), this.push()];
  deliveries: Told['deliveries'] = [
    this.delivery(1),
    this.delivery(2),
    { ...this.delivery(1), id: 'd-dead', endpointId: 'endpoint-2', state: 'due' },
  ];
  callbacks: Told['callbacks'] = [
    { id: 'callback-1', hookId: HOOK, entry: 'push', order: ORDER, times: 1, state: 'done', result: 'acknowledging' },
  ];
  sent: Told['sent'] = [{ id: 'sent-1', kind: 'push', url: OURS, order: ORDER, attempts: [{ at: NOW, status: 200 }] }];
  hooks: Told['hooks'] = [{ id: HOOK, entry: 'push', expiresAt: NOW + 1_000 }];
  strangers: string[] = [];
  operations: OperationRow[] = [];
  readonly scene = new Scene();

  message(sequence: number, more: Partial<Taking> = {}): Taking {
    const { id, type, order } = this.events[sequence - 1] ?? event(sequence, 'order.released');
    const body = JSON.stringify({ type, data: { sequence, provider_order_id: order } });
    return { at: 'strict', messageId: id, method: 'POST', path: '/endpoints/strict', body, end: 'taken', objection: null, ...more };
  }

  push(more: Partial<Taking> = {}): Taking {
    return { at: SHOP, messageId: 'callback-1', method: 'POST', path: PUSH, body: '', end: 'taken', objection: null, ...more };
  }

  delivery(sequence: number): Told['deliveries'][number] {
    const id = `delivery-${sequence}`;
    return {
      id,
      messageId: `event-${sequence}`,
      endpointId: 'endpoint-1',
      callbackId: null,
      state: 'delivered',
      reason: null,
      replayed: false,
    };
  }

  found(): string[] {
    const { events, endpoints, takings, deliveries, callbacks, sent, hooks, strangers, operations } = this;
    const told: Told = { ...NOTHING_TOLD, events, endpoints, takings, deliveries, callbacks, sent, hooks, strangers };
    const { rows, ledger } = this.scene.evidence();
    const all: Rows = { ...rows, operations: [...rows.operations, ...operations] };
    return compareTold(told, all, ledger satisfies Ledger).map(({ column, what }) => `${column}: ${what}`);
  }
}

describe('The comparison of what everybody was told', () => {
  it('finds nothing when everybody was told everything, however often', () => {
    const world = new World();
    expect(world.found()).toEqual([]);
    world.takings = [
      world.message(1, { end: 'refused' }),
      world.message(1),
      world.message(1),
      world.message(2),
      world.push(),
      world.push(),
    ];
    expect(world.found()).toEqual([]);
  });

  it('finds an event that did not come, and one that is on record as delivered and did not', () => {
    const world = new World();
    world.takings = [world.message(1), world.message(2, { end: 'refused' }), world.push()];
    expect(world.found()).toEqual([
      'lost: order.captured (2) never came to strict',
      'lost: delivery delivery-2 is on record as delivered, and never came to strict',
    ]);
    world.deliveries = [world.delivery(1), { ...world.delivery(2), state: 'dead' }];
    expect(world.found()).toEqual([
      'lost: order.captured (2) never came to strict',
      'lost: delivery delivery-2 to strict, which takes everything, is dead',
    ]);
    world.takings = [world.message(1), world.message(2), world.push()];
    world.deliveries = [{ ...world.delivery(1), id: 'passed-on', endpointId: null, messageId: 'callback-1', state: 'due' }];
    expect(world.found()).toEqual(['lost: delivery passed-on to shop, which takes everything, is due']);
  });

  it('asks nobody for types that he does not want', () => {
    const world = new World();
    world.endpoints = [{ ...world.endpoints[1]!, types: ['order.created'] }];
    world.takings = [world.message(1), world.push()];
    world.deliveries = [world.delivery(1)];
    expect(world.found()).toEqual([]);
  });

  it.each([
    ['a gap', [1, 3]],
    ['a number twice', [1, 1]],
    ['another beginning', [2, 3]],
  ])('finds %s in a story', (_, numbers) => {
    const world = new World();
    world.events = numbers.map((sequence, index) => ({ ...world.events[index]!, sequence }));
    world.takings = world.events.map(({ id, type, sequence }) =>
      world.message(1, { messageId: id, body: JSON.stringify({ type, data: { sequence, provider_order_id: ORDER } }) }),
    );
    expect(world.found()).toEqual([`mismatches: the events of our-order are numbered ${numbers.join(', ')}`]);
  });

  it('finds what happened and was not told, told twice, or told and did not happen', () => {
    const world = new World();
    world.endpoints = [];
    world.events = [event(1, 'order.created')];
    world.takings = [];
    expect(world.found()).toEqual(['lost: capture cap-1 was never told of']);
    world.events.push(event(2, 'order.captured', { capture_id: 'cap-1' }), event(3, 'order.captured', { capture_id: 'cap-1' }));
    expect(world.found()).toEqual(['doubles: capture cap-1 was told of 2 times']);
    world.events = [event(1, 'order.captured', { capture_id: 'cap-1' }), event(2, 'order.refunded', { refund_id: 'ref-1' })];
    expect(world.found()).toEqual([`lost: order ${ORDER} was never told of`, 'mismatches: refund ref-1 was told of, and there is none']);
  });

  it('finds a cancellation that was not told, or is none', () => {
    const world = new World();
    const { order } = world.scene;
    world.endpoints = [];
    world.takings = [];
    world.events.push(event(3, 'order.cancelled'));
    expect(world.found()).toEqual([`mismatches: cancellation of ${ORDER} was told of, and there is none`]);
    world.scene.order = { ...order, status: 'CANCELLED' };
    expect(world.found()).toEqual([]);
    world.events.pop();
    expect(world.found()).toEqual([`lost: cancellation of ${ORDER} was never told of`]);
  });

  it('finds what came out of order where order was asked for, unless it was replayed', () => {
    const world = new World();
    const wrong = ['mismatches: strict got order.created (1) after event 2 of the same story'];
    world.takings = [world.message(2), world.message(1), world.push()];
    expect(world.found()).toEqual(wrong);
    // What was refused first was not taken first; what came before comes again at any time.
    world.takings = [world.message(1, { end: 'refused' }), world.message(2), world.message(1), world.push()];
    expect(world.found()).toEqual(wrong);
    world.takings = [world.message(1), world.message(2), world.message(1), world.push()];
    expect(world.found()).toEqual([]);
    world.takings = [world.message(2), world.message(1), world.push()];
    world.deliveries = [{ ...world.delivery(1), replayed: true }, world.delivery(2)];
    expect(world.found()).toEqual([]);
    world.deliveries = [world.delivery(1), world.delivery(2)];
    world.endpoints = world.endpoints.map((each) => ({ ...each, strict: false }));
    expect(world.found()).toEqual([]);
  });

  it('finds a signature that is wrong, and a message that says something else than the record', () => {
    const world = new World();
    world.takings = [world.message(1, { objection: 'No matching signature found' }), world.message(2), world.push()];
    expect(world.found()).toEqual(['mismatches: message event-1 to strict: No matching signature found']);
    world.takings = [world.message(1), world.message(2, { body: '{"type":"order.captured","data":{"sequence":7}}' }), world.push()];
    expect(world.found()).toEqual([
      'mismatches: message event-2 to strict: it says order.captured (7), and order.captured (2) is on record',
    ]);
    world.takings = [world.message(1), world.message(2), world.message(1, { messageId: 'event-9', end: 'refused' }), world.push()];
    expect(world.found()).toEqual(['mismatches: message event-9 to strict: no such event is on record']);
  });

  it('finds a callback that was answered and not kept, or refused as nobody’s', () => {
    const world = new World();
    world.callbacks = [];
    expect(world.found()).toEqual(['lost: callback sent-1 (push) was answered 200 and is not on record']);
    const attempts = (at: number, status: number | null): void => {
      world.sent = [{ ...world.sent[0]!, attempts: [{ at, status }] }];
    };
    attempts(NOW, 503);
    expect(world.found()).toEqual([]);
    attempts(NOW, 404);
    expect(world.found()).toEqual(["lost: callback sent-1 (push) was refused as nobody's"]);
    // When its address has ended, it is answered and not kept; or the address is gone.
    attempts(NOW + 2_000, 200);
    expect(world.found()).toEqual([]);
    world.hooks = [];
    attempts(NOW + 31 * 86_400_000, 404);
    expect(world.found()).toEqual([]);
    attempts(NOW, 200);
    expect(world.found()).toHaveLength(1);
  });

  it('finds one of several that are the same, which was answered and not kept', () => {
    const world = new World();
    const [sent] = world.sent;
    const again = { ...sent!, id: 'sent-2', attempts: [200, 503, 200].map((status) => ({ at: NOW, status })) };
    world.sent = [sent!, again];
    world.callbacks = [{ ...world.callbacks[0]!, times: 3 }];
    expect(world.found()).toEqual([]);
    world.callbacks = [{ ...world.callbacks[0]!, times: 2 }];
    expect(world.found()).toEqual([`lost: callbacks to ${HOOK} were answered 200 3 times, and 2 are on record`]);
  });

  it('finds a callback that does not come to an end, or to a strange one', () => {
    const world = new World();
    const came = (state: string, result: string | null): string[] => {
      world.callbacks = [{ ...world.callbacks[0]!, state, result }];
      return world.found();
    };
    expect(came('received', 'waits-for-shop')).toEqual(['lost: callback callback-1 (push) is received (waits-for-shop), for ever']);
    expect(came('done', 'foreign')).toEqual(['mismatches: callback callback-1 (push) is done because it is foreign']);
    expect(came('given-up', null)).toEqual(['mismatches: callback callback-1 (push) is given-up because it is null']);
    expect(came('given-up', 'unreadable')).toEqual([]);
  });

  it('finds an order that its shop knows of and that nobody acknowledged', () => {
    const world = new World();
    const { order } = world.scene;
    world.scene.order = { ...order, acknowledged: false };
    expect(world.found()).toEqual([]);
    world.scene.order = { ...order, acknowledged: false, captures: [], captured_amount: 0 };
    world.events = [event(1, 'order.created')];
    world.takings = [world.message(1), world.push()];
    world.deliveries = [world.delivery(1)];
    expect(world.found()).toEqual(['lost: the shop took its push, and it was never acknowledged']);
    world.operations = [operation('op-5', 'acknowledge', { state: 'manual', reason: 'not-shown' })];
    expect(world.found()).toEqual([]);
    world.operations = [];
    world.takings = [world.message(1), world.push({ end: 'refused' })];
    expect(world.found()).toEqual([]);
  });

  it('finds what was sent where nobody asked for it, and not as Klarna would have', () => {
    const world = new World();
    world.strangers = ['POST /shop/9-9/push'];
    expect(world.found()).toEqual(['mismatches: sent to an address that nobody has given: POST /shop/9-9/push']);
    world.strangers = [];
    world.takings.push(world.push({ body: '{}' }));
    expect(world.found()).toEqual([`mismatches: ${PUSH} is not as Klarna would send it: a push has no body`]);
    world.takings.pop();
    const left = '/shop/1-1/push?order={order.id}&session=x';
    world.takings.push(world.push({ path: left, end: 'refused' }));
    expect(world.found()).toEqual([`mismatches: ${left} is not as Klarna would send it: placeholders are left`]);
  });
});

describe('A request as its shop sent it', () => {
  const template = 'https://shop.example/push?ä="{order.id}"';
  const sent = (urls: object): Buffer => Buffer.from(JSON.stringify({ name: 'Ö', merchant_urls: urls }));

  it('has the shop’s own URLs in place of ours', () => {
    const shown = asTheShopSentIt(sent({ confirmation: 'https://a.example', push: OURS }), new Map([[HOOK, template]]));
    expect(shown).toEqual(sent({ confirmation: 'https://a.example', push: template }));
  });

  it('has none of what was added, and everything that is not ours', () => {
    const urls = { confirmation: 'https://a.example', push: OURS };
    expect(asTheShopSentIt(sent(urls), new Map([[HOOK, null]]))).toEqual(sent({ confirmation: 'https://a.example' }));
    expect(asTheShopSentIt(sent(urls), new Map())).toEqual(sent(urls));
  });
});
