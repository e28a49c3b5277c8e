import type { TakenDelivery, TakenEvent } from '../../persistence/repositories/due-deliveries.repository.js';

/** What is told of an event. */
export interface EventMessage {
  type: string;
  /** ISO 8601, in UTC. */
  timestamp: string;
  data: Record<string, unknown>;
}

/**
 * What registered endpoints get: `{"type", "timestamp", "data"}`. `data.sequence` counts the events of one order (session, token, ...) without
 * gaps: whoever gets them in any order can sort them by it.
 * @param secret members that are stored sealed
 */
export function messageOf(
  event: Omit<TakenEvent, 'secret'>,
  sequence: TakenDelivery['sequence'],
  secret: Readonly<Record<string, unknown>>,
): EventMessage {
  const own = { order_id: event.orderId, provider_order_id: event.providerOrderId, sequence: Number(sequence) };
  // First for whoever reads it, last so that nothing overrides it.
  return { type: event.type, timestamp: event.at.toISOString(), data: { ...own, ...event.data, ...secret, ...own } };
}

/** The same as it is sent: the same bytes at every attempt. */
export function envelopeOf(event: TakenEvent, sequence: TakenDelivery['sequence'], secret: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify(messageOf(event, sequence, secret)));
}
