import { randomUUID } from 'node:crypto';
import { ControlRefusal } from '../control/refusal.js';
import { isObject } from '../json.js';
import { matches, readMatcher, type Matcher } from './matcher.js';

export const FAULT_KINDS = [
  'timeout_before',
  'timeout_after',
  'reset_before',
  'reset_after',
  'status',
  'status_after',
  'garbage_after',
  'latency',
] as const;
export const GARBAGE_VARIANTS = ['truncated_json', 'html', 'missing_id_header', 'huge'] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];
export type GarbageVariant = (typeof GARBAGE_VARIANTS)[number];

export interface Fault {
  id: string;
  match: Matcher;
  /** How many requests it still hits. */
  times: number;
  kind: FaultKind;
  /** Status of `status` and `status_after`. */
  code: number;
  /** Klarna's error code; by default the one that goes with the status. */
  error_code?: string;
  /** Sent instead of Klarna's error body, as it is; `""` is the bare 403 of a DDoS rule. */
  body?: string;
  variant: GarbageVariant;
  /** Real milliseconds of `latency`. */
  ms: number;
}

const inRange = (value: unknown, low: number, high: number): value is number =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
const oneOf = <T extends string>(value: unknown, known: readonly T[]): T | undefined => known.find((candidate) => candidate === value);

/** The failures that are waiting for a request. The oldest that matches is used up first. */
export class Faults {
  private readonly waiting = new Map<string, Fault>();

  /** @throws ControlRefusal naming what is allowed */
  add(input: unknown): Fault {
    if (!isObject(input))
      throw new ControlRefusal(400, 'A fault is {match: {method?, path}, times, kind, code?, ms?, error_code?, body?, variant?}');
    const kind = oneOf(input.kind, FAULT_KINDS);
    const variant = oneOf(input.variant ?? 'truncated_json', GARBAGE_VARIANTS);
    const times = input.times ?? 1;
    const code = input.code ?? 500;
    const ms = input.ms ?? 0;
    if (kind === undefined) throw new ControlRefusal(400, `kind must be one of ${FAULT_KINDS.join(', ')}`);
    if (variant === undefined) throw new ControlRefusal(400, `variant must be one of ${GARBAGE_VARIANTS.join(', ')}`);
    if (!inRange(times, 1, Number.MAX_SAFE_INTEGER)) throw new ControlRefusal(400, 'times must be a whole number from 1');
    if (!inRange(code, 200, 599)) throw new ControlRefusal(400, 'code must be a status from 200 to 599');
    if (!inRange(ms, 0, 3_600_000)) throw new ControlRefusal(400, 'ms must be a whole number from 0 to 3600000');
    if (kind === 'latency' && ms === 0) throw new ControlRefusal(400, 'latency needs ms');
    for (const name of ['error_code', 'body'] as const) {
      if (input[name] !== undefined && typeof input[name] !== 'string') throw new ControlRefusal(400, `${name} must be text`);
    }
    const fault: Fault = { id: randomUUID(), match: readMatcher(input.match), times, kind, code, variant, ms };
    if (typeof input.error_code === 'string') fault.error_code = input.error_code;
    if (typeof input.body === 'string') fault.body = input.body;
    this.waiting.set(fault.id, fault);
    return fault;
  }

  /** Takes one of the times of the oldest matching fault. */
  take(method: string, path: string): Fault | undefined {
    for (const fault of this.waiting.values()) {
      if (!matches(fault.match, method, path)) continue;
      fault.times -= 1;
      if (fault.times === 0) this.waiting.delete(fault.id);
      return fault;
    }
    return undefined;
  }

  list(): Fault[] {
    return [...this.waiting.values()];
  }

  /** @returns whether there was such a fault */
  remove(id: string): boolean {
    return this.waiting.delete(id);
  }

  clear(): void {
    this.waiting.clear();
  }
}
