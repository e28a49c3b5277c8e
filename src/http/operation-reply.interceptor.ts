import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Settings } from '../config/settings.js';
import { OperationReply } from '../operations/request.js';
import { requestAddressOf } from './request-address.js';

/** Resources of Klarna's that this service serves under the same path. */
const KLARNA_RESOURCE = /^\/(?:payments|customer-token|checkout|ordermanagement|hpp)\/v\d/;

/** Writes an answer of record as it is: status, headers, bytes. Handlers that return anything else are left to Nest. */
@Injectable()
export class OperationReplyInterceptor implements NestInterceptor {
  constructor(private readonly settings: Settings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((value: unknown) => {
        if (!(value instanceof OperationReply)) return value;
        const headers = { ...value.headers };
        const location = headers['Location'];
        if (location !== undefined && KLARNA_RESOURCE.test(location)) {
          headers['Location'] = `${this.#baseOf(http.getRequest<FastifyRequest>())}${location}`;
        }
        void reply.code(value.status).headers(headers);
        if (value.body === undefined || value.body.length === 0) return undefined;
        // Without a type Fastify would call bytes application/octet-stream; what Klarna sends is JSON.
        if (headers['Content-Type'] === undefined) void reply.header('Content-Type', 'application/json');
        return value.body;
      }),
    );
  }

  #baseOf(request: FastifyRequest): string {
    return this.settings.publicUrl ?? requestAddressOf(request);
  }
}
