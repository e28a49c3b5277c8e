import type { Settings } from '../config/settings.js';
import type { Watched } from '../persistence/repositories/expiry.repository.js';

/** What is to happen before authorizations end, as configured. */
export function watchedBy(settings: Pick<Settings, 'expiryNotice' | 'extendAuthorizations' | 'extendBefore'>): Watched {
  return { notices: settings.expiryNotice, extendBeforeMs: settings.extendAuthorizations === 'on' ? settings.extendBefore : null };
}
