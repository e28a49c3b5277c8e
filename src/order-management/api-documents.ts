import { applyDecorators } from '@nestjs/common';
import { ApiForbiddenResponse, ApiParam } from '@nestjs/swagger';
import { KeyHeader, PendingAnswer, WireRefusals } from '../http/documented.js';
import { KlarnaErrorBody } from '../http/errors.dto.js';

const OrderId = () =>
  ApiParam({ name: 'order_id', description: "Klarna's id of the order.", example: 'f3392f8b-6116-4073-ab96-e330819e2c07' });

/** Describes a read of Klarna's state. */
export function DescribesRead(): MethodDecorator {
  return applyDecorators(OrderId(), WireRefusals('NO_SUCH_ORDER', 'PROVIDER_CREDENTIALS'));
}

/** Describes a durable write: its key, its pending answer, its refusals. @param refusal what Klarna's 403 means, where it documents one */
export function DescribesWrite(refusal?: string): MethodDecorator {
  return applyDecorators(
    OrderId(),
    KeyHeader(),
    PendingAnswer(),
    WireRefusals(
      ...(['BAD_REQUEST', 'BAD_VALUE', 'NO_SUCH_ORDER', 'OPERATION_PENDING', 'OPERATION_WITHDRAWN'] as const),
      ...(['REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'IDEMPOTENCY_KEY_REUSED', 'PROVIDER_CREDENTIALS'] as const),
    ),
    ...(refusal === undefined ? [] : [ApiForbiddenResponse({ type: KlarnaErrorBody, description: refusal })]),
  );
}

const TEXT = { schema: { type: 'string' } } as const;

/** Headers of a 201 that names what was made. */
export function createdHeaders(header: 'Capture-Id' | 'Refund-Id'): Record<string, typeof TEXT & { description: string }> {
  return {
    [header]: { ...TEXT, description: "Klarna's id of what was made." },
    Location: { ...TEXT, description: 'Its address here.' },
  };
}
