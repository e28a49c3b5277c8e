import { randomUUID } from 'node:crypto';
import { ControlRefusal } from '../control/refusal.js';
import { isObject } from '../json.js';
import { matches, readMatcher, type Matcher } from './matcher.js';

/** Before Klarna carries a call out, or after it has and before the answer leaves. */
export type GatePlace = 'before' | 'after';

interface Gate {
  id: string;
  match: Matcher;
  at: GatePlace;
  waiting: number;
  opened: Promise<void>;
  open: () => void;
  /** Told at each arrival, and when the gate opens. */
  watchers: Set<() => void>;
}

export interface GateView {
  id: string;
  match: Matcher;
  at: GatePlace;
  waiting: number;
}

const view = ({ id, match, at, waiting }: Gate): GateView => ({ id, match, at, waiting });

/**
 * Gates make races deterministic: matching calls stop there until the gate is opened. A stopped call is inside Klarna, so it
 * goes on when the gate opens even if its caller has left meanwhile.
 */
export class Gates {
  private readonly closed = new Map<string, Gate>();

  /** @throws ControlRefusal when `match` or `at` is malformed */
  add(input: unknown): GateView {
    const at = isObject(input) ? input.at : undefined;
    if (!isObject(input) || (at !== 'before' && at !== 'after'))
      throw new ControlRefusal(400, "A gate is {match: {method?, path}, at: 'before' | 'after'}");
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const gate: Gate = { id: randomUUID(), match: readMatcher(input.match), at, waiting: 0, opened, open, watchers: new Set() };
    this.closed.set(gate.id, gate);
    return view(gate);
  }

  /** Waits at every closed gate that matches, one after the other. */
  async pass(method: string, path: string, at: GatePlace): Promise<void> {
    for (;;) {
      const gate = [...this.closed.values()].find((candidate) => candidate.at === at && matches(candidate.match, method, path));
      if (gate === undefined) return;
      gate.waiting += 1;
      gate.watchers.forEach((watcher) => watcher());
      await gate.opened;
    }
  }

  /** Lets everybody through and removes the gate. @returns whether there was such a gate */
  open(id: string): boolean {
    const gate = this.closed.get(id);
    if (gate === undefined) return false;
    this.closed.delete(id);
    gate.open();
    gate.watchers.forEach((watcher) => watcher());
    return true;
  }

  openAll(): void {
    for (const id of [...this.closed.keys()]) this.open(id);
  }

  list(): GateView[] {
    return [...this.closed.values()].map(view);
  }

  /** A gate as soon as `count` calls wait at it, or as it is after `ms` real milliseconds; undefined when there is none. */
  async find(id: string, count: number, ms: number): Promise<GateView | undefined> {
    const gate = this.closed.get(id);
    if (gate === undefined) return undefined;
    if (gate.waiting < count) {
      await new Promise<void>((resolve) => {
        const watcher = () => {
          if (gate.waiting < count && this.closed.has(id)) return;
          clearTimeout(timer);
          gate.watchers.delete(watcher);
          resolve();
        };
        const timer = setTimeout(() => {
          gate.watchers.delete(watcher);
          resolve();
        }, ms).unref();
        gate.watchers.add(watcher);
      });
    }
    return view(gate);
  }
}
