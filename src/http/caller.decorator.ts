import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../merchants/caller.js';
import { Refusal } from '../operations/errors.js';

const callers = new WeakMap<object, Caller>();

/** Notes who made a request; done by the guard alone. */
export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request.raw, caller);
}

/** Who made the request; undefined on a route that the guard let pass without credentials. */
export function callerIn(request: FastifyRequest): Caller | undefined {
  return callers.get(request.raw);
}

/** Who made the request. @throws Refusal UNAUTHORIZED on a route that the guard let pass without credentials */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callerIn(request);
  if (caller === undefined) throw new Refusal('UNAUTHORIZED', ['Authentication is required']);
  return caller;
}

/** Hands the caller to a handler's parameter. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
