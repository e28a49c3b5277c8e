import type { KINDS, OperationKind } from './kinds.js';

/** Kinds that can become `manual`: all but those of sessions, which end with their caller's wait. */
type ManualKind = { [Kind in OperationKind]: (typeof KINDS)[Kind]['class'] extends 'interactive' ? never : Kind }[OperationKind];

/** What a person has to be told of a kind; `{order}` and `{session}` are replaced. */
export interface KindWords {
  /** As the subject of a title. */
  title: string;
  /** In the middle of a sentence. */
  thing: string;
  /** Where its effect is seen at Klarna, as seen through this gateway, which passes Klarna's bytes on. */
  lookUps: readonly string[];
  /** What counts as the effect. */
  seen: string;
  /** What `provider_id` is; null where the kind makes nothing with an id. */
  id: string | null;
  /** What callers get after `succeeded`. */
  success: string;
  /** What a second execution would be. */
  twice: string;
}

const ORDER = 'GET /ordermanagement/v1/orders/{order}';
const PORTAL = "Klarna's merchant portal, Orders: search for {order}";

export const KIND_WORDS = {
  'order-management.capture': {
    title: 'Capture',
    thing: 'capture',
    lookUps: [`${ORDER}: members captures, captured_amount`, 'GET /ordermanagement/v1/orders/{order}/captures', `${PORTAL}, its captures`],
    seen: 'a capture of this amount and reference, made after the first send, that belongs to nothing else',
    id: 'the capture_id',
    success: '201 with the Capture-Id; the capture is linked to this operation and counted',
    twice: 'the shopper is charged twice',
  },
  'order-management.refund': {
    title: 'Refund',
    thing: 'refund',
    lookUps: [`${ORDER}: members refunds, refunded_amount`, `${PORTAL}, its refunds`],
    seen: 'a refund of this amount and reference, made after the first send, that belongs to nothing else',
    id: 'the refund_id',
    success: '201 with the Refund-Id; the refund is linked to this operation and counted',
    twice: 'the shopper gets the money back twice',
  },
  'order-management.cancel': {
    title: 'Cancel',
    thing: 'cancel',
    lookUps: [`${ORDER}: member status`, PORTAL],
    seen: 'status CANCELLED',
    id: null,
    success: '204; the order counts as cancelled',
    twice: 'nothing more happens than at the first: a cancelled order stays cancelled',
  },
  'order-management.release': {
    title: 'Release of the remaining authorization',
    thing: 'release',
    lookUps: [`${ORDER}: members remaining_authorized_amount, captured_amount, status`, PORTAL],
    seen: 'remaining_authorized_amount 0 while less than the order was captured, and the order has neither expired nor been cancelled',
    id: null,
    success: '204; nothing of the order counts as authorized any more',
    twice: 'nothing more happens than at the first: there is nothing left to release',
  },
  'order-management.authorization-update': {
    title: 'Update of the authorization',
    thing: 'update of the authorization',
    lookUps: [`${ORDER}: members order_amount, order_lines`, PORTAL],
    seen: 'the order_amount and the order_lines that were asked for',
    id: null,
    success: '204; the order counts as one of that amount',
    twice: 'amount and lines are set once more; what was changed elsewhere in between is undone',
  },
  'order-management.extend-authorization': {
    title: 'Extension of the authorization',
    thing: 'extension of the authorization',
    lookUps: [`${ORDER}: member expires_at`, PORTAL],
    seen: 'an expires_at later than it was before',
    id: null,
    success: '204; the order is read again for its new expires_at',
    twice: 'the same end again on the same day, a later one on a later day',
  },
  'order-management.acknowledge': {
    title: 'Acknowledgement',
    thing: 'acknowledgement',
    lookUps: [`${ORDER}: members status, captures; they show whether it is possible at all`, PORTAL],
    seen: 'that Klarna sends no more pushes for the order, or that it has a capture',
    id: null,
    success: '204',
    twice: 'nothing more happens than at the first: an acknowledged order stays acknowledged',
  },
  'order-management.merchant-references': {
    title: 'Update of the references',
    thing: 'update of the references',
    lookUps: [`${ORDER}: members merchant_reference1, merchant_reference2`, PORTAL],
    seen: 'the references that were asked for',
    id: null,
    success: '204; the order counts as having these references',
    twice: 'the references are set once more; newer ones are undone',
  },
  'order-management.customer-details': {
    title: 'Update of the shipping address',
    thing: 'update of the shipping address',
    lookUps: [`${ORDER}: member shipping_address`, PORTAL],
    seen: 'the address that was asked for',
    id: null,
    success: '204',
    twice: 'the address is set and assessed once more; a newer one is undone',
  },
  'order-management.shipping-info': {
    title: 'Shipping information of the order',
    thing: 'shipping information',
    lookUps: [`${ORDER}: member shipping_info`, PORTAL],
    seen: 'the tracking numbers of these parcels',
    id: null,
    success: '204',
    twice: 'the parcels are listed twice',
  },
  'order-management.capture-shipping-info': {
    title: 'Shipping information of a capture',
    thing: 'shipping information',
    lookUps: [`${ORDER}: members captures, shipping_info`, `${PORTAL}, its captures`],
    seen: 'the tracking numbers of these parcels',
    id: null,
    success: '204',
    twice: 'the parcels are listed twice',
  },
  'order-management.send-out': {
    title: 'Message to the shopper',
    thing: 'message to the shopper',
    lookUps: [`${ORDER}: members status, captures; they show whether it is possible at all`, `${PORTAL}, its captures`],
    seen: 'that the shopper got the message again; Klarna does not show it',
    id: null,
    success: '204',
    twice: 'the shopper gets the message once more',
  },
  'order-management.extend-due-date': {
    title: 'Extension of a due date',
    thing: 'extension of the due date',
    lookUps: [`${ORDER}: members status, captures; they show whether it is possible at all`, `${PORTAL}, its captures: the due date`],
    seen: 'the later due date; only the portal shows it',
    id: null,
    success: '204',
    twice: 'the payment is put off once more, for another fee; that can not be undone',
  },
  'payments.create-order': {
    title: 'Create order',
    thing: 'order',
    lookUps: [
      'GET /payments/v1/sessions/{session}: member status; "complete" means that an order was placed, without telling its id',
      "Klarna's merchant portal, Orders: search for the amount, the reference and the time of the first send",
    ],
    seen: 'an order of this amount and reference, placed after the first send',
    id: 'the order_id',
    success: '200 with the order_id; the order is known here, and can be captured',
    twice: 'the shopper has two orders',
  },
  'payments.create-customer-token': {
    title: 'Customer token',
    thing: 'customer token',
    lookUps: [
      'GET /payments/v1/sessions/{session}: whose session it is; it shows no customer token',
      "Klarna's merchant portal or support, with the correlation ids above: which token was made of this authorization",
    ],
    seen: 'a customer token that was made of this authorization, after the first send',
    id: 'the token_id',
    success: '200 with the token_id',
    twice: 'the shopper has agreed to two tokens',
  },
  'customer-token.create-order': {
    title: 'Order of a customer token',
    thing: 'order',
    lookUps: [
      "Klarna's merchant portal, Orders: search for the amount, the reference and the time of the first send",
      'GET /customer-token/v1/tokens/{token}: member status; a token that is not ACTIVE refuses repeats of charges that it carried out',
    ],
    seen: 'an order of this amount and reference, placed after the first send, that belongs to nothing else',
    id: 'the order_id',
    success: '200 with the order_id; the order is known here, and can be captured',
    twice: 'the shopper is charged for two orders',
  },
  'customer-token.update-status': {
    title: 'Cancel of a customer token',
    thing: 'cancel of the customer token',
    lookUps: [
      'GET /customer-token/v1/tokens/{token}: member status',
      "Klarna's merchant portal or support: whether the token was cancelled",
    ],
    seen: 'status CANCELLED',
    id: null,
    success: '202',
    twice: 'nothing more happens than at the first: a cancelled token stays cancelled',
  },
  'payments.cancel-authorization': {
    title: 'Cancel of an authorization',
    thing: 'cancel of the authorization',
    lookUps: [
      'GET /payments/v1/sessions/{session}: member authorization_token; gone means cancelled, status "complete" means that an order was placed',
      "Klarna's merchant portal, Orders: whether an order was placed with this authorization",
    ],
    seen: 'a session that is open and shows no authorization_token',
    id: null,
    success: '204',
    twice: 'nothing more happens than at the first: a cancelled authorization stays cancelled',
  },
} as const satisfies Record<ManualKind, KindWords>;

