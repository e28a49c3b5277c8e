import { Injectable } from '@nestjs/common';
import { Database } from '../persistence/database.js';
import type { AttemptRow, OperationRow, ReadingRow, ResolutionRow } from '../persistence/repositories/operation-rows.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { madeId } from './answers.js';
import { explain, pageOf } from './explanation.js';
import { LaneTurns } from './lane-turns.js';
import { AnswerView, EvidenceView, OperationView } from './operation-view.dto.js';
import { OperationRecords } from './record.js';
import { refusedLines } from './refused-lines.js';

/** Operations as callers see them. */
@Injectable()
export class OperationViews {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly records: OperationRecords,
    private readonly turns: LaneTurns,
  ) {}

  async view(row: OperationRow): Promise<OperationView> {
    const [{ attempts, readings, resolutions }, blockedBy] = await Promise.all([this.evidence(row), this.blockedBy(row)]);
    const history = [...attempts.map(ofAttempt), ...readings.map(ofReading), ...resolutions.map(ofResolution)];
    return {
      id: row.id,
      kind: row.kind,
      purpose: row.purpose,
      class: row.class,
      state: row.state,
      order_id: row.lane ?? madeId(attempts, readings, resolutions),
      blocked_by: blockedBy,
      attempts: attempts.length,
      next_attempt_at: row.next_at?.toISOString() ?? null,
      created_at: row.created_at.toISOString(),
      finished_at: row.finished_at?.toISOString() ?? null,
      answer: this.answer(row),
      reason: row.reason,
      order_lines_check: refusedLines(this.records, row),
      bodies_erased_at: row.bodies_erased_at?.toISOString() ?? null,
      explanation: row.state === 'manual' ? explain({ row, attempts, readings, resolutions }) : null,
      history: history.sort((a, b) => (a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : 0)),
    };
  }

  /** What a person who has to decide needs to read, as a page of text; null when there is nothing to decide. */
  async page(row: OperationRow): Promise<string | null> {
    const explanation = row.state === 'manual' ? explain({ row, ...(await this.evidence(row)) }) : null;
    return explanation && pageOf(row.id, explanation);
  }

  private async evidence(row: OperationRow): Promise<{ attempts: AttemptRow[]; readings: ReadingRow[]; resolutions: ResolutionRow[] }> {
    const [attempts, readings, resolutions] = await Promise.all([
      this.repository.attempts(this.database, [row.id]),
      this.repository.readings(this.database, [row.id]),
      this.repository.resolutions(this.database, [row.id]),
    ]);
    return { attempts, readings, resolutions };
  }

  /** The operation before it in its order's lane; null when it is its turn, or when it was sent already. */
  private async blockedBy(row: OperationRow): Promise<string | null> {
    if (row.state !== 'accepted') return null;
    return (await this.turns.turnOf(this.database, row))?.blockedBy?.id ?? null;
  }

  private answer(row: OperationRow): AnswerView | null {
    const answer = this.records.answer(row);
    if (!answer) return null;
    return { status: answer.status, headers: answer.headers, body: answer.body === null ? null : jsonOrText(answer.body) };
  }
}

function jsonOrText(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function ofAttempt(row: AttemptRow): EvidenceView {
  return {
    type: 'attempt',
    started_at: row.started_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null,
    outcome: row.outcome,
    status: row.status,
    code: row.code,
    reason: row.reason,
    provider_id: row.provider_id,
    data: null,
    correlation_id: row.correlation_id,
    generation: row.generation,
  };
}

function ofReading(row: ReadingRow): EvidenceView {
  return {
    type: 'reading',
    started_at: row.started_at.toISOString(),
    ended_at: row.ended_at.toISOString(),
    outcome: row.finding,
    status: null,
    code: null,
    reason: null,
    provider_id: row.provider_id,
    data: row.data,
    correlation_id: null,
    generation: row.generation,
  };
}

function ofResolution(row: ResolutionRow): EvidenceView {
  return {
    type: 'resolution',
    started_at: row.at.toISOString(),
    ended_at: row.at.toISOString(),
    outcome: row.outcome,
    status: null,
    code: null,
    reason: row.reason,
    provider_id: row.provider_id,
    data: null,
    correlation_id: null,
    generation: null,
  };
}
