import { v5 as uuidv5, validate } from 'uuid';

/** The namespace of keys that are derived, so that they never meet a caller's. */
const NAMESPACE = '6b1f4b0e-5c55-4f0e-9d0b-3a3f6f0a7c11';

/** The key of one generation of an operation: the same in every process and after every restart. */
export function derivedKey(operationId: string, generation: number): string {
  return uuidv5(`${operationId}/${generation}`, NAMESPACE);
}

/**
 * The caller's key when it can go to the provider as it is (a UUID): so a merchant can move to this service, or back to the
 * provider, in the middle of a retry.
 */
export function usableByProvider(callerKey: string | undefined): string | null {
  return callerKey !== undefined && validate(callerKey) ? callerKey : null;
}
