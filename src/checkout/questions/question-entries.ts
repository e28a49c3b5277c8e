import { ASKED } from '../../persistence/repositories/hooks.repository.js';

/** What Klarna asks a shop while the shopper waits, by the entry of `merchant_urls`. */
export type QuestionEntry = (typeof ASKED)[number];

/** Whether a yes to this question must carry a cart. A yes to `validation` carries nothing. */
export function asksForCart(entry: QuestionEntry): boolean {
  return entry !== 'validation';
}

/** An answer as it goes to Klarna: the bytes are the shop's own where it gave one. */
export interface QuestionAnswer {
  status: number;
  location: string | null;
  body: Buffer | null;
}
