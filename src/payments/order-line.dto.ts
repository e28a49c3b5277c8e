import { withFields } from '../http/fields.js';
import { orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';

export class PaymentsSubscription extends withFields(subscriptionFields('payments')) {}

/** One line of the cart. Klarna checks the arithmetic. */
export class PaymentsOrderLine extends withFields(orderLineFields('payments', () => PaymentsSubscription)) {}
