import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Scheme, host and port under which the caller reached this service. */
export function requestAddressOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

export const RequestAddress = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  requestAddressOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
