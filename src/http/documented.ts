import { applyDecorators } from '@nestjs/common';
import { ApiAcceptedResponse, ApiExtraModels, ApiHeader, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { CALLBACKS, CALLBACKS_HEADER } from './callbacks-header.js';
import { STATUS_BY_CODE, type ErrorCode } from '../operations/errors.js';
import { OperationView } from '../operations/operation-view.dto.js';
import { KlarnaErrorBody, Problem } from './errors.dto.js';

type Decorator = ClassDecorator & MethodDecorator;

/** Refusals of a route in Klarna's wire format: these codes, whatever else Klarna refuses, and those that every route has. */
export function WireRefusals(...codes: ErrorCode[]): Decorator {
  return refusals('application/json', KlarnaErrorBody, ['UNAUTHORIZED', 'TEMPORARILY_UNAVAILABLE', ...codes]);
}

/** Refusals of one of this service's own routes. */
export function OwnRefusals(...codes: ErrorCode[]): Decorator {
  return refusals('application/problem+json', Problem, ['UNAUTHORIZED', 'TEMPORARILY_UNAVAILABLE', ...codes]);
}

/** A durable write: 202 while its outcome is open. */
export function PendingAnswer(): Decorator {
  return applyDecorators(
    PreferHeader(),
    ApiAcceptedResponse({
      description:
        'The outcome is open: recorded, followed to its end, to be looked at under Location. Credentials with pending_answer 503 get a 503 with the same headers instead.',
      type: OperationView,
      headers: {
        Location: { description: '/operations/{id}', schema: { type: 'string' } },
        'Retry-After': { description: 'Seconds after which to look', schema: { type: 'integer' } },
      },
    }),
  );
}

export function PreferHeader(): Decorator {
  return ApiHeader({
    name: 'Prefer',
    required: false,
    description: 'respond-async: do not wait for the outcome; wait=N: wait N seconds for it',
    schema: { type: 'string' },
  });
}

/** A write whose `merchant_urls` name what Klarna calls. */
export function CallbacksHeader(): Decorator {
  return ApiHeader({
    name: CALLBACKS_HEADER,
    required: false,
    description:
      'direct: Klarna calls the URLs of this request itself; gateway: through this service, which shows you your own. Without it, as your merchant has it (gateway, if this service has a public URL)',
    schema: { type: 'string', enum: [...CALLBACKS] },
  });
}

/** A write whose Klarna counterpart takes a key: the same key and request get the first answer again. */
export function KeyHeader(): Decorator {
  return ApiHeader({
    name: 'Klarna-Idempotency-Key',
    required: false,
    description: '1 to 255 printable ASCII characters, best a UUID; one per intended effect',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  });
}

function refusals(type: string, model: typeof KlarnaErrorBody | typeof Problem, codes: readonly ErrorCode[]): Decorator {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) byStatus.set(STATUS_BY_CODE[code], [...(byStatus.get(STATUS_BY_CODE[code]) ?? []), code]);
  const responses = [...byStatus].map(([status, named]) =>
    ApiResponse({ status, description: named.join(', '), content: { [type]: { schema: { $ref: getSchemaPath(model) } } } }),
  );
  return applyDecorators(ApiExtraModels(model), ...responses);
}
