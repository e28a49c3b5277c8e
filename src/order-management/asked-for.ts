import { type JsonObject, objectIn, objectsIn } from '../json.js';
import type { OperationContext } from '../operations/handler.js';

/** The merchant's references that a change sets; null clears one, and what is not there stays. */
export interface References {
  merchantReference1?: string | null;
  merchantReference2?: string | null;
}

/** What an operation's caller asked for, as JSON says it; empty once the bytes were erased. */
export function askedFor({ body }: Pick<OperationContext, 'body'>): JsonObject {
  return (body === null ? undefined : objectIn(body)) ?? {};
}

/** The references that are to be set. */
export function referencesIn(operation: Pick<OperationContext, 'body'>): References {
  const { merchant_reference1: one, merchant_reference2: two } = askedFor(operation);
  return {
    ...(typeof one === 'string' ? { merchantReference1: one === '' ? null : one } : {}),
    ...(typeof two === 'string' ? { merchantReference2: two === '' ? null : two } : {}),
  };
}

/** The parcels that are to be added. */
export function parcelsIn(operation: Pick<OperationContext, 'body'>): JsonObject[] {
  return objectsIn(askedFor(operation)['shipping_info']) ?? [];
}
