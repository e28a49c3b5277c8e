import { Injectable, Logger } from '@nestjs/common';

const QUIET_MS = 60_000;

/**
 * Things a person must look at. Each has a stable code (`operation.contradicted`, `queue.down`), is counted, and is logged at error level
 * at most once a minute per code, with how often it was left unsaid since.
 */
@Injectable()
export class Alerts {
  readonly #logger = new Logger('Alert');
  readonly #counts = new Map<string, number>();
  readonly #said = new Map<string, { at: number; count: number }>();

  /** @param data codes, ids and amounts only: never names, tokens or bodies */
  raise(code: string, data: Readonly<Record<string, unknown>> = {}): void {
    const count = this.count(code) + 1;
    this.#counts.set(code, count);
    const said = this.#said.get(code);
    // The machine's own steady clock: how loud a log is has nothing to do with business time.
    const now = performance.now();
    if (said !== undefined && now - said.at < QUIET_MS) return;
    this.#said.set(code, { at: now, count });
    this.#logger.error({ alert: code, count, unsaid: said === undefined ? 0 : count - said.count - 1, ...data });
  }

  /** How often this code was raised since the start. */
  count(code: string): number {
    return this.#counts.get(code) ?? 0;
  }

  /** Every code raised since the start, with its count. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
