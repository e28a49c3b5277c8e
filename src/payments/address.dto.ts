import { withFields } from '../http/fields.js';
import { addressFields } from '../shapes/address.js';

/** Where the shopper lives, or where the goods go. Klarna compares it with what was authorized, so send the same at create order. */
export class PaymentsAddress extends withFields(addressFields('payments')) {}
