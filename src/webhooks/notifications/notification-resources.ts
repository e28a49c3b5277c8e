import { Injectable } from '@nestjs/common';
import { DeliveriesRepository, EVENT_SECRET } from '../../persistence/repositories/deliveries.repository.js';
import type {
  DeliveryAttempt,
  ListedCallback,
  ListedDelivery,
  StoredEvent,
} from '../../persistence/repositories/notification-list.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { messageOf } from '../deliveries/envelope.js';
import type { IncomingNotification, NotificationAttempt, NotificationEvent, OutgoingNotification } from './notifications.dto.js';

/** Notifications as callers see them. */
@Injectable()
export class NotificationResources {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly envelope: SealedEnvelope,
  ) {}

  outgoing(row: ListedDelivery): OutgoingNotification {
    const { eventId, eventType, sequence, eventAt } = row;
    const told = eventId !== null && eventType !== null && sequence !== null && eventAt !== null;
    return {
      id: row.id,
      direction: 'out',
      state: row.state,
      reason: row.reason,
      event: told ? { id: eventId, type: eventType, sequence: Number(sequence), at: eventAt.toISOString() } : null,
      entry: row.entry,
      callback_id: row.callbackId,
      order_id: row.orderId,
      provider_order_id: row.providerOrderId,
      endpoint_id: row.endpointId,
      url_host: row.url === null ? null : new URL(this.deliveries.urlOf(row.url)).host,
      attempts: row.attempts,
      next_attempt_at: row.state === 'due' ? (row.nextAt?.toISOString() ?? null) : null,
      created_at: row.createdAt.toISOString(),
      ended_at: row.endedAt?.toISOString() ?? null,
    };
  }

  incoming(row: ListedCallback): IncomingNotification {
    return {
      id: row.id,
      direction: 'in',
      state: row.state,
      entry: row.entry,
      result: row.result,
      event_type: row.eventType,
      order_id: row.orderId,
      provider_order_id: row.providerOrderId,
      provider_session_id: row.providerSessionId,
      repeats: row.repeats,
      attempts: row.attempts,
      next_attempt_at: row.nextAt?.toISOString() ?? null,
      received_at: row.receivedAt.toISOString(),
      last_received_at: row.lastReceivedAt.toISOString(),
      ended_at: row.finishedAt?.toISOString() ?? null,
    };
  }

  attempt({ number, startedAt, durationMs, status, code, reason }: DeliveryAttempt): NotificationAttempt {
    return { number, at: startedAt.toISOString(), status, duration_ms: durationMs, code, reason };
  }

  /** @throws EnvelopeError */
  event({ id, sequence, secret, ...event }: StoredEvent): NotificationEvent {
    const opened = secret === null ? '{}' : this.envelope.open(secret, EVENT_SECRET).toString();
    return { id, ...messageOf(event, sequence, JSON.parse(opened) as Record<string, unknown>) };
  }
}
