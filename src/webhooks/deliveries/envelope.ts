import type { TakenDelivery, TakenEvent } from '../../persistence/repositories/due-deliveries.repository.js';

/**
 * What registered endpoints get: `{"type", "timestamp", "data"}`, the same bytes at every attempt. `data.sequence` counts the events of one
 * order (session, token, ...) without gaps: whoever gets them in any order can sort them by it.
 * @param secret members that are stored sealed
 */
export function envelopeOf(event: TakenEvent, sequence: TakenDelivery['sequence'], secret: Readonly<Record<string, unknown>>): Buffer {
  const own = { order_id: event.orderId, provider_order_id: event.providerOrderId, sequence: Number(sequence) };
  // First for whoever reads it, last so that nothing overrides it.
  const data = { ...own, ...event.data, ...secret, ...own };
  return Buffer.from(JSON.stringify({ type: event.type, timestamp: event.at.toISOString(), data }));
}
