import type { Callback } from '../callbacks/callback.js';
import { MISTAKES, mistaken, NoPlaceForIt, type OtherIds } from '../callbacks/mistakes.js';
import type { JsonObject, JsonValue } from '../json.js';
import { isCallbackUrl } from '../klarna/payments-shapes.js';
import type { World } from '../klarna/work.js';
import { json, optionalObject, wholeObject, type Handler } from './handler.js';
import { ControlRefusal } from './refusal.js';

/** How many copies of one callback are sent at once, at most. */
const MOST_TIMES = 1_000;
const OTHER_IDS = ['order_id', 'session_id', 'authorization_token'] as const;

/** What a test does with Klarna's callbacks: looks at them, lets the held ones go, repeats them, gets them wrong. */
export const CALLBACK_CONTROLS: Record<string, Handler> = {
  'GET /simulator/callbacks': ({ world }) => {
    const time = (at: number | null) => (at === null ? null : world.clock.iso(at));
    const callbacks = [...world.store.rows.callbacks.values()].map((callback) => ({
      ...callback,
      first_at: time(callback.first_at),
      next_at: time(callback.next_at),
      attempts: callback.attempts.map((attempt) => ({ ...attempt, at: time(attempt.at) })),
    }));
    return json(200, { callbacks });
  },

  'POST /simulator/callbacks/release': async ({ world }, request) => {
    const released: JsonObject[] = [];
    for (const callback_id of toRelease(world, optionalObject(request))) {
      released.push({ callback_id, ...(await world.callbacks.release(callback_id)) });
    }
    return json(200, { released });
  },

  'POST /simulator/callbacks/send': async ({ world }, request) => {
    const { url, body = '', content_type, ...unknown } = wholeObject(request);
    refuseUnknown(unknown, ['url', 'body', 'content_type']);
    if (typeof url !== 'string' || !isCallbackUrl(url, world.switches.get('callbacks_http_loopback')))
      throw new ControlRefusal(400, 'url must be https, or http on this machine');
    if (typeof body !== 'string') throw new ControlRefusal(400, 'body must be text');
    if (content_type !== undefined && (typeof content_type !== 'string' || !/^[\x20-\x7e]+$/.test(content_type)))
      throw new ControlRefusal(400, 'content_type must be the text of a header');
    return json(200, { attempts: [await world.callbacks.sendMadeUp({ url, body }, content_type)] });
  },

  'POST /simulator/callbacks/:id/send': async ({ world }, request, id) => {
    const callback = known(world, id);
    const { wrong, times = 1, ...rest } = optionalObject(request);
    const { order_id, session_id, authorization_token, ...unknown } = rest;
    refuseUnknown(unknown, ['wrong', 'times', ...OTHER_IDS]);
    const mistake = MISTAKES.find((one) => one === wrong);
    if (wrong !== undefined && mistake === undefined) throw new ControlRefusal(400, `wrong must be one of ${MISTAKES.join(', ')}`);
    if (typeof times !== 'number' || !Number.isInteger(times) || times < 1 || times > MOST_TIMES)
      throw new ControlRefusal(400, `times must be a whole number from 1 to ${MOST_TIMES}`);
    const instead = orRefuse(() => mistaken(callback, otherIds({ order_id, session_id, authorization_token }), mistake));
    const attempts = await Promise.all(Array.from({ length: times }, () => world.callbacks.sendNow(callback, instead)));
    return json(200, { attempts });
  },
};

/** The callbacks that a release names, in its order; all that are held, as they were planned, when it names none. */
function toRelease(world: World, { callback_ids: ids, ...unknown }: JsonObject): string[] {
  refuseUnknown(unknown, ['callback_ids']);
  if (ids === undefined) {
    const held = [...world.store.rows.callbacks.values()].filter(({ withheld }) => withheld === 'held');
    return held.map(({ callback_id }) => callback_id);
  }
  if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string') || new Set(ids).size < ids.length)
    throw new ControlRefusal(400, 'callback_ids must be a list of different ids');
  for (const id of ids as string[]) {
    if (known(world, id).withheld === undefined) throw new ControlRefusal(409, `Callback ${id} is neither held nor lost`);
  }
  return ids as string[];
}

function known(world: World, id: string): Callback {
  const callback = world.store.rows.callbacks.get(id);
  if (callback === undefined) throw new ControlRefusal(404, 'Nothing has this id');
  return callback;
}

function otherIds(given: Record<(typeof OTHER_IDS)[number], JsonValue | undefined>): OtherIds {
  const ids: OtherIds = {};
  for (const name of OTHER_IDS) {
    const id = given[name];
    if (id === undefined) continue;
    if (typeof id !== 'string' || id === '') throw new ControlRefusal(400, `${name} must be an id`);
    ids[name] = id;
  }
  return ids;
}

function refuseUnknown(given: JsonObject, allowed: readonly string[]): void {
  const [name] = Object.keys(given);
  if (name !== undefined) throw new ControlRefusal(400, `Unknown member ${name}. Allowed: ${allowed.join(', ')}`);
}

function orRefuse<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof NoPlaceForIt) throw new ControlRefusal(409, error.message);
    throw error;
  }
}
