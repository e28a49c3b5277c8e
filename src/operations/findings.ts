import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { Database } from '../persistence/database.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { HandlerRegistry } from './handler-registry.js';
import { type OperationState, isFinal } from './operation.js';
import { OperationRecords } from './record.js';
import { Settlement } from './settlement.js';

/** What was seen at the provider of an operation by others than itself: evidence like its own looks, and kept as one. */
@Injectable()
export class Findings {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly records: OperationRecords,
    private readonly handlers: HandlerRegistry,
    private readonly settlement: Settlement,
    private readonly clock: Clock,
  ) {}

  /**
   * The effect of an operation that has not come to an end was seen. It succeeds by that whoever has it in hand, a person too; one that has
   * come to another end a moment ago is contradicted by it. May be repeated.
   * @param providerId of what it made
   * @param data evidence for people: codes, ids and amounts only
   * @throws DatabaseUnavailable
   */
  async present(operationId: string, providerId: string, startedAt: Date, data: Record<string, unknown>): Promise<void> {
    const row = await this.repository.find(this.database, operationId);
    if (row === null || isFinal(row.state as OperationState)) return;
    const answer = this.handlers.handlerOf(this.records.kindOf(row)).answerFor(this.records.context(row), providerId);
    const endedAt = this.clock.now();
    await this.settlement.conclude({
      operationId,
      lane: row.lane === null ? null : { providerAccountId: row.provider_account_id, lane: row.lane },
      fence: row.fence,
      reading: {
        id: uuidv7({ msecs: endedAt.getTime() }),
        ...{ startedAt, endedAt, generation: row.generation },
        result: { finding: 'present', providerId, answer, data },
      },
      hold: null,
    });
  }
}
