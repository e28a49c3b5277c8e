import type { Faults } from '../faults/faults.js';
import type { Gates } from '../faults/gates.js';
import { isObject, type JsonObject, type JsonValue } from '../json.js';
import type { World } from '../klarna/work.js';
import type { Ledger } from '../ledger.js';
import type { OwnReply, OwnRequest } from '../server.js';
import { ControlRefusal } from './refusal.js';

/** What the controls of the simulator work on. */
export interface Controlled {
  world: World;
  faults: Faults;
  gates: Gates;
  ledger: Ledger;
}

/** @param id what the path names, where it names something */
export type Handler = (controlled: Controlled, request: OwnRequest, id: string) => OwnReply | Promise<OwnReply>;

export const json = (status: number, value: unknown): OwnReply => ({ status, type: 'application/json', body: JSON.stringify(value) });
export const done: OwnReply = { status: 204, type: '', body: '' };
export const found = (value: unknown): OwnReply => {
  if (value === undefined) throw new ControlRefusal(404, 'Nothing has this id');
  return json(200, value);
};
export const removed = (existed: boolean): OwnReply => {
  if (!existed) throw new ControlRefusal(404, 'Nothing has this id');
  return done;
};

/** The body as a JSON object; none is an empty one. @throws ControlRefusal 400 */
export function optionalObject(request: OwnRequest): JsonObject {
  return request.body.length === 0 ? {} : wholeObject(request);
}

/** The body as a JSON object. @throws ControlRefusal 400 */
export function wholeObject(request: OwnRequest): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(request.body.toString('utf8')) as JsonValue;
  } catch {
    throw new ControlRefusal(400, 'The body must be JSON');
  }
  if (!isObject(value)) throw new ControlRefusal(400, 'The body must be a JSON object');
  return value;
}

/** The world as what a request plays is to happen in: with `?callbacks=lost` nothing that follows from it is told. @throws ControlRefusal 400 */
export function withCallbacks(world: World, { url }: OwnRequest): World {
  const callbacks = url.searchParams.get('callbacks');
  if (callbacks === null) return world;
  if (callbacks !== 'lost') throw new ControlRefusal(400, 'callbacks takes lost');
  return { ...world, callbacks: world.callbacks.losing() };
}
