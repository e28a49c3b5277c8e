import { Injectable } from '@nestjs/common';
import { settlesEarlier } from '../klarna/error-catalogue.js';
import { Database } from '../persistence/database.js';
import type { AttemptRow } from '../persistence/repositories/operation-rows.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import type { OperationContext } from './handler.js';
import { type OperationKind, policyOf } from './kinds.js';

type Tried = Pick<AttemptRow, 'outcome' | 'status' | 'code' | 'generation'>;

/** For kinds whose effect no read shows: what Klarna's refusal of a repeat says about the attempts before it. */
@Injectable()
export class Refusals {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
  ) {}

  /** The code of a refusal by which Klarna judged the request itself, so that no attempt of it did anything; null: there is none. */
  async settling({ id, kind }: Pick<OperationContext, 'id' | 'kind'>): Promise<string | null> {
    return settlingRefusal(kind, await this.repository.attempts(this.database, [id]));
  }
}

/**
 * The newest refusal, if it counts for every attempt that may have happened: those were the same call, under the same key.
 * @param attempts oldest first
 */
export function settlingRefusal(kind: OperationKind, attempts: readonly Tried[]): string | null {
  const at = attempts.findLastIndex((each) => each.outcome === 'rejected');
  const refusal = attempts[at];
  if (!refusal || !settlesEarlier(policyOf(kind).api, refusal.status, refusal.code)) return null;
  const open = (each: Tried): boolean => each.outcome === 'unknown' || each.outcome === null;
  // What came after it may have been judged otherwise.
  const unsettled = attempts.some((each, index) => open(each) && (index > at || each.generation !== refusal.generation));
  return unsettled ? null : refusal.code;
}
