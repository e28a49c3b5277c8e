import type { JsonObject } from '../json.js';
import { FRAUD_EVENTS } from '../callbacks/callbacks.js';
import { authorizeSession, CannotAuthorize } from '../klarna/authorizations.js';
import { completeCheckout } from '../klarna/complete-checkout.js';
import { CannotDecide, decideNow } from '../klarna/fraud-decision.js';
import type { CustomerToken } from '../klarna/model.js';
import { CannotComplete } from '../klarna/open-checkout.js';
import { PAGE_ACTIONS, playPage } from '../klarna/play-page.js';
import { changeByShopper } from '../klarna/shopper-changes.js';
import type { World } from '../klarna/work.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { UnknownSwitch } from '../switches.js';
import { CALLBACK_CONTROLS } from './callback-controls.js';
import { done, found, json, optionalObject, removed, wholeObject, withCallbacks, type Controlled, type Handler } from './handler.js';
import { ControlRefusal } from './refusal.js';
import { saveSettings } from './settings-row.js';

/** How long `GET /simulator/gates/{id}?waiting=n` waits, in real milliseconds. */
const GATE_POLL_MS = 10_000;

const CONTROLS: Record<string, Handler> = {
  'POST /simulator/sessions/:id/authorize': ({ world }, request, id) =>
    json(200, { authorization_token: authorizeSession(withCallbacks(world, request), id, optionalObject(request)).authorization_token }),

  'POST /simulator/customer-tokens/:id': ({ world }, request, id) => {
    const { status, charges } = orderToken(world, id, wholeObject(request));
    return json(200, { status, charges });
  },
  'GET /simulator/ledger/customer-tokens': ({ ledger }) => json(200, { customer_tokens: ledger.customerTokens() }),

  'POST /simulator/hosted-pages/:id/play': async ({ world }, request, id) => {
    const { action, ...given } = wholeObject(request);
    const played = PAGE_ACTIONS.find((known) => known === action);
    if (played === undefined) throw new ControlRefusal(400, `action must be one of ${PAGE_ACTIONS.join(', ')}`);
    const { page, next } = await playPage(withCallbacks(world, request), id, played, given, request.url.origin);
    return json(200, { status: page.status, redirect_url: next ?? null });
  },

  'GET /simulator/ledger/hosted-pages': ({ ledger }) => json(200, { hosted_pages: ledger.hostedPages() }),
  'GET /simulator/ledger/hosted-pages/:id': ({ ledger }, _request, id) => found(ledger.hostedPage(id)),

  'POST /simulator/checkouts/:id/change': async ({ world }, request, id) =>
    json(200, { order_id: (await changeByShopper(world, id, optionalObject(request))).order_id }),

  'POST /simulator/checkouts/:id/complete': async ({ world }, request, id) =>
    json(200, {
      order_id: (await completeCheckout(withCallbacks(world, request), id, optionalObject(request), request.url.origin)).order_id,
    }),

  'POST /simulator/orders/:id/fraud': ({ world }, request, id) => {
    const { decision } = wholeObject(request);
    const event = FRAUD_EVENTS.find((known) => known === decision);
    if (event === undefined) throw new ControlRefusal(400, `decision must be one of ${FRAUD_EVENTS.join(', ')}`);
    return json(200, { fraud_status: decideNow(withCallbacks(world, request), id, event).fraud_status });
  },

  'GET /simulator/ledger/checkouts': ({ ledger }) => json(200, { checkouts: ledger.checkouts() }),
  'GET /simulator/ledger/orders': ({ ledger }) => json(200, { orders: ledger.orders() }),
  'GET /simulator/ledger/orders/:id': ({ ledger }, _request, id) => found(ledger.order(id)),
  'GET /simulator/ledger/requests': ({ ledger }, { url }) => {
    const since = Number(url.searchParams.get('since') ?? 0);
    if (!Number.isSafeInteger(since)) throw new ControlRefusal(400, 'since must be the sequence of a request');
    return json(200, { requests: ledger.requests(since, url.searchParams.get('full') === 'true') });
  },
  'GET /simulator/ledger/summary': ({ ledger }) => json(200, ledger.summary()),

  'GET /simulator/clock': ({ world }) => json(200, { now: world.clock.iso(), offset_ms: world.clock.offset }),
  'POST /simulator/clock': ({ world }, request) => {
    const seconds = wholeObject(request).advance_seconds;
    if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0)
      throw new ControlRefusal(400, 'advance_seconds must be a number from 0');
    world.clock.advance(Math.round(seconds * 1000));
    saveSettings(world);
    return json(200, { now: world.clock.iso(), offset_ms: world.clock.offset });
  },

  'GET /simulator/behaviour': ({ world }) => json(200, world.switches.describe()),
  'POST /simulator/behaviour': ({ world }, request) => {
    world.switches.apply(wholeObject(request));
    saveSettings(world);
    return json(200, world.switches.describe());
  },
  'DELETE /simulator/behaviour': ({ world }) => {
    world.switches.reset();
    saveSettings(world);
    return done;
  },

  'GET /simulator/faults': ({ faults }) => json(200, { faults: faults.list() }),
  'POST /simulator/faults': ({ faults }, request) => json(201, { id: faults.add(wholeObject(request)).id }),
  'DELETE /simulator/faults': ({ faults }) => {
    faults.clear();
    return done;
  },
  'DELETE /simulator/faults/:id': ({ faults }, _request, id) => removed(faults.remove(id)),

  'GET /simulator/gates': ({ gates }) => json(200, { gates: gates.list() }),
  'POST /simulator/gates': ({ gates }, request) => json(201, { id: gates.add(wholeObject(request)).id }),
  'GET /simulator/gates/:id': async ({ gates }, { url }, id) =>
    found(await gates.find(id, Number(url.searchParams.get('waiting') ?? 0), GATE_POLL_MS)),
  'DELETE /simulator/gates': ({ gates }) => {
    gates.openAll();
    return done;
  },
  'DELETE /simulator/gates/:id': ({ gates }, _request, id) => removed(gates.open(id)),

  ...CALLBACK_CONTROLS,

  'DELETE /simulator/state': ({ world, faults, gates, ledger }) => {
    world.clock.clear();
    faults.clear();
    world.switches.reset();
    world.callbacks.reset();
    world.store.wipe();
    ledger.clear();
    gates.openAll();
    saveSettings(world);
    return done;
  },
};

