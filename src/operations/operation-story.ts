import { Injectable } from '@nestjs/common';
import type { Transaction } from '../persistence/database.js';
import { EventsRepository, type EventType } from '../persistence/repositories/events.repository.js';
import type { OperationRow } from '../persistence/repositories/operation-rows.js';
import { TimelineRepository } from '../persistence/repositories/timeline.repository.js';

type OperationEvent = Extract<EventType, `operation.${string}`>;

/**
 * What is told of an operation: in the timeline of its order, and to its merchant. Everything is written in the transaction of the change,
 * under the operation's lock.
 */
@Injectable()
export class OperationStory {
  constructor(
    private readonly timeline: TimelineRepository,
    private readonly events: EventsRepository,
  ) {}

  /** Writes into the timeline of the operation's order; nowhere, when it has none that is known here. */
  async note(tx: Transaction, row: OperationRow, type: string, data: Record<string, unknown>, at: Date): Promise<void> {
    if (row.lane === null) return;
    await this.timeline.appendForLane(tx, row.provider_account_id, row.lane, { type, at, operationId: row.id, data });
  }

  /** Tells the merchant, as part of the order's story if there is one. @param data codes and states; nothing that tells of a person */
  async tell(tx: Transaction, row: OperationRow, type: OperationEvent, data: Record<string, unknown>, at: Date): Promise<void> {
    const { id: operationId, merchant_id: merchantId, provider_account_id: providerAccountId, lane } = row;
    await this.events.publishForOperation(tx, {
      operationId,
      merchantId,
      providerAccountId,
      lane,
      type,
      at,
      data: { kind: row.kind, ...data },
    });
  }

  /** Tells once that it is left to the schedule, and that nobody waits for it any more. Of what the service does by itself nobody waited. */
  async waits(tx: Transaction, row: OperationRow, data: { state: string; code: string | null }, at: Date): Promise<void> {
    if (row.purpose !== null || (await this.events.hasTold(tx, row.id, 'operation.waiting'))) return;
    await this.tell(tx, row, 'operation.waiting', data, at);
  }

  /** It ended otherwise than well: told to those who were not there to hear it. */
  async failed(tx: Transaction, row: OperationRow, data: Record<string, unknown>, at: Date): Promise<void> {
    if (isLeftOpen(row)) await this.tell(tx, row, 'operation.failed', data, at);
  }

  /** It ended well: told to those who were not there to hear it, unless an event of its own (the capture, the token, ...) has said so. */
  async succeeded(tx: Transaction, row: OperationRow, at: Date): Promise<void> {
    if (row.purpose !== null || !isLeftOpen(row) || (await this.events.hasEffect(tx, row.id))) return;
    await this.tell(tx, row, 'operation.waiting', { state: 'succeeded', code: null }, at);
  }
}

/** Whether its caller was given a pending answer, or an error in doubt, or nothing: its process died. */
function isLeftOpen(row: OperationRow): boolean {
  return row.unresolved_since !== null || row.state === 'manual';
}
