import { timingSafeEqual } from 'node:crypto';

/** A merchant's credentials. The user name is the merchant: sessions, orders and keys belong to it. */
export interface Account {
  username: string;
  password: string;
}

/** Splits `Authorization: Basic ...` into user name and password. */
export function basicCredentials(header: string | string[] | undefined): Account | undefined {
  const encoded = /^Basic\s+([A-Za-z0-9+/=_-]+)\s*$/i.exec(typeof header === 'string' ? header : '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** The merchants that the simulator knows. */
export class Accounts {
  private readonly passwords: Map<string, Buffer>;

  constructor(accounts: Account[]) {
    this.passwords = new Map(accounts.map(({ username, password }) => [username, Buffer.from(password)]));
  }

  /** The merchant whose credentials these are, or undefined. */
  merchant(header: string | string[] | undefined): string | undefined {
    const given = basicCredentials(header);
    const known = given && this.passwords.get(given.username);
    if (given === undefined || known === undefined) return undefined;
    const password = Buffer.from(given.password);
    return password.length === known.length && timingSafeEqual(password, known) ? given.username : undefined;
  }
}
