import type { KINDS, OperationKind } from './kinds.js';

/** Kinds of which a second execution does harm. */
type NeverTwice = { [Kind in OperationKind]: (typeof KINDS)[Kind] extends { neverTwice: true } ? Kind : never }[OperationKind];

/** What a caller is told when one of them may have happened: what repeating it would risk, because a repeat is then the caller's decision. */
const DOUBT_WORDS: Readonly<Record<NeverTwice, string>> = {
  'hosted-payment-page.create-session':
    'Klarna gave no usable answer in time, and the page may have been made; it can not be looked up. Nothing is sent again by itself. A repeat may make a second page for the same payment session, which Klarna advises against; for a checkout order do not repeat it.',
  'hosted-payment-page.distribute':
    'Klarna gave no usable answer in time, and the message may have been sent to the shopper. Nothing is sent again by itself. A repeat may send the shopper a second one.',
};

/** The words for a kind that is never sent again while it may have happened; undefined for the others. */
export function doubtWordsOf(kind: OperationKind): string | undefined {
  return (DOUBT_WORDS as Partial<Record<OperationKind, string>>)[kind];
}
