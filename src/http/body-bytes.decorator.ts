import { createParamDecorator, type ExecutionContext, type RawBodyRequest } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** The bytes of the body as the caller wrote them, or null when there were none. */
export const BodyBytes = createParamDecorator((_: unknown, context: ExecutionContext): Buffer | null => {
  const { rawBody } = context.switchToHttp().getRequest<RawBodyRequest<FastifyRequest>>();
  return rawBody === undefined || rawBody.length === 0 ? null : rawBody;
});
