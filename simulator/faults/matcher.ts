import { ControlRefusal } from '../control/refusal.js';
import { isObject } from '../json.js';

/** Which requests a fault or a gate is for: a path, exact or as a prefix ending in `*`, and perhaps a method. */
export interface Matcher {
  method?: string;
  path: string;
}

export function readMatcher(value: unknown): Matcher {
  if (!isObject(value) || typeof value.path !== 'string' || !value.path.startsWith('/')) {
    throw new ControlRefusal(400, 'match must be {method?, path}; path starts with / and is exact or ends in *');
  }
  if (value.method === undefined || value.method === null) return { path: value.path };
  if (typeof value.method !== 'string') throw new ControlRefusal(400, 'match.method must be text');
  return { method: value.method.toUpperCase(), path: value.path };
}

export function matches(matcher: Matcher, method: string, path: string): boolean {
  if (matcher.method !== undefined && matcher.method !== method) return false;
  return matcher.path.endsWith('*') ? path.startsWith(matcher.path.slice(0, -1)) : path === matcher.path;
}
