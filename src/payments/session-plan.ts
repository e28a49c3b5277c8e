import { FIRST_LOOK_MS } from '../persistence/repositories/sessions.repository.js';

const MINUTE_MS = 60_000;
/** After the creation of a session, and after each update: when shoppers usually authorize. */
const LOOKS_MS = [FIRST_LOOK_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, 50 * MINUTE_MS];
/** Later ones are so far apart that each authorization is seen well within its hour, whenever it was made. */
const EVERY_MS = 45 * MINUTE_MS;
const SESSION_LIFE_MS = 48 * 60 * MINUTE_MS;
/** An authorization that is known and not used is looked at so long before its end. */
const BEFORE_END_MS = 10 * MINUTE_MS;

/** How long an order can be placed with an authorization. */
export const AUTHORIZATION_LIFE_MS = 60 * MINUTE_MS;
/** For so long after something happened a read need not show it yet. */
export const READ_LAG_MS = 2 * MINUTE_MS;

export interface Planned {
  createdAt: Date;
  /** The last update. */
  touchedAt: Date | null;
  /** Klarna's word on when the session ends. */
  expiresAt: Date | null;
  /** The hour of the authorization that is known; null: there is none, or it is over. */
  authorizedUntil: Date | null;
}

/**
 * When a session that was just looked at is looked at again. An update adds looks and puts none off: those that follow the creation are
 * never more than 45 minutes apart. Null: it is over.
 */
export function nextLook({ createdAt, touchedAt, expiresAt, authorizedUntil }: Planned, now: Date): Date | null {
  const times = [afterAnchor(createdAt, now)];
  if (touchedAt !== null) times.push(afterAnchor(touchedAt, now));
  if (authorizedUntil !== null) times.push(...[-BEFORE_END_MS, 0].map((ms) => authorizedUntil.getTime() + ms));
  const next = Math.min(...times.filter((time) => time > now.getTime()));
  const end = Math.max(endOf({ createdAt, expiresAt }).getTime(), authorizedUntil?.getTime() ?? 0);
  return next > end ? null : new Date(next);
}

/** When a session ends, as far as it is known. */
export function endOf({ createdAt, expiresAt }: Pick<Planned, 'createdAt' | 'expiresAt'>): Date {
  return expiresAt ?? new Date(createdAt.getTime() + SESSION_LIFE_MS);
}

function afterAnchor(anchor: Date, now: Date): number {
  const elapsed = now.getTime() - anchor.getTime();
  const last = LOOKS_MS[LOOKS_MS.length - 1] ?? 0;
  const offset = LOOKS_MS.find((ms) => ms > elapsed) ?? last + (Math.floor((elapsed - last) / EVERY_MS) + 1) * EVERY_MS;
  return anchor.getTime() + offset;
}
