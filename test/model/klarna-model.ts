/** A request on its way: it executes at `executesAt`, whatever becomes of the connection. Times are virtual ms. */
export interface Flight {
  key: string;
  executesAt: number;
  /** What the provider makes of it when it executes it anew. */
  verdict: 'effect' | 'refusal';
  executed: Result | null;
}

export type Result = { outcome: 'effect'; id: string } | { outcome: 'refusal' };

export interface KlarnaBehaviour {
  /** How long a key is known; for ever: an authorization token. */
  keyLifeMs: number;
  /** A refusal is remembered under its key like a success. */
  remembersRefusals: boolean;
  /** A repeat of an executed request: the first answer again, or a refusal ("already consumed"). */
  repeat: 'first-answer' | 'refused';
}

/**
 * A provider that executes a key once, forgets keys after their life, and may go on executing for a while after the connection is
 * gone: no more certain than the real one.
 */
export class KlarnaModel {
  readonly effects: { id: string; at: number }[] = [];
  private readonly keys = new Map<string, { result: Result; at: number }>();
  private readonly flights: Flight[] = [];
  private serial = 0;

  constructor(private readonly behaviour: KlarnaBehaviour) {}

  send(key: string, executesAt: number, verdict: Flight['verdict']): Flight {
    const flight: Flight = { key, executesAt, verdict, executed: null };
    this.flights.push(flight);
    return flight;
  }

  /** Executes what is due by then, in the order of time. */
  advanceTo(now: number): void {
    const due = this.flights.filter((flight) => flight.executed === null && flight.executesAt <= now);
    for (const flight of due.sort((a, b) => a.executesAt - b.executesAt)) flight.executed = this.execute(flight);
  }

  /** Whether something is still on its way. */
  get pending(): boolean {
    return this.flights.some((flight) => flight.executed === null);
  }

  private execute(flight: Flight): Result {
    const known = this.keys.get(flight.key);
    if (known && flight.executesAt - known.at < this.behaviour.keyLifeMs) {
      return known.result.outcome === 'effect' && this.behaviour.repeat === 'refused' ? { outcome: 'refusal' } : known.result;
    }
    if (flight.verdict === 'refusal') {
      if (this.behaviour.remembersRefusals) this.keys.set(flight.key, { result: { outcome: 'refusal' }, at: flight.executesAt });
      return { outcome: 'refusal' };
    }
    const result: Result = { outcome: 'effect', id: `effect-${++this.serial}` };
    this.effects.push({ id: result.id, at: flight.executesAt });
    this.keys.set(flight.key, { result, at: flight.executesAt });
    return result;
  }
}
