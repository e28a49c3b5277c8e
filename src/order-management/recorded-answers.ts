import { Refusal } from '../operations/errors.js';
import type { RecordedAnswer } from '../operations/operation.js';
import type { MovementKind } from '../persistence/repositories/movements.repository.js';

const NAMES = {
  capture: { header: 'Capture-Id', collection: 'captures' },
  refund: { header: 'Refund-Id', collection: 'refunds' },
} as const satisfies Record<MovementKind, { header: string; collection: string }>;

/**
 * What Klarna answers when a capture or refund was made: 201 without a body, the id in headers. For effects that were found otherwise.
 * @throws Refusal BAD_VALUE without an id
 */
export function createdAnswer(kind: MovementKind, orderId: string, id: string | null): RecordedAnswer {
  if (id === null || id === '') throw new Refusal('BAD_VALUE', ['Bad value: provider_id']);
  const { header, collection } = NAMES[kind];
  const location = `/ordermanagement/v1/orders/${encodeURIComponent(orderId)}/${collection}/${encodeURIComponent(id)}`;
  return { status: 201, headers: { [header]: id, Location: location }, body: null };
}

/** What Klarna answers when an order was cancelled or released: 204. */
export function doneAnswer(): RecordedAnswer {
  return { status: 204, headers: {}, body: null };
}
