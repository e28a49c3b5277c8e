import { Injectable } from '@nestjs/common';
import { Database } from '../persistence/database.js';
import type { OperationRow } from '../persistence/repositories/operation-rows.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { HandlerRegistry } from './handler-registry.js';
import type { RecordedAnswer } from './operation.js';
import { findingsIn } from '../order-lines/check.js';
import { OperationRecords } from './record.js';
import { refusedLines } from './refused-lines.js';

/** Tells a caller that the body is not the provider's bytes any more. */
const ERASED = { 'Idempotent-Body-Erased': 'true' };

/** What callers are answered for good. */
@Injectable()
export class Answers {
  constructor(
    private readonly database: Database,
    private readonly repository: OperationsRepository,
    private readonly records: OperationRecords,
    private readonly handlers: HandlerRegistry,
  ) {}

  /**
   * The answer of record: the provider's, to the byte, while its body is kept. After that its status and headers, with a body of what is
   * still known: the id of what was made, or the provider's error code and correlation id. An answer that never had a body stays what it was.
   * @returns null while there is no answer
   */
  async ofRecord(row: OperationRow): Promise<RecordedAnswer | null> {
    const answer = this.records.answer(row);
    const type = answer?.headers['Content-Type'];
    if (answer && answer.body !== null) return { ...answer, headers: { ...answer.headers, ...this.#pointers(row) } };
    if (!answer || type === undefined) return answer;
    const headers = { ...answer.headers, ...ERASED };
    const body = answer.status < 300 ? await this.#made(row) : await this.#refusal(row, answer.status);
    if (body === null) delete (headers as Record<string, string>)['Content-Type'];
    return { status: answer.status, headers, body };
  }

  /** Where to read what is wrong with the order lines that the provider refused. Its own bytes stay as they are. */
  #pointers(row: OperationRow): Record<string, string> {
    const check = refusedLines(this.records, row);
    return check === null || findingsIn(check).length === 0 ? {} : { 'Order-Lines-Check': `/operations/${row.id}` };
  }

  async #made(row: OperationRow): Promise<Buffer | null> {
    const [attempts, readings, resolutions] = await Promise.all([
      this.repository.attempts(this.database, [row.id]),
      this.repository.readings(this.database, [row.id]),
      this.repository.resolutions(this.database, [row.id]),
    ]);
    const id = madeId(attempts, readings, resolutions);
    return id === null ? null : this.handlers.handlerOf(this.records.kindOf(row)).answerFor(this.records.context(row), id).body;
  }

  async #refusal(row: OperationRow, status: number): Promise<Buffer> {
    const [attempts, resolutions] = await Promise.all([
      this.repository.attempts(this.database, [row.id]),
      this.repository.resolutions(this.database, [row.id]),
    ]);
    const resolved = resolutions.at(-1);
    if (resolved?.outcome === 'rejected') return notExecuted(row.id, resolved.reason).body;
    const refused = attempts.findLast((each) => each.outcome === 'rejected' && each.status === status);
    const error = {
      error_code: refused?.code ?? 'NOT_AVAILABLE',
      error_messages: ['Klarna refused the request. What it said was erased after the time for which bodies are kept.'],
      correlation_id: refused?.correlation_id ?? row.id,
    };
    return Buffer.from(JSON.stringify(error));
  }
}

/** The provider's id of what an operation made, by whoever learned it; null when nothing says so. */
export function madeId(
  attempts: readonly { outcome: string | null; provider_id: string | null }[],
  readings: readonly { finding: string; provider_id: string | null }[],
  resolutions: readonly { outcome: string; provider_id: string | null }[],
): string | null {
  const known = [
    ...attempts.filter((each) => each.outcome === 'succeeded'),
    ...readings.filter((each) => each.finding === 'present'),
    ...resolutions.filter((each) => each.outcome === 'succeeded'),
  ];
  return known.find((each) => each.provider_id !== null)?.provider_id ?? null;
}

/** The answer of record when a person found out that nothing happened: Klarna's shape, our words. */
export function notExecuted(id: string, reason: string): RecordedAnswer & { body: Buffer } {
  const body = { error_code: 'NOT_ALLOWED', error_messages: [`Settled by a person as not executed: ${reason}`], correlation_id: id };
  return { status: 403, headers: { 'Content-Type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
}
