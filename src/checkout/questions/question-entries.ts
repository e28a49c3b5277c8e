/**
 * What Klarna asks a shop while the shopper waits, by the entry of `merchant_urls`. Everything else that Klarna sends can wait for an
 * answer; these can't.
 */
export const QUESTION_ENTRIES = ['validation', 'address_update', 'country_change', 'shipping_option_update'] as const;
export type QuestionEntry = (typeof QUESTION_ENTRIES)[number];

export function isQuestion(entry: string): entry is QuestionEntry {
  return (QUESTION_ENTRIES as readonly string[]).includes(entry);
}

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
