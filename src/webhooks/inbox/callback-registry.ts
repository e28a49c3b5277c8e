import { Injectable } from '@nestjs/common';
import type { CallbackEntry } from '../../persistence/repositories/hooks.repository.js';
import type { CallbackHandler } from './callback-handler.js';

/** Finds who knows what a callback means: features register in onModuleInit. */
@Injectable()
export class CallbackRegistry {
  readonly #handlers = new Map<CallbackEntry, CallbackHandler>();

  /** @throws Error when the entry already has a handler */
  register(handler: CallbackHandler): void {
    if (this.#handlers.has(handler.entry)) throw new Error(`Two handlers are registered for callbacks of ${handler.entry}`);
    this.#handlers.set(handler.entry, handler);
  }

  /** Undefined: nobody knows this entry; what came to it stays until somebody does. */
  handlerOf(entry: CallbackEntry): CallbackHandler | undefined {
    return this.#handlers.get(entry);
  }

  /** Every entry that has a handler. */
  entries(): CallbackEntry[] {
    return [...this.#handlers.keys()];
  }
}
