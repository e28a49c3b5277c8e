import { Injectable } from '@nestjs/common';
import { Database } from '../../persistence/database.js';

/** Whether what a callback is about may still be being made. */
@Injectable()
export class OperationEnds {
  constructor(private readonly database: Database) {}

  /** @returns false also for one that is not stored any more */
  async isOpen(operationId: string): Promise<boolean> {
    const rows = await this.database.query(`SELECT FROM operations WHERE id = $1 AND finished_at IS NULL AND state <> 'manual'`, [
      operationId,
    ]);
    return rows.length > 0;
  }
}
