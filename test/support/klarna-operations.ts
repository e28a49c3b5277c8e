import { randomUUID } from 'node:crypto';
import { type ApiDocument, type ApiOperation, operationsOf, type Response } from './api-document.js';
import type { Client } from './client.js';

/** One of Klarna's operations. */
export interface KlarnaOperation extends ApiOperation {
  /** The first example of its body. */
  example: Record<string, unknown> | undefined;
  /** Whether Klarna takes an idempotency key with it: sending it again is then the way to ask. */
  keyed: boolean;
  /** Whether its body can have `order_lines`. */
  hasLines: boolean;
  success: { status: number; headers: string[]; body: 'none' | 'object' | 'list' };
  /** The path with ids that nobody has used. */
  readonly path: () => string;
}

const KLARNAS = /^\/(payments|customer-token|checkout|ordermanagement|hpp)\//;
const OWN = /^\/(notifications|metrics|orders|operations|order-lines|health)(\/|$)/;

/** Klarna's own success. 202 is the gateway's while the outcome is open; where Klarna says nothing else, its own 202 is bare. */
function successOf(responses: Record<string, Response>): [status: string, success: Response] {
  return Object.entries(responses).find(([code]) => code.startsWith('2') && code !== '202') ?? ['202', {}];
}

/**
 * Every operation of Klarna's that a document has: what is added there is tested from then on.
 * @throws Error for an operation that is neither Klarna's nor the gateway's own, which no test would see
 */
export function klarnaOperationsIn(document: ApiDocument): KlarnaOperation[] {
  const all = operationsOf(document);
  const strange = all.filter(({ route }) => !KLARNAS.test(route) && !OWN.test(route));
  if (strange.length > 0) throw new Error(`Whose operations are these? ${strange.map(({ name }) => name).join(', ')}`);
  return all
    .filter(({ route }) => KLARNAS.test(route))
    .map((operation) => {
      const { route, parameters, body, responses } = operation;
      const [status, success] = successOf(responses);
      const shown = success.content?.['application/json']?.schema;
      return {
        ...operation,
        example: Object.values(body?.examples ?? {})[0] as Record<string, unknown> | undefined,
        // Checkout's key is known here alone; a write that is followed to its end may answer 202.
        keyed: '202' in responses && parameters.some(({ name }) => name === 'Klarna-Idempotency-Key'),
        hasLines: 'order_lines' in (body?.schema.properties ?? {}),
        success: {
          status: Number(status),
          headers: Object.keys(success.headers ?? {}),
          body: shown === undefined ? 'none' : shown.type === 'array' ? 'list' : 'object',
        },
        path: () => route.replaceAll(/\{[^}]+\}/g, () => randomUUID()),
      };
    });
}

/** Every operation of Klarna's that the gateway serves. */
export async function klarnaOperations(client: Client): Promise<KlarnaOperation[]> {
  return klarnaOperationsIn((await client.get('/docs-json')).json as ApiDocument);
}
