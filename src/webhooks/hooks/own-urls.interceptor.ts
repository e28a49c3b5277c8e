import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { concatMap, type Observable } from 'rxjs';
import { callerIn } from '../../http/caller.decorator.js';
import { OperationReply } from '../../operations/request.js';
import { OwnUrls } from './own-urls.js';

/**
 * The one place where answers leave: whatever a route of a merchant's answers shows the merchant's own URLs. Works on either side of the
 * interceptor that turns an answer of record into bytes. What Nest will make JSON of (an operation with its answer) is looked through as it is.
 */
@Injectable()
export class OwnUrlsInterceptor implements NestInterceptor {
  constructor(private readonly own: OwnUrls) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const caller = callerIn(context.switchToHttp().getRequest<FastifyRequest>());
    if (caller === undefined) return next.handle();
    return next.handle().pipe(concatMap((value: unknown) => this.#restored(caller.merchantId, value)));
  }

  async #restored(merchantId: string, value: unknown): Promise<unknown> {
    if (value instanceof OperationReply) {
      if (value.body === undefined) return value;
      const body = await this.own.restored(merchantId, value.body);
      return body === value.body ? value : new OperationReply(value.status, value.headers, body);
    }
    if (Buffer.isBuffer(value)) return this.own.restored(merchantId, value);
    if (!mentionsUs(value)) return value;
    const bytes = Buffer.from(JSON.stringify(value));
    const restored = await this.own.restored(merchantId, bytes);
    return restored === bytes ? value : (JSON.parse(restored.toString('utf8')) as unknown);
  }
}

/** Whether a value of JSON names our path somewhere. */
function mentionsUs(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('/webhooks/klarna/');
  if (typeof value !== 'object' || value === null) return false;
  return (Array.isArray(value) ? value : Object.values(value)).some(mentionsUs);
}
