import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Merchants } from '../merchants/merchants.js';
import { Refusal } from '../operations/errors.js';
import { setCaller } from './caller.decorator.js';
import { PUBLIC } from './public.decorator.js';

/** Orchestrators probe these without credentials; their answers say nothing about a merchant. */
const PROBES = /^\/health(?:\/|$)/;

/** Lets a request pass that names a merchant by HTTP Basic or a bearer key. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly merchants: Merchants,
  ) {}

  /** @throws Refusal UNAUTHORIZED, the same for every reason; DatabaseUnavailable */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const open = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [context.getHandler(), context.getClass()]);
    if (open === true || PROBES.test(request.routeOptions.url ?? '')) return true;
    const caller = await this.merchants.authenticate(request.headers.authorization);
    if (caller === undefined) throw new Refusal('UNAUTHORIZED', ['Authentication is required']);
    setCaller(request, caller);
    return true;
  }
}
