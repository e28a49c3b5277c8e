import { Refusal } from '../operations/errors.js';

/** What may stand in one path segment as it is. Slashes, escapes and control characters would name another resource at Klarna. */
const POSSIBLE_ID = /^(?!\.+$)[\w!$&'()*+,\-.:;=@~]{1,255}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The provider's order id as a caller wrote it in the path. A UUID is the same in capitals: one order has one lane and one owner,
 * however it is spelled.
 * @throws Refusal NO_SUCH_ORDER for what can't be an id
 */
export function orderIdIn(parameter: string): string {
  if (!POSSIBLE_ID.test(parameter)) throw noSuchOrder(parameter);
  return UUID.test(parameter) ? parameter.toLowerCase() : parameter;
}

/**
 * A capture's or refund's id as a caller wrote it in the path.
 * @throws Refusal for what can't be an id
 */
export function movementIdIn(parameter: string, code: 'NO_SUCH_CAPTURE' | 'NOT_FOUND'): string {
  if (!POSSIBLE_ID.test(parameter)) throw new Refusal(code, ['No such id exists']);
  return parameter;
}

/** What an unknown id gets from Klarna; another merchant's order gets the same. */
export function noSuchOrder(orderId: string): Refusal {
  return new Refusal('NO_SUCH_ORDER', [POSSIBLE_ID.test(orderId) ? `No order with id ${orderId} exists` : 'No order with this id exists']);
}
