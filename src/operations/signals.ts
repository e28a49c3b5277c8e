import { Injectable } from '@nestjs/common';

/**
 * Says inside this process that an operation changed, so that its callers need not wait for the next look at Postgres. A hint, never
 * the truth: whoever hears it reads the row.
 */
@Injectable()
export class Signals {
  private readonly listeners = new Map<string, Set<() => void>>();

  /** Calls back at each change of the operation, until the returned function is called. */
  onChange(operationId: string, listener: () => void): () => void {
    const listeners = this.listeners.get(operationId) ?? new Set();
    listeners.add(listener);
    this.listeners.set(operationId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(operationId) === listeners) this.listeners.delete(operationId);
    };
  }

  changed(operationId: string): void {
    for (const listener of [...(this.listeners.get(operationId) ?? [])]) listener();
  }
}
