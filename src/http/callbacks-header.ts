import type { FastifyRequest } from 'fastify';
import { Refusal } from '../operations/errors.js';

export const CALLBACKS_HEADER = 'Gateway-Callbacks';
/** `gateway`: Klarna's callbacks come to this service. `direct`: they go to the URLs of the request, which is not touched. */
export const CALLBACKS = ['gateway', 'direct'] as const;
export type Callbacks = (typeof CALLBACKS)[number];

/**
 * Where a request wants its callbacks to go.
 * @returns undefined when it does not say
 * @throws Refusal BAD_VALUE for any other word: who wants none of this must not get it because of a slip
 */
export function callbacksIn(headers: FastifyRequest['headers']): Callbacks | undefined {
  const given = headers[CALLBACKS_HEADER.toLowerCase()];
  if (given === undefined) return undefined;
  const word = CALLBACKS.find((each) => each === given);
  if (word === undefined) throw new Refusal('BAD_VALUE', [`Bad value: ${CALLBACKS_HEADER}`]);
  return word;
}
