import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { AuthorizationCallbackHandler } from '../../src/payments/authorization-callback.handler.js';
import { EventsRepository } from '../../src/persistence/repositories/events.repository.js';
import type { Hook } from '../../src/persistence/repositories/hooks.repository.js';
import type { StoredCallback } from '../../src/webhooks/inbox/callback-handler.js';
import { cartOf } from '../support/client.js';
import type { TestGateway } from '../support/gateway.js';
import { gateAt, operation, rowsOf } from '../support/scene.js';
import { ended } from '../notifications/stored.js';
import { until } from '../support/until.js';
import { aHook, type AHook, callback, cameTo, lookAgain, passedOn, rowsOfHook, subjectOf } from './callbacks.js';
import { anEndpoint, authorizationsOf, eventsOf, toldAt } from './heard.js';
import { publicGateway, type PublicGateway } from './public-gateway.js';

const SESSIONS = '/payments/v1/sessions';

describe('an authorization callback', () => {
  let reached: PublicGateway;
  let gateway: TestGateway;
  beforeAll(async () => {
    reached = await publicGateway();
    gateway = reached.gateway;
    await anEndpoint(gateway);
  });
  afterAll(() => reached.close());

  const opened = async (more: Record<string, unknown> = {}, amount = 10_000): Promise<string> => {
    const made = await gateway.post(SESSIONS, cartOf(amount, more));
    expect([made.status, made.text]).toEqual([200, expect.any(String)]);
    return (made.json as { session_id: string }).session_id;
  };
  const authorize = async (sessionId: string): Promise<string> =>
    ((await gateway.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {})) as { authorization_token: string })
      .authorization_token;
  /** An address for the callbacks of a session that Klarna was not told of. */
  const addressOf = async (sessionId: string, template: string | null = 'https://shop.example/auth?s={session.id}') =>
    aHook(gateway, { entry: 'authorization', template, dataSubject: await subjectOf(gateway, 'payment_sessions', sessionId) });
  const received = (sessionId: string) => eventsOf(gateway, 'authorization.received', 'session_id', sessionId);
  const body = (token: string, sessionId: string, more: object = {}) => ({ authorization_token: token, session_id: sessionId, ...more });
  const bodies = (hook: AHook) => passedOn(gateway, hook).then((rows) => rows.map(({ state }) => state));

  it("comes from Klarna, is announced once with its token, and goes on to the caller's own URL as Klarna wrote it", async () => {
    const path = randomUUID();
    const urls = { authorization: `https://shop.example/${path}?s={session.id}`, confirmation: 'https://shop.example/thanks' };
    const sessionId = await opened({ merchant_urls: urls, merchant_reference1: 'cart-7' });
    const token = await authorize(sessionId);
    const [event, ...more] = await until('it is announced', async () => {
      const events = await received(sessionId);
      return events.length > 0 && events;
    });
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      data: { session_id: sessionId, order_amount: 10_000, currency: 'SEK', purchase_country: 'SE', merchant_reference1: 'cart-7' },
      secret: { authorization_token: token },
      deliveries: [{ state: 'due' }],
    });
    expect(JSON.stringify(event?.data)).not.toContain(token);
    expect(await toldAt(gateway, path)).toMatchObject([
      { url: `https://shop.example/${path}?s=${sessionId}`, method: 'POST', body: JSON.stringify(body(token, sessionId)), state: 'due' },
    ]);
    expect(await authorizationsOf(gateway, sessionId)).toEqual([{ source: 'callback', outcome: null, hasToken: true }]);
  });

  it('leaves no token where it can be read', async () => {
    const sessionId = await opened({ merchant_urls: { authorization: 'https://shop.example/auth' } });
    const token = await authorize(sessionId);
    await until('it is announced', async () => (await received(sessionId)).length > 0);
    const [{ dump } = { dump: '' }] = await rowsOf<{ dump: string }>(
      gateway.database,
      `SELECT concat((SELECT jsonb_agg(a) FROM authorizations a), (SELECT jsonb_agg(e) FROM events e), (SELECT jsonb_agg(d) FROM deliveries d),
         (SELECT jsonb_agg(c) FROM callbacks c), (SELECT jsonb_agg(s) FROM payment_sessions s)) AS dump`,
    );
    for (const written of [token, Buffer.from(token).toString('hex')]) expect(dump).not.toContain(written);
  });

  it('is announced and passed on once, however often and in however many words it comes', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    const token = await authorize(sessionId);
    for (const more of [{}, {}, { merchant_reference1: null }, { another: 1 }])
      await callback(gateway, hook, '', body(token, sessionId, more));
    await until('all were looked at', async () => (await rowsOfHook(gateway, hook)).every(({ state }) => state === 'done'));
    expect(await rowsOfHook(gateway, hook)).toHaveLength(3);
    expect(await received(sessionId)).toHaveLength(1);
    expect(await bodies(hook)).toEqual(['due']);
  });

  it('goes on in two words when it says more than the session shows', async () => {
    const sessionId = await opened({ merchant_reference1: 'true' });
    const path = randomUUID();
    const hook = await addressOf(sessionId, `https://shop.example/${path}`);
    const token = await authorize(sessionId);
    await callback(gateway, hook, '', body(token, sessionId, { merchant_reference1: 'forged' }));
    await cameTo(gateway, hook, 'announced');
    expect(await toldAt(gateway, path)).toMatchObject([{ body: JSON.stringify(body(token, sessionId)) }]);
  });

  it('with a forged token tells nobody of it, and of what the session does show', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    await callback(gateway, hook, '', body('forged', sessionId));
    await cameTo(gateway, hook, 'not-shown');
    expect([await received(sessionId), await passedOn(gateway, hook)]).toEqual([[], []]);
    const token = await authorize(sessionId);
    await lookAgain(gateway, hook);
    await until('the true one is announced', async () => (await received(sessionId)).length > 0);
    expect(await received(sessionId)).toMatchObject([{ secret: { authorization_token: token } }]);
    expect(await passedOn(gateway, hook)).toEqual([]);
  });

  it.each([
    ['another session', () => opened()],
    ['a session that nobody has', () => Promise.resolve(randomUUID())],
  ])('for %s than its address was made for does nothing', async (_, other) => {
    const hook = await addressOf(await opened());
    const sessionId = await other();
    const token = await authorize(sessionId).catch(() => 'any');
    await callback(gateway, hook, '', body(token, sessionId));
    const [row] = await until('it was looked at', async () => {
      const rows = await rowsOfHook(gateway, hook);
      return rows.every(({ state }) => state === 'done') && rows;
    });
    expect(['foreign', 'unknown-session']).toContain(row?.result);
    expect([await received(sessionId), await passedOn(gateway, hook)]).toEqual([[], []]);
  });

  it('without a word that can be read does nothing', async () => {
    const hook = await addressOf(await opened());
    await callback(gateway, hook, '', Buffer.from('{"authorization_token":"a","authorization_token":"b","session_id":"s"}'));
    await cameTo(gateway, hook, 'unreadable');
  });

  it('of a new authorization takes the place of the older one, whose announcements that still wait are cancelled', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    const first = await authorize(sessionId);
    await callback(gateway, hook, '', body(first, sessionId));
    await cameTo(gateway, hook, 'announced');
    const second = await authorize(sessionId);
    await callback(gateway, hook, '', body(second, sessionId));
    await until('the newer one is announced', async () => (await received(sessionId)).length === 2);
    expect(await received(sessionId)).toMatchObject([
      { secret: { authorization_token: first }, deliveries: [{ state: 'cancelled', reason: 'superseded' }] },
      { secret: { authorization_token: second }, deliveries: [{ state: 'due' }] },
    ]);
    expect(await bodies(hook)).toEqual(['cancelled', 'due']);
    // In other words, or by another hand, the old one stays old.
    await callback(gateway, hook, '', body(first, sessionId, { late: true }));
    await until('it was looked at', async () => (await rowsOfHook(gateway, hook)).some(({ result }) => result === 'superseded'));
    expect(await received(sessionId)).toHaveLength(2);
    expect(await authorizationsOf(gateway, sessionId)).toMatchObject([
      { outcome: 'superseded', hasToken: false },
      { outcome: null, hasToken: true },
    ]);
  });

  it('is not sent again to the own URL once there is a newer one, at whatever address that came', async () => {
    const sessionId = await opened();
    const [hook, other] = [await addressOf(sessionId), await addressOf(sessionId)];
    const tell = async (at: AHook, token: string): Promise<string> => {
      for (const more of [{}, { in: 'other words' }]) await callback(gateway, at, '', body(token, sessionId, more));
      const [sent] = await until('it was passed on', async () => {
        const rows = await passedOn(gateway, at);
        return rows.length > 0 && (await rowsOfHook(gateway, at)).every(({ state }) => state === 'done') && rows;
      });
      const id = sent?.id ?? '';
      await ended(gateway, [id], 'delivered');
      return id;
    };
    const again = async (id: string) => {
      const { status, json } = await gateway.post(`/notifications/${id}/replay`);
      return [status, (json as { detail?: string }).detail];
    };
    const older = await tell(hook, await authorize(sessionId));
    // That Klarna says it in two ways is no second authorization.
    expect(await again(older)).toEqual([202, undefined]);
    await ended(gateway, [older], 'delivered');
    const newer = await tell(other, await authorize(sessionId));
    expect(await again(older)).toEqual([409, expect.stringContaining('newer authorization')]);
    expect(await again(newer)).toEqual([202, undefined]);
  });

  it('is not lost when Klarna does not answer the first look', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    const token = await authorize(sessionId);
    await gateway.fault('status', { method: 'GET', path: `${SESSIONS}/${sessionId}` }, { code: 500 });
    await callback(gateway, hook, '', body(token, sessionId));
    await cameTo(gateway, hook, 'announced');
    expect((await rowsOfHook(gateway, hook))[0]?.attempts).toBe(2);
  });

  it('that overtakes our own answer to the create session waits for it', async () => {
    const gate = await gateAt(gateway, 'after', SESSIONS);
    const call = gateway.post(SESSIONS, cartOf(10_000, { merchant_urls: { authorization: 'https://shop.example/auth' } }));
    await gate.waiting();
    const [open] = await rowsOf<{ id: string; data_subject: string }>(
      gateway.database,
      `SELECT id, data_subject FROM operations WHERE kind = 'payments.create-session' AND finished_at IS NULL`,
    );
    if (open === undefined) throw new Error('No operation is open');
    const hook = { operationId: open.id, dataSubject: open.data_subject } as Hook;
    const said = { body: Buffer.from(JSON.stringify(body('t', 's'))) } as StoredCallback;
    const handler = gateway.app.get(AuthorizationCallbackHandler, { strict: false });
    expect(await handler.handle(said, hook)).toMatchObject({ then: 'again', result: 'operation-open' });
    await gate.open();
    await call;
    expect((await operation(gateway, open.id)).state).toBe('succeeded');
    expect(await handler.handle(said, hook)).toEqual({ then: 'done', result: 'unknown-session' });
  });

  it('that comes after an order was placed announces nothing', async () => {
    const { token, sessionId, cart } = await gateway.authorized();
    const hook = await addressOf(sessionId);
    expect((await gateway.post(`/payments/v1/authorizations/${token}/order`, cart)).status).toBe(200);
    await callback(gateway, hook, '', body(token, sessionId));
    await cameTo(gateway, hook, 'order-placed');
    expect([await received(sessionId), await passedOn(gateway, hook)]).toEqual([[], []]);
  });

  it('is over once an order was placed with it', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    const token = await authorize(sessionId);
    await callback(gateway, hook, '', body(token, sessionId));
    await cameTo(gateway, hook, 'announced');
    expect((await gateway.post(`/payments/v1/authorizations/${token}/order`, cartOf(10_000))).status).toBe(200);
    expect(await authorizationsOf(gateway, sessionId)).toEqual([{ source: 'callback', outcome: 'used', hasToken: false }]);
  });

  it('is kept and announced in one transaction: what fails between leaves nothing, and is made up for', async () => {
    const sessionId = await opened();
    const hook = await addressOf(sessionId);
    const token = await authorize(sessionId);
    const publish = jest.spyOn(gateway.app.get(EventsRepository), 'publish').mockRejectedValueOnce(new Error('on purpose'));
    await callback(gateway, hook, '', body(token, sessionId));
    await until('it failed', () => publish.mock.calls.length > 0);
    publish.mockRestore();
    await cameTo(gateway, hook, 'announced');
    expect([(await received(sessionId)).length, await bodies(hook)]).toEqual([1, ['due']]);
  });
});
