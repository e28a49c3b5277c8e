import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../operations/errors.js';
import { callerOf } from './caller.decorator.js';

const HEADER = 'Klarna-Idempotency-Key';
/** Printable ASCII: everything that arrives the same through every proxy and library. */
const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * Reads the caller's idempotency key.
 * @returns undefined when none came
 * @throws Refusal BAD_VALUE when it is empty, longer than 255, not printable ASCII, or comes twice
 */
export function idempotencyKeyIn(request: Pick<FastifyRequest, 'raw'>): string | undefined {
  const values = request.raw.headersDistinct[HEADER.toLowerCase()];
  if (values === undefined) return undefined;
  const [key = ''] = values;
  if (values.length > 1 || !KEY.test(key)) throw new Refusal('BAD_VALUE', [`Bad value: ${HEADER}`]);
  return key;
}

/** For writes whose Klarna counterpart takes a key. Refuses a missing one for merchants that have switched on "key required". */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const key = idempotencyKeyIn(request);
  if (key === undefined && callerOf(request).keyRequired) {
    throw new Refusal('BAD_VALUE', [`Bad value: ${HEADER}`, `${HEADER} is required for this merchant`]);
  }
  return key;
});

/** For writes whose Klarna counterpart takes no key, where one of the caller's counts here. Nobody is required to send one. */
export const OptionalKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined =>
  idempotencyKeyIn(context.switchToHttp().getRequest<FastifyRequest>()),
);
