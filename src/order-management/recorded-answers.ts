import type { RecordedAnswer } from '../operations/operation.js';
import { named } from '../operations/recorded-answers.js';
import type { MovementKind } from '../persistence/repositories/movements.repository.js';

const NAMES = {
  capture: { header: 'Capture-Id', collection: 'captures' },
  refund: { header: 'Refund-Id', collection: 'refunds' },
} as const satisfies Record<MovementKind, { header: string; collection: string }>;

/**
 * What Klarna answers when a capture or refund was made: 201 without a body, the id in headers. For effects that were found otherwise.
 * @throws Refusal BAD_VALUE without an id
 */
export function createdAnswer(kind: MovementKind, orderId: string, providerId: string | null): RecordedAnswer {
  const id = named(providerId);
  const { header, collection } = NAMES[kind];
  const location = `/ordermanagement/v1/orders/${encodeURIComponent(orderId)}/${collection}/${encodeURIComponent(id)}`;
  return { status: 201, headers: { [header]: id, Location: location }, body: null };
}
