import { hookIdOf } from './records-told.js';

/** Our address as it stands in a request in place of the shop's own, with its member. */
const OURS = /,?"(\w+)":"(https?:\/\/[^"\s]+\/webhooks\/klarna\/[0-9a-f-]{36}\/[^"\s]+)"/g;

/**
 * The request as the shop sent it: with its own URLs in place of ours, and without those that were added.
 * @param templates the shop's own URLs by the id of the address that stands in their place; null: the shop sent none
 */
export function asTheShopSentIt(body: Buffer, templates: ReadonlyMap<string, string | null>): Buffer {
  const text = body.toString('latin1');
  if (!text.includes('/webhooks/klarna/')) return body;
  const restored = text.replaceAll(OURS, (written: string, entry: string, url: string) => {
    const template = templates.get(hookIdOf(url) ?? '');
    if (template === undefined) return written;
    if (template === null) return '';
    const comma = written.startsWith(',') ? ',' : '';
    return `${comma}"${entry}":${Buffer.from(JSON.stringify(template)).toString('latin1')}`;
  });
  return Buffer.from(restored, 'latin1');
}
