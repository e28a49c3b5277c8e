import { randomUUID } from 'node:crypto';
import type { Client } from './client.js';

interface Schema {
  $ref?: string;
  type?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
}

interface Described {
  parameters?: { in: string; name: string }[];
  requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, { headers?: Record<string, unknown>; content?: Record<string, { schema: Schema }> }>;
}

interface Document {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

/** One of Klarna's operations, as the gateway's own document describes it. */
export interface KlarnaOperation {
  /** `POST /ordermanagement/v1/orders/{order_id}/captures` */
  name: string;
  method: string;
  takesBody: boolean;
  /** The first example of its body. */
  example: Record<string, unknown> | undefined;
  /** Whether Klarna takes an idempotency key with it: sending it again is then the way to ask. */
  keyed: boolean;
  /** Whether its body can have `order_lines`. */
  hasLines: boolean;
  success: { status: number; headers: string[]; body: 'none' | 'object' | 'list' };
  /** The path with ids that nobody has used. */
  path(): string;
}

const KLARNAS = /^\/(payments|customer-token|checkout|ordermanagement|hpp)\//;

/** Klarna's own success. 202 is the gateway's while the outcome is open; where Klarna says nothing else, its own 202 is bare. */
function successOf(responses: Described['responses']): [status: string, success: Described['responses'][string]] {
  return Object.entries(responses).find(([code]) => code.startsWith('2') && code !== '202') ?? ['202', {}];
}

/** Every operation of Klarna's that the gateway serves: what is added there is tested from then on. */
export async function klarnaOperations(client: Client): Promise<KlarnaOperation[]> {
  const { json } = await client.get('/docs-json');
  const document = json as Document;
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : (document.components.schemas[name] ?? {});
  };
  return Object.entries(document.paths)
    .filter(([path]) => KLARNAS.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => {
        const body = requestBody?.content['application/json'];
        const [status, success] = successOf(responses);
        const shown = success?.content?.['application/json']?.schema;
        return {
          name: `${method.toUpperCase()} ${path}`,
          method: method.toUpperCase(),
          takesBody: body !== undefined,
          example: body && (Object.values(body.examples ?? {})[0]?.value as Record<string, unknown>),
          // Checkout's key is known here alone; a write that is followed to its end may answer 202.
          keyed: '202' in responses && parameters.some(({ name }) => name === 'Klarna-Idempotency-Key'),
          hasLines: body !== undefined && 'order_lines' in (resolve(body.schema).properties ?? {}),
          success: {
            status: Number(status),
            headers: Object.keys(success?.headers ?? {}),
            body: shown === undefined ? 'none' : shown.type === 'array' ? 'list' : 'object',
          },
          path: () => path.replaceAll(/\{[^}]+\}/g, () => randomUUID()),
        } satisfies KlarnaOperation;
      }),
    );
}
