import { LIMIT } from './list-query.js';

/** `limit` and `cursor` of every list, for the OpenAPI document. */
export const LIMIT_QUERY = {
  name: 'limit',
  required: false,
  schema: { type: 'integer', minimum: LIMIT.least, maximum: LIMIT.most, default: LIMIT.usual },
} as const;
export const CURSOR_QUERY = { name: 'cursor', required: false, type: String, description: '`next_cursor` of the page before.' } as const;
