import type { Preference } from '../operations/request.js';

/** Longer than any call to Klarna; proxies in between give up before. */
const LONGEST_WAIT_S = 120;

/** Reads `Prefer` (RFC 7240): `respond-async`, `wait=N` in seconds; whatever else stands there is not for us. The first of a name counts. */
export function preferenceIn(header: string | string[] | undefined): Preference {
  const found = new Map<string, string>();
  for (const entry of [header ?? []].flat().join(',').split(',')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*(?:=\s*"?([^";]*)"?)?/.exec(entry) ?? [];
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), value.trim());
  }
  const wait = found.get('wait') ?? '';
  return {
    respondAsync: found.has('respond-async'),
    waitMs: /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), LONGEST_WAIT_S) * 1000 : null,
  };
}
