import type { CallExtras, OrderAge } from '../klarna/call-extras.js';
import type { KlarnaAccount, KlarnaVerdict } from '../klarna/exchange.js';
import type { OrderManagementClient } from '../klarna/order-management.client.js';
import type { OperationContext } from '../operations/handler.js';
import type { OperationKind } from '../operations/kinds.js';
import { targetOf } from '../operations/sending.js';
import type { Learned, OrderLifecycle } from '../orders/order-lifecycle.js';
import type { Transaction } from '../persistence/database.js';
import { askedFor, parcelsIn, referencesIn } from './asked-for.js';
import { isCancelled, isReleased } from './reached-states.js';
import {
  hasAuthorization,
  hasReferences,
  isAcknowledged,
  isExtended,
  listsParcels,
  parcelsOfCapture,
  parcelsOfOrder,
  shipsTo,
  showsCapture,
  type ShownOrder,
} from './reached-updates.js';

type OrderManagementKind = Extract<OperationKind, `order-management.${string}`>;

/** Kinds that make nothing with an id of its own: Klarna answers 204. */
export type ChangeKind = Exclude<OrderManagementKind, 'order-management.capture' | 'order-management.refund'>;

/** One call, and the operation that it is for. */
interface Call {
  account: KlarnaAccount;
  orderId: string;
  extras: CallExtras & OrderAge;
  call: OperationContext;
}

/** A success, in the transaction that settles its operation. */
interface Happened {
  tx: Transaction;
  operation: OperationContext;
  learned: Learned;
}

/** What makes one kind of change different from the others. */
interface OrderChange {
  /** Calls Klarna once. */
  send(klarna: OrderManagementClient, call: Call): Promise<KlarnaVerdict>;
  /** Whether an order shows the effect; undefined: it does not show whether. */
  isReached(shown: ShownOrder, operation: OperationContext): boolean | undefined;
  /** Two of them wait for neither, and the one that is carried out last takes the place of the other. */
  setsAnew?: true;
  /** Writes it down. */
  happened(lifecycle: OrderLifecycle, success: Happened): Promise<void>;
}

const captureOf = (operation: OperationContext): string => targetOf(operation, 'captureId');

/** Every change of an order that is answered without a body, by what it differs in. How far each is followed is in `operations/kinds.ts`. */
export const ORDER_CHANGES: Readonly<Record<ChangeKind, OrderChange>> = {
  'order-management.cancel': {
    send: (klarna, { account, orderId, extras }) => klarna.cancel(account, orderId, extras),
    isReached: ({ snapshot }) => isCancelled(snapshot),
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.cancelled(tx, operation, learned),
  },
  'order-management.release': {
    send: (klarna, { account, orderId, extras }) => klarna.release(account, orderId, extras),
    isReached: ({ snapshot, now }) => isReleased(snapshot, now),
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.released(tx, operation, learned),
  },
  'order-management.acknowledge': {
    send: (klarna, { account, orderId, extras }) => klarna.acknowledge(account, orderId, extras),
    isReached: ({ snapshot }) => isAcknowledged(snapshot),
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.noted(tx, operation, learned, 'order.acknowledged'),
  },
  'order-management.authorization-update': {
    send: (klarna, { account, orderId, extras }) => klarna.updateAuthorization(account, orderId, extras),
    isReached: (shown, operation) => hasAuthorization(shown, operation.amount, askedFor(operation)),
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.authorizationUpdated(tx, operation, learned, operation.amount),
  },
  'order-management.extend-authorization': {
    send: (klarna, { account, orderId, extras }) => klarna.extendAuthorization(account, orderId, extras),
    isReached: ({ snapshot }, { before }) => isExtended(snapshot, before['expires_at']),
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.authorizationExtended(tx, operation, learned),
  },
  'order-management.merchant-references': {
    send: (klarna, { account, orderId, extras }) => klarna.updateMerchantReferences(account, orderId, extras),
    isReached: ({ order }, operation) => hasReferences(order, referencesIn(operation)),
    setsAnew: true,
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.referencesUpdated(tx, operation, learned, referencesIn(operation)),
  },
  'order-management.customer-details': {
    send: (klarna, { account, orderId, extras }) => klarna.updateCustomerDetails(account, orderId, extras),
    isReached: ({ order }, operation) => shipsTo(order, askedFor(operation)),
    setsAnew: true,
    happened: (lifecycle, { tx, operation, learned }) => lifecycle.customerDetailsUpdated(tx, operation, learned),
  },
  'order-management.shipping-info': {
    send: (klarna, { account, orderId, extras }) => klarna.addShippingInfo(account, orderId, extras),
    isReached: ({ order }, operation) => listsParcels(parcelsOfOrder(order), parcelsIn(operation)),
    happened: (lifecycle, { tx, operation, learned }) =>
      lifecycle.noted(tx, operation, learned, 'order.shipping_info_added', { parcels: parcelsIn(operation).length }),
  },
  'order-management.capture-shipping-info': {
    send: (klarna, { account, orderId, extras, call }) => klarna.addCaptureShippingInfo(account, orderId, captureOf(call), extras),
    isReached: ({ order }, operation) => listsParcels(parcelsOfCapture(order, captureOf(operation)), parcelsIn(operation)),
    happened: (lifecycle, { tx, operation, learned }) =>
      lifecycle.noted(tx, operation, learned, 'order.shipping_info_added', {
        capture_id: captureOf(operation),
        parcels: parcelsIn(operation).length,
      }),
  },
  'order-management.send-out': {
    send: (klarna, { account, orderId, extras, call }) => klarna.triggerSendOut(account, orderId, captureOf(call), extras),
    isReached: ({ snapshot }, operation) => showsCapture(snapshot, captureOf(operation)),
    happened: (lifecycle, { tx, operation, learned }) =>
      lifecycle.noted(tx, operation, learned, 'order.send_out_triggered', { capture_id: captureOf(operation) }),
  },
  'order-management.extend-due-date': {
    send: (klarna, { account, orderId, extras, call }) => klarna.extendDueDate(account, orderId, captureOf(call), extras),
    isReached: ({ snapshot }, operation) => showsCapture(snapshot, captureOf(operation)),
    happened: (lifecycle, { tx, operation, learned }) =>
      lifecycle.noted(tx, operation, learned, 'order.due_date_extended', {
        capture_id: captureOf(operation),
        number_of_days: askedFor(operation)['number_of_days'] ?? null,
      }),
  },
};
