import type { KINDS, OperationKind } from './kinds.js';

/** Kinds of which a second execution does harm. */
type NeverTwice = { [Kind in OperationKind]: (typeof KINDS)[Kind] extends { neverTwice: true } ? Kind : never }[OperationKind];

/** What may have happened, and what repeating it would risk: a repeat is then the caller's decision. */
const DOUBTS: Readonly<Record<NeverTwice, { readonly done: string; readonly risk: string }>> = {
  'hosted-payment-page.create-session': {
    done: 'the page may have been made; it can not be looked up.',
    risk: 'A repeat may make a second page for the same payment session, which Klarna advises against; for a checkout order do not repeat it.',
  },
  'hosted-payment-page.distribute': {
    done: 'the message may have been sent to the shopper.',
    risk: 'A repeat may send the shopper a second one.',
  },
};

/** For a kind that is never sent again while it may have happened; undefined for the others. */
export function doubtWordsOf(kind: OperationKind): string | undefined {
  const doubt = doubtOf(kind);
  return doubt && `Klarna gave no usable answer in time, and ${doubt.done} Nothing is sent again by itself. ${doubt.risk}`;
}

/** The same, where Klarna may have answered, and the record can't be read at the moment. */
export function unreadWordsOf(kind: OperationKind): string | undefined {
  const doubt = doubtOf(kind);
  return doubt && `The outcome could not be read, and ${doubt.done} Look at the operation first. ${doubt.risk}`;
}

function doubtOf(kind: OperationKind): { readonly done: string; readonly risk: string } | undefined {
  return (DOUBTS as Partial<Record<OperationKind, { readonly done: string; readonly risk: string }>>)[kind];
}
