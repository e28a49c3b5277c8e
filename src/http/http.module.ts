import { Module, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { KlarnaErrorFilter } from './klarna-error.filter.js';
import { OperationReplyInterceptor } from './operation-reply.interceptor.js';
import { JudgingPipe } from './validation.js';

/** What every route has: authentication, judged bodies, answers of record, errors in the shape of the route. */
export const ON_EVERY_ROUTE: Provider[] = [
  { provide: APP_GUARD, useClass: AuthenticationGuard },
  { provide: APP_PIPE, useClass: JudgingPipe },
  { provide: APP_INTERCEPTOR, useClass: OperationReplyInterceptor },
  { provide: APP_FILTER, useClass: KlarnaErrorFilter },
];

@Module({ imports: [MerchantsModule], providers: ON_EVERY_ROUTE })
export class HttpLayerModule {}
