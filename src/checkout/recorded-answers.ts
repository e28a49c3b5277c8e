import type { RecordedAnswer } from '../operations/operation.js';
import { foundAnswer } from '../operations/recorded-answers.js';
import { OperationReply } from '../operations/request.js';

/**
 * The answer of record of a checkout of which only the id is known any more.
 * @throws Refusal BAD_VALUE without an id
 */
export function createdAnswer(orderId: string | null): RecordedAnswer {
  const found = foundAnswer(201, 'order_id', orderId);
  return { ...found, headers: { ...found.headers, Location: `/checkout/v3/orders/${encodeURIComponent(orderId ?? '')}` } };
}

/** What Klarna answers to an update or an abort that took effect: the checkout, as it was read. */
export function checkoutAnswer(checkout: Buffer | null): RecordedAnswer {
  return { status: 200, headers: checkout === null ? {} : { 'Content-Type': 'application/json' }, body: checkout };
}

/** What Klarna answers for a checkout that it does not have: a 404 without a body. Another merchant's gets the same. */
export function noSuchCheckout(): OperationReply {
  return new OperationReply(404, {}, undefined);
}
