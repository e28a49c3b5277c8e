import type { Put, Store } from '../state/store.js';
import type { Answer } from './answers.js';
import type { RememberedAnswer } from './model.js';

/** A key works for 24 hours after its first attempt. */
const KEY_LIFETIME_MS = 24 * 3_600_000;

/**
 * What was answered under `Klarna-Idempotency-Key`. A key belongs to a merchant and to nothing else: path and body of a
 * repeat are not looked at.
 */
export class IdempotencyKeys {
  private readonly running = new Map<string, Promise<void>>();

  constructor(private readonly store: Store) {}

  static id(merchant: string, key: string): string {
    return JSON.stringify([merchant, key]);
  }

  /** The answer to replay, unless its 24 hours are over. */
  find(id: string, now: number): RememberedAnswer | undefined {
    const remembered = this.store.rows.keys.get(id);
    return remembered !== undefined && now < remembered.first_at + KEY_LIFETIME_MS ? remembered : undefined;
  }

  /** The row that makes a key replay `answer`. */
  remember(id: string, firstAt: number, answer: Answer): Put {
    return ['keys', id, { first_at: firstAt, answer }];
  }

  /** The end of the call that is being carried out under this key, if one is. */
  inProgress(id: string): Promise<void> | undefined {
    return this.running.get(id);
  }

  /** Marks a key as in progress. Call the returned function when its call has been carried out. */
  begin(id: string): () => void {
    let done = () => {};
    this.running.set(id, new Promise((resolve) => (done = resolve)));
    return () => {
      this.running.delete(id);
      done();
    };
  }

  /** Rows that remove keys past their time; for a store that is about to be compacted. */
  expired(now: number): Put[] {
    return [...this.store.rows.keys].filter(([, row]) => now >= row.first_at + KEY_LIFETIME_MS).map(([id]): Put => ['keys', id, null]);
  }
}
