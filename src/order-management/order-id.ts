import { canonicalId, isPossibleId } from '../http/resource-id.js';
import { Refusal } from '../operations/errors.js';

/**
 * The provider's order id as a caller wrote it in the path. One order has one lane and one owner, however it is spelled.
 * @throws Refusal NO_SUCH_ORDER for what can't be an id
 */
export function orderIdIn(parameter: string): string {
  if (!isPossibleId(parameter)) throw noSuchOrder(parameter);
  return canonicalId(parameter);
}

/**
 * A capture's or refund's id as a caller wrote it in the path.
 * @throws Refusal for what can't be an id
 */
export function movementIdIn(parameter: string, code: 'NO_SUCH_CAPTURE' | 'NOT_FOUND'): string {
  if (!isPossibleId(parameter)) throw new Refusal(code, ['No such id exists']);
  return parameter;
}

/** What an unknown id gets from Klarna; another merchant's order gets the same. */
export function noSuchOrder(orderId: string): Refusal {
  return new Refusal('NO_SUCH_ORDER', [isPossibleId(orderId) ? `No order with id ${orderId} exists` : 'No order with this id exists']);
}
