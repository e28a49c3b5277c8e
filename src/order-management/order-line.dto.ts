import { withFields } from '../http/fields.js';
import { orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';

export class ManagedLineSubscription extends withFields(subscriptionFields('order-management')) {}

/** One item of an order, a capture or a refund, shown to the shopper. */
export class ManagedOrderLine extends withFields(orderLineFields('order-management', () => ManagedLineSubscription)) {}
