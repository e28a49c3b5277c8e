import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../config/configuration-error.js';
import { key32 } from '../../config/value-kinds.js';
import { createOnce } from './data-lock.js';

/**
 * The key of the sealed envelope when DATA_KEY is not set: made once and kept in DATA_DIR, readable by its owner alone.
 * @param hasData whether something was sealed in this folder before; a new key would make that unreadable for ever
 */
export function dataKeyIn(folder: string, hasData: boolean): Buffer {
  const path = join(folder, 'data.key');
  if (!existsSync(path)) {
    if (hasData) {
      throw new ConfigurationError([
        `${path} is missing, but the data beside it is sealed with it: put it back, or set DATA_KEY to its content`,
      ]);
    }
    mkdirSync(folder, { recursive: true });
    createOnce(path, `${randomBytes(32).toString('base64')}\n`, 0o600);
  }
  const key = key32.parse(readFileSync(path, 'utf8').trim());
  if (key === undefined) throw new ConfigurationError([`${path} does not hold a key; allowed: ${key32.allowed}`]);
  return key;
}
