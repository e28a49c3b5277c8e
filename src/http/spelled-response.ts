import { ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';

const EXACT: Readonly<Record<string, string>> = { 'www-authenticate': 'WWW-Authenticate', etag: 'ETag' };

/** A header's name as Klarna writes it: `capture-id` is `Capture-Id`. */
export function spelled(name: string): string {
  return EXACT[name.toLowerCase()] ?? name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

/** Fastify writes header names in lower case; SDKs that compare names exactly expect Klarna's spelling. */
export class SpelledResponse extends ServerResponse {
  // Fastify calls it once, with the status and an object of headers; others use the remaining forms.
  override writeHead(status: number, ...rest: unknown[]): this {
    const headers = rest.at(-1);
    const before = rest.slice(0, -1) as [];
    if (typeof headers !== 'object' || headers === null) return super.writeHead(status, ...(rest as []));
    if (Array.isArray(headers)) return super.writeHead(status, ...before, headers as OutgoingHttpHeader[]);
    const named = Object.entries(headers as OutgoingHttpHeaders).map(([name, value]) => [spelled(name), value]);
    return super.writeHead(status, ...before, Object.fromEntries(named) as OutgoingHttpHeaders);
  }
}
