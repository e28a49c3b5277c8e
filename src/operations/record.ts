import { Injectable } from '@nestjs/common';
import type { AttemptRow, OperationRow, ReadingRow } from '../persistence/repositories/operation-rows.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { minorUnitsOf } from '../money.js';
import type { OperationContext } from './handler.js';
import { isOperationKind, type OperationClass, type OperationKind } from './kinds.js';
import {
  type Attempt,
  type AttemptOutcome,
  NOT_SHOWN,
  type OperationFacts,
  type OperationState,
  type Reading,
  type RecordedAnswer,
} from './operation.js';

const PURPOSE = {
  target: 'operation.target',
  request: 'operation.request',
  answer: 'operation.answer',
  attempt: 'attempt.answer',
} as const;

interface Target {
  parameters: Record<string, string>;
  headers: Record<string, string>;
  /** Absent in rows of earlier versions. */
  before?: Record<string, string>;
}

/** Between rows and what the rules and handlers speak of; the only place where an operation's bytes are sealed and opened. */
@Injectable()
export class OperationRecords {
  constructor(private readonly envelope: SealedEnvelope) {}

  /** @throws Error when the row is of a kind this version does not know */
  kindOf(row: OperationRow): OperationKind {
    if (!isOperationKind(row.kind)) throw new Error(`Operation ${row.id} is of the unknown kind ${row.kind}`);
    return row.kind;
  }

  facts(row: OperationRow, attempts: readonly AttemptRow[], readings: readonly ReadingRow[], now: Date): OperationFacts {
    return {
      kind: this.kindOf(row),
      class: row.class as OperationClass,
      state: row.state as OperationState,
      generation: row.generation,
      createdAt: row.created_at.getTime(),
      openedAt: row.opened_at.getTime(),
      waitOver: row.unresolved_since !== null || row.waits_until < now,
      sendsAlone: row.sends_alone,
      stopped: row.stopped,
      expiresAt: row.order_expires_at?.getTime() ?? null,
      attempts: attempts.map(attemptOf),
      readings: readings.map(readingOf),
    };
  }

  context(row: OperationRow): OperationContext {
    const target = JSON.parse(this.envelope.open(row.target, PURPOSE.target).toString()) as Target;
    return {
      id: row.id,
      kind: this.kindOf(row),
      merchantId: row.merchant_id,
      providerAccountId: row.provider_account_id,
      lane: row.lane,
      dataSubject: row.data_subject ?? row.id,
      target: target.parameters,
      before: target.before ?? {},
      passedHeaders: target.headers,
      body: this.request(row),
      amount: row.amount === null ? null : minorUnitsOf(row.amount),
      reference: row.reference,
      createdAt: row.created_at,
    };
  }

  sealTarget(
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
    before: Readonly<Record<string, string>>,
  ): Buffer {
    return this.envelope.seal(Buffer.from(JSON.stringify({ parameters, headers, before } satisfies Target)), PURPOSE.target);
  }

  /** The caller's bytes; null when there were none, or when they were erased. */
  request(row: OperationRow): Buffer | null {
    return row.request === null ? null : this.envelope.open(row.request, PURPOSE.request);
  }

  sealRequest(body: Buffer | null): Buffer | null {
    return body === null ? null : this.envelope.seal(body, PURPOSE.request);
  }

  sealAttemptAnswer(body: Buffer | null): Buffer | null {
    return body === null ? null : this.envelope.seal(body, PURPOSE.attempt);
  }

  sealAnswer(body: Buffer | null): Buffer | null {
    return body === null ? null : this.envelope.seal(body, PURPOSE.answer);
  }

  /** The answer of one attempt, as evidence or to become the answer of record. */
  attemptAnswer(row: AttemptRow): RecordedAnswer | null {
    if (row.status === null) return null;
    const body = row.answer === null ? null : this.envelope.open(row.answer, PURPOSE.attempt);
    return { status: row.status, headers: row.headers ?? {}, body };
  }

  /** The answer of record; null while there is none. */
  answer(row: OperationRow): RecordedAnswer | null {
    if (row.answer_status === null) return null;
    const body = row.answer_body === null ? null : this.envelope.open(row.answer_body, PURPOSE.answer);
    return { status: row.answer_status, headers: row.answer_headers ?? {}, body };
  }
}

export function attemptOf(row: AttemptRow): Attempt {
  return {
    id: row.id,
    number: row.number,
    generation: row.generation,
    startedAt: row.started_at.getTime(),
    endedAt: row.ended_at?.getTime() ?? null,
    outcome: row.outcome as AttemptOutcome | null,
    garbled: row.garbled,
    status: row.status,
  };
}

export function readingOf(row: ReadingRow): Reading {
  return {
    startedAt: row.started_at.getTime(),
    endedAt: row.ended_at.getTime(),
    generation: row.generation,
    finding: row.finding as Reading['finding'],
    ...(row.data['code'] === NOT_SHOWN ? { notShown: true } : {}),
    providerId: row.provider_id,
  };
}
