import ipaddr from 'ipaddr.js';
import { durationIn } from '../clock/durations.js';

/** How one kind of value is written in the environment: what is allowed, in words, and how it is read. */
export interface ValueKind<T> {
  readonly allowed: string;
  /** @returns the value, or undefined when the text is not allowed */
  readonly parse: (text: string) => T | undefined;
}

/** setTimeout takes at most 2^31-1 and fires at once above it, so no duration may be longer. */
const LONGEST_MS = 2_147_483_647;

export const text: ValueKind<string> = { allowed: 'any text', parse: (given) => given };

/** A user name of HTTP Basic, which a colon would end (RFC 7617). */
export const username: ValueKind<string> = {
  allowed: 'text without a colon',
  parse: (given) => (given.includes(':') ? undefined : given),
};

/** Any number of words out of some, separated by commas; `none`: no one of them. */
export function someOf<Word extends string>(...words: Word[]): ValueKind<readonly Word[]> {
  return {
    allowed: `${words.join(', ')}, separated by commas; or none`,
    parse: (given) => {
      if (given.trim() === 'none') return [];
      const parts = given.split(',').map((part) => part.trim());
      const known = words.filter((word) => parts.includes(word));
      return known.length === new Set(parts).size ? known : undefined;
    },
  };
}

/** One of a closed list of words. */
export function oneOf<const T extends string>(...words: readonly T[]): ValueKind<T> {
  return { allowed: words.join(' | '), parse: (given) => words.find((word) => word === given) };
}

/** A whole number; not `Number(text)`, which reads '' as 0 and '1e3' as 1000. */
export function whole(min: number, max: number): ValueKind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse: (given) => {
      const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A duration in milliseconds. */
export function milliseconds(min = 1, max = LONGEST_MS): ValueKind<number> {
  return { ...whole(min, max), allowed: `milliseconds, from ${min} to ${max}` };
}

/** Durations in milliseconds, separated by commas. */
export const millisecondsList: ValueKind<readonly number[]> = {
  allowed: 'milliseconds separated by commas, such as 1000,3000,8000',
  parse: (given) => {
    const values = given.split(',').map((part) => milliseconds(0).parse(part.trim()));
    return values.every((value) => value !== undefined) ? values : undefined;
  },
};

/** Ranges of addresses, separated by commas. */
export const cidrList: ValueKind<readonly string[]> = {
  allowed: 'ranges separated by commas, such as 10.0.0.0/8,fd12::/16',
  parse: (given) => {
    const ranges = given.split(',').map((part) => part.trim());
    // Each with all of its parts: ipaddr.js reads 10/8 as 0.0.0.10/8.
    return ranges.every((range) => /^(\d+\.\d+\.\d+\.\d+|[\da-f:.]*:[\da-f:.]*)\/\d+$/i.test(range) && ipaddr.isValidCIDR(range))
      ? ranges
      : undefined;
  },
};

/** A duration of days, hours or minutes, in milliseconds. */
export const duration: ValueKind<number> = { allowed: 'a duration such as 7d, 12h or 30m', parse: durationIn };

/** Durations in milliseconds, the longest first; none at all is a choice. */
export const durations: ValueKind<readonly number[]> = {
  allowed: 'durations such as 7d, 12h or 30m, separated by commas; or none',
  parse: (given) => {
    if (given.trim() === 'none') return [];
    const values = given.split(',').map((part) => durationIn(part.trim()));
    return values.every((value) => value !== undefined) ? [...new Set(values)].sort((a, b) => b - a) : undefined;
  },
};

/** Booleans are parsed, because the text "false" is truthy. */
export const flag: ValueKind<boolean> = {
  allowed: 'true | false',
  parse: (given) => ({ true: true, false: false })[given],
};

/** 32 bytes in base64, as `openssl rand -base64 32` writes them. */
export const key32: ValueKind<Buffer> = {
  allowed: '32 bytes in base64, as `openssl rand -base64 32` prints them',
  parse: (given) => {
    const bytes = Buffer.from(given, 'base64');
    return bytes.length === 32 && bytes.toString('base64').replace(/=+$/, '') === given.replace(/=+$/, '') ? bytes : undefined;
  },
};

/** An absolute URL with one of these schemes. */
export function url(...schemes: readonly string[]): ValueKind<string> {
  return {
    allowed: `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    parse: (given) => {
      if (!schemes.some((scheme) => given.startsWith(`${scheme}://`)) || !URL.canParse(given)) return undefined;
      return new URL(given).hostname === '' ? undefined : given;
    },
  };
}

/** The root of an HTTP service; its paths are appended, so no credentials, query or fragment, and the last slash goes. */
export const baseUrl: ValueKind<string> = {
  allowed: 'a URL that starts with http:// or https://, without credentials, query or fragment',
  parse: (given) => {
    if (url('http', 'https').parse(given) === undefined) return undefined;
    const { username: user, password, search, hash } = new URL(given);
    return user + password + search + hash === '' ? given.replace(/\/+$/, '') : undefined;
  },
};

/** A user name and password at one host, or at every host that is configured. */
export interface FormerCredentials {
  readonly username: string;
  readonly password: string;
  /** Undefined: every host that the configuration names. */
  readonly baseUrl: string | undefined;
}

/** Pairs `user:password`, or `user:password@https://host` for one host; white space can't be in either half, everything else can. */
export const formerCredentials: ValueKind<readonly FormerCredentials[]> = {
  allowed: 'user:password pairs separated by spaces; user:password@https://host for one host alone',
  parse: (given) => {
    const pairs = given.split(/\s+/).map((entry) => {
      const [, user, rest] = /^([^:]+):(.+)$/.exec(entry) ?? [];
      if (user === undefined || rest === undefined) return undefined;
      const [, secret, place] = /^(.+)@(https?:\/\/.*)$/.exec(rest) ?? [];
      if (secret === undefined || place === undefined) return { username: user, password: rest, baseUrl: undefined };
      const root = baseUrl.parse(place);
      return root === undefined ? undefined : { username: user, password: secret, baseUrl: root };
    });
    return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
  },
};
