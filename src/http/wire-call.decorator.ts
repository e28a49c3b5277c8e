import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../merchants/caller.js';
import type { Preference } from '../operations/request.js';
import { type Callbacks, callbacksIn } from './callbacks-header.js';
import { callerOf } from './caller.decorator.js';
import { passedHeadersIn } from './passed-headers.js';
import { preferenceIn } from './prefer.js';

/** What every request on one of Klarna's routes brings along. */
export interface WireCall {
  caller: Caller;
  /** Headers that are passed on to Klarna. */
  headers: Readonly<Record<string, string>>;
  prefer: Preference;
  /** Where this request's callbacks are to go; undefined: where the merchant's go. */
  callbacks?: Callbacks | undefined;
}

/** Hands it to a handler's parameter. */
export const WireCallOf = createParamDecorator((_: unknown, context: ExecutionContext): WireCall => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    caller: callerOf(request),
    headers: passedHeadersIn(request.headers),
    prefer: preferenceIn(request.headers['prefer']),
    callbacks: callbacksIn(request.headers),
  };
});
