import { createHash, randomUUID } from 'node:crypto';
import type { Switches } from '../switches.js';
import type { Callback } from './callback.js';

/**
 * What becomes of callbacks on their way, as the switches have it: some are held, lost, doubled, late. The n-th draw with one seed always
 * gives the same.
 */
export class Disorder {
  private drawn = 0;

  constructor(private readonly switches: Switches) {}

  /** The callbacks that really come of one that Klarna plans: itself, and perhaps a double. A withheld one is there, but not sent. */
  of(planned: Callback): [Callback, ...Callback[]] {
    if (this.switches.get('callbacks_hold')) return [withheld(planned, 'held')];
    if (this.happens('callbacks_lost')) return [withheld(planned, 'lost')];
    const double = { ...planned, callback_id: randomUUID(), double_of: planned.callback_id };
    return this.happens('callbacks_doubled') ? [this.late(planned), this.late(double)] : [this.late(planned)];
  }

  /** Draws from the beginning again. */
  reset(): void {
    this.drawn = 0;
  }

  private late(planned: Callback): Callback {
    if (!this.happens('callbacks_delayed')) return planned;
    const at = planned.first_at + 1 + this.draw(this.switches.get('callbacks_delay_seconds') * 1_000);
    return { ...planned, first_at: at, next_at: at };
  }

  private happens(name: 'callbacks_lost' | 'callbacks_doubled' | 'callbacks_delayed'): boolean {
    const percent = this.switches.get(name);
    return percent > 0 && this.draw(100) < percent;
  }

  /** A whole number from 0, below `end`. */
  private draw(end: number): number {
    const hash = createHash('sha256').update(`${this.switches.get('callbacks_seed')} ${(this.drawn += 1)}`);
    return hash.digest().readUInt32BE() % Math.max(end, 1);
  }
}

export function withheld(planned: Callback, why: NonNullable<Callback['withheld']>): Callback {
  return { ...planned, next_at: null, withheld: why };
}
