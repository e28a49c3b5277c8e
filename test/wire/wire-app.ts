import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Settings } from '../../src/config/settings.js';
import { CustomerTokensController } from '../../src/customer-token/customer-tokens.controller.js';
import { CustomerTokensService } from '../../src/customer-token/customer-tokens.service.js';
import { createHttpAdapter, type ArrivalLimits } from '../../src/http/adapter.js';
import { BodyBytes } from '../../src/http/body-bytes.decorator.js';
import { MinorUnits, Text } from '../../src/http/fields.js';
import { ON_EVERY_ROUTE } from '../../src/http/http.module.js';
import { IdempotencyKey } from '../../src/http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../../src/http/wire-call.decorator.js';
import type { Caller } from '../../src/merchants/caller.js';
import { Merchants } from '../../src/merchants/merchants.js';
import { OperationReply, type Preference } from '../../src/operations/request.js';
import { AuthorizationsController } from '../../src/payments/authorizations.controller.js';
import { PaymentsService } from '../../src/payments/payments.service.js';
import { SessionsController } from '../../src/payments/sessions.controller.js';

/** What reached the application behind the HTTP layer. */
export interface Arrived {
  action: string;
  id?: string;
  body: Buffer | null;
  key?: string | undefined;
  prefer?: Preference;
  caller?: Caller;
  headers?: Readonly<Record<string, string>>;
}

type TokenArrived = Partial<Arrived> & { customerToken: string };

export interface WireApp {
  url: string;
  app: NestFastifyApplication;
  arrived: Arrived[];
  /** The next answers; without one it is 200 `{}`. */
  answers: (OperationReply | Error)[];
  close(): Promise<void>;
}

export const CALLER: Caller = {
  credentialId: 'c',
  merchantId: 'm',
  pendingAnswer: 202,
  keyRequired: false,
  limits: 'enforce',
  callbacks: 'gateway',
  accounts: { payments: 'p', 'customer-token': 't', checkout: 'c', 'order-management': 'o', 'hosted-payment-page': 'h' },
};

class CaptureBody {
  @MinorUnits({})
  captured_amount!: number;

  @Text({ max: 255 })
  reference?: string;
}

let behind: { arrive(arrived: Arrived): Promise<OperationReply> };

@Controller()
class ProbeController {
  @Post('ordermanagement/v1/orders/:orderId/captures')
  capture(
    @Param('orderId') id: string,
    @WireCallOf() { caller, prefer }: WireCall,
    @IdempotencyKey() key: string | undefined,
    @Body() _judged: CaptureBody,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return behind.arrive({ action: 'capture', id, caller, key, prefer, body });
  }

  @HttpCode(204)
  @Post('ordermanagement/v1/orders/:orderId/cancel')
  cancel(@Param('orderId') id: string, @BodyBytes() body: Buffer | null): Promise<OperationReply> {
    return behind.arrive({ action: 'cancel', id, body });
  }

  @Get('orders/:id')
  order(@Param('id') id: string): Promise<OperationReply> {
    return behind.arrive({ action: 'order', id, body: null });
  }

  @Get('orders')
  orders(): object {
    return { items: [], next_cursor: null };
  }

  @Get('health/live')
  health(): object {
    return { status: 'ok' };
  }
}

/** The real HTTP layer and the controllers of Payments and Customer Token, with nothing behind them. */
export async function startWireApp(
  settings: {
    publicUrl?: string;
    caller?: Partial<Caller>;
    arrival?: ArrivalLimits;
    settings?: Settings;
    before?: (app: NestFastifyApplication) => void;
  } = {},
): Promise<WireApp> {
  const arrived: Arrived[] = [];
  const answers: (OperationReply | Error)[] = [];
  behind = {
    arrive: (one) => {
      arrived.push(one);
      const answer = answers.shift() ?? new OperationReply(200, { 'Content-Type': 'application/json' }, Buffer.from('{}'));
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const payments = {
    createSession: (call: Partial<Arrived>, body: Buffer | null) => behind.arrive({ action: 'create-session', ...call, body }),
    updateSession: (call: Partial<Arrived>, id: string, body: Buffer | null) =>
      behind.arrive({ action: 'update-session', ...call, id, body }),
    readSession: (call: Partial<Arrived>, id: string) => behind.arrive({ action: 'read-session', ...call, id, body: null }),
    createOrder: (call: Partial<Arrived>, id: string, body: Buffer | null) => behind.arrive({ action: 'create-order', ...call, id, body }),
    createCustomerToken: (call: Partial<Arrived>, id: string, body: Buffer | null) =>
      behind.arrive({ action: 'create-customer-token', ...call, id, body }),
    cancelAuthorization: (call: Partial<Arrived>, id: string) => behind.arrive({ action: 'cancel-authorization', ...call, id, body: null }),
  };
  const tokens = {
    read: ({ customerToken: id, ...call }: TokenArrived) => behind.arrive({ action: 'read-token', ...call, id, body: null }),
    createOrder: ({ customerToken: id, ...call }: TokenArrived, _order: object, body: Buffer | null) =>
      behind.arrive({ action: 'charge-token', ...call, id, body }),
    updateStatus: ({ customerToken: id, ...call }: TokenArrived, body: Buffer | null) =>
      behind.arrive({ action: 'update-token-status', ...call, id, body }),
  };
  const caller = { ...CALLER, ...settings.caller };
  const known = new Set([`Basic ${Buffer.from('demo:demo').toString('base64')}`, 'Bearer key-1']);
  const module = await Test.createTestingModule({
    controllers: [SessionsController, AuthorizationsController, CustomerTokensController, ProbeController],
    providers: [
      ...ON_EVERY_ROUTE,
      { provide: PaymentsService, useValue: payments },
      { provide: CustomerTokensService, useValue: tokens },
      { provide: Merchants, useValue: { authenticate: (given: string) => Promise.resolve(known.has(given) ? caller : undefined) } },
      { provide: Settings, useValue: settings.settings ?? { publicUrl: settings.publicUrl } },
    ],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(settings.arrival), { logger: false });
  settings.before?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return { url, app, arrived, answers, close: () => app.close() };
}