/** Answers `/simulator/*`: what tests and people steer the simulator with. No credentials; undefined for an unknown path. */
export async function control(controlled: Controlled, request: OwnRequest): Promise<OwnReply> {
  const path = request.url.pathname;
  const handler = CONTROLS[`${request.method} ${path}`];
  try {
    if (handler !== undefined) return await handler(controlled, request, '');
    for (const [name, candidate] of Object.entries(CONTROLS)) {
      const id = idIn(name, `${request.method} ${path}`);
      if (id !== undefined) return await candidate(controlled, request, id);
    }
    throw new ControlRefusal(404, `${request.method} ${path} is not a control of the simulator`);
  } catch (error) {
    if (isRefusal(error)) return json(error.status, { error: error.message });
    if (error instanceof UnknownSwitch) return json(400, { error: error.message });
    throw error;
  }
}

function isRefusal(error: unknown): error is Error & { status: number } {
  return [ControlRefusal, CannotAuthorize, CannotComplete, CannotDecide].some((Refusal) => error instanceof Refusal);
}

/** What Klarna would do to a token by itself: suspend it, or decline its charges from now on. */
const TOKEN_ORDERS = { status: ['ACTIVE', 'SUSPENDED'], charges: ['accepted', 'declined', 'unavailable'] } as const;

function orderToken(world: World, id: string, given: JsonObject): CustomerToken {
  const token = world.store.rows.customer_tokens.get(id);
  if (token === undefined) throw new ControlRefusal(404, 'Nothing has this id');
  const changed = { ...token };
  for (const [name, value] of Object.entries(given)) {
    const allowed: readonly string[] = Object.hasOwn(TOKEN_ORDERS, name) ? TOKEN_ORDERS[name as keyof typeof TOKEN_ORDERS] : [];
    if (typeof value !== 'string' || !allowed.includes(value))
      throw new ControlRefusal(400, `${name} takes ${allowed.join(', ') || 'nothing'}`);
    Object.assign(changed, { [name]: value });
  }
  if (token.status === 'CANCELLED') throw new ControlRefusal(409, 'A cancelled token stays cancelled');
  world.store.commit([['customer_tokens', id, changed]], world.clock.now());
  return changed;
}

function idIn(pattern: string, target: string): string | undefined {
  const [before, after] = pattern.split(':id');
  if (before === undefined || after === undefined || !target.startsWith(before) || !target.endsWith(after)) return undefined;
  const id = target.slice(before.length, target.length - after.length);
  return id === '' || id.includes('/') ? undefined : id;
}
