import { Injectable } from '@nestjs/common';
import { ASKED, type CallbackEntry, type Hook } from '../../persistence/repositories/hooks.repository.js';

/** What a question said beside its body. */
export interface AskedQuestion {
  hook: Hook;
  /** Klarna's id of the checkout; null: the address did not say. */
  providerOrderId: string | null;
  /** As it came. */
  body: Buffer;
  /** When it arrived, by `performance.now()`: Klarna's patience runs from then. */
  arrivedAt: number;
}

/** What goes back to Klarna. */
export interface GivenAnswer {
  status: number;
  location: string | null;
  /** JSON; null: none. */
  body: Buffer | null;
}

/** Who answers Klarna's questions: the feature that knows what they ask. Answers in time whatever the shop does; never throws. */
export interface Answerer {
  answer(question: AskedQuestion): Promise<GivenAnswer>;
}

/** Callbacks that Klarna waits for an answer to, while a shopper waits for Klarna: they go past the inbox. */
@Injectable()
export class Questions {
  #answerer: Answerer | undefined;

  /** @throws Error when somebody answers already */
  register(answerer: Answerer): void {
    if (this.#answerer !== undefined) throw new Error('Klarna’s questions have somebody who answers them');
    this.#answerer = answerer;
  }

  /** Who answers what comes to this entry; undefined: it is no question. @throws Error when nobody does */
  answererOf(entry: CallbackEntry): Answerer | undefined {
    if (!(ASKED as readonly string[]).includes(entry)) return undefined;
    if (this.#answerer === undefined) throw new Error(`Nobody answers questions of ${entry}`);
    return this.#answerer;
  }
}
