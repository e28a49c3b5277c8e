import { Refusal } from '../operations/errors.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { OperationReply } from '../operations/request.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/**
 * The answer of record of a checkout of which only the id is known any more.
 * @throws Refusal BAD_VALUE without an id
 */
export function createdAnswer(orderId: string | null): RecordedAnswer {
  if (orderId === null) throw new Refusal('BAD_VALUE', ['Bad value: provider_id']);
  const Location = `/checkout/v3/orders/${encodeURIComponent(orderId)}`;
  return { status: 201, headers: { ...JSON_TYPE, Location }, body: Buffer.from(JSON.stringify({ order_id: orderId })) };
}

/** What Klarna answers to an update or an abort that took effect: the checkout, as it was read. Without one, the bare status. */
export function doneAnswer(checkout: Buffer | null = null): RecordedAnswer {
  return { status: 200, headers: checkout === null ? {} : JSON_TYPE, body: checkout };
}

/** What Klarna answers for a checkout that it does not have: a 404 without a body. Another merchant's gets the same. */
export function noSuchCheckout(): OperationReply {
  return new OperationReply(404, {}, undefined);
}