export interface ReasonWords {
  /** After the kind, in a title. */
  title: string;
  /** What the rules can't tell; `{thing}` is replaced. */
  notKnown: readonly string[];
  /** What comes before the look-ups. */
  first: readonly string[];
}

/** By the reasons of decide.ts that end as `manual`. */
export const REASON_WORDS: Readonly<Record<string, ReasonWords>> = {
  ambiguous: {
    title: 'Klarna shows more than one that could be this one',
    notKnown: [
      'Which of the candidates this operation made, or whether it made none of them: each has its amount and its reference, was made after its first send and belongs to no other operation.',
      'Whether somebody made one of them elsewhere: in the merchant portal, or with another system.',
    ],
    first: ['Ask who else works on this order (merchant portal, other systems, colleagues): what they made is not this one.'],
  },
  'absent-twice': {
    title: 'sent under two idempotency keys, and not seen at Klarna after either',
    notKnown: [
      'Why neither call had an effect that can be seen. After each, the gateway waited until Klarna must have been done and looked twice.',
      'Whether Klarna still carries out one of the calls. That would be unusual, and is what a third key would risk.',
    ],
    first: ["Ask Klarna's merchant support, with the correlation ids and the times above, what became of these calls."],
  },
  'placed-without-id': {
    title: 'an order was placed, and Klarna does not tell its id',
    notKnown: ["The order's id. The session shows that an order exists; Klarna refused the repeat that would have told which."],
    first: ['Until the id is known: do not ship, and do not let the shopper pay again.'],
  },
  'not-shown': {
    title: 'Klarna does not show whether it happened',
    notKnown: [
      'Whether the {thing} happened. Klarna gave no usable answer to the sends above, and nothing that it lets a merchant read shows it.',
    ],
    first: ["Ask Klarna's merchant support, with the correlation ids and the times above, what became of these calls."],
  },
  unreadable: {
    title: 'Klarna could not be read for so long that a person must look',
    notKnown: ['Whether the {thing} happened: no look at Klarna brought an answer that says so, or that it did not.'],
    first: [
      "See whether Klarna can be reached from here with this merchant's credentials: GET /health/ready says nothing about that; a read does.",
    ],
  },
};
