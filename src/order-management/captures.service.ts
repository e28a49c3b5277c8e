import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { OrderManagementClient } from '../klarna/order-management.client.js';
import type { OperationReply } from '../operations/request.js';
import type { CaptureRequest } from './captures.dto.js';
import type { ChangeKind } from './order-changes.js';
import { movementIdIn } from './order-id.js';
import { type ReadCall, OrderReads } from './order-reads.js';
import { change, OrderWrites, type WriteCall } from './order-writes.js';

/** Captures: Klarna takes the money that the order authorized. */
@Injectable()
export class CapturesService {
  constructor(
    private readonly writes: OrderWrites,
    private readonly reads: OrderReads,
    private readonly klarna: OrderManagementClient,
    private readonly settings: Settings,
  ) {}

  /**
   * Captures part or all of an authorized order, once for its key.
   * @param capture `captured_amount` in minor units of the order's currency
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 201 with `Capture-Id` and `Location`, or 202 while the outcome is open; at once while it waits for Klarna's decision
   * @throws Refusal NO_SUCH_ORDER, IDEMPOTENCY_KEY_REUSED, OPERATION_WITHDRAWN (do not repeat), OPERATION_PENDING (look at the
   *   operation), PROVIDER_CREDENTIALS, TEMPORARILY_UNAVAILABLE (repeat with the same key)
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures`
   */
  request(call: WriteCall, capture: CaptureRequest, bytes: Buffer | null): Promise<OperationReply> {
    const { captured_amount: amount, reference } = capture;
    return this.writes.execute(call, {
      ...{ kind: 'order-management.capture', body: bytes, amount, reference: reference ?? null },
      asksFirst: this.settings.holdCapturesWhilePending,
    });
  }

  /**
   * Lists the captures of an order as Klarna shows them.
   * @throws Refusal as `OrderReads.order`
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures`
   */
  list(call: ReadCall): Promise<OperationReply> {
    const extras = { by: 'caller', headers: call.headers } as const;
    return this.reads.part(call, (account, orderId) => this.klarna.listCaptures(account, orderId, extras), 'capture');
  }

  /**
   * Reads one capture as Klarna shows it.
   * @throws Refusal NO_SUCH_CAPTURE for what can't be an id, else as `OrderReads.order`
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures/{capture_id}`
   */
  async read(call: ReadCall, captureId: string): Promise<OperationReply> {
    const id = movementIdIn(captureId, 'NO_SUCH_CAPTURE');
    const extras = { by: 'caller', headers: call.headers } as const;
    return this.reads.part(call, (account, orderId) => this.klarna.readCapture(account, orderId, id, extras), 'capture');
  }

  /**
   * Adds parcels to a capture.
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal NO_SUCH_CAPTURE for what can't be an id, else as `request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/shipping-info`
   */
  addShippingInfo(call: WriteCall, captureId: string, bytes: Buffer | null): Promise<OperationReply> {
    return this.#change(call, 'order-management.capture-shipping-info', captureId, bytes);
  }

  /**
   * Sends the shopper Klarna's message about a capture again.
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal NO_SUCH_CAPTURE for what can't be an id, else as `request`
   * @see Order Management API v1, `POST /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/trigger-send-out`
   */
  triggerSendOut(call: WriteCall, captureId: string): Promise<OperationReply> {
    return this.#change(call, 'order-management.send-out', captureId, null);
  }

  /**
   * Puts the shopper's payment off, for a fee; can't be undone.
   * @param bytes the caller's, forwarded unchanged
   * @returns Klarna's 204, or 202 while the outcome is open
   * @throws Refusal NO_SUCH_CAPTURE for what can't be an id, else as `request`
   * @see Order Management API v1, `PATCH /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date`
   */
  extendDueDate(call: WriteCall, captureId: string, bytes: Buffer | null): Promise<OperationReply> {
    return this.#change(call, 'order-management.extend-due-date', captureId, bytes);
  }

  /**
   * Lists by how many days the payment of a capture can be put off, and what each costs, in minor units.
   * @throws Refusal NO_SUCH_CAPTURE for what can't be an id, else as `OrderReads.order`
   * @see Order Management API v1, `GET /ordermanagement/v1/orders/{order_id}/captures/{capture_id}/extend-due-date-options`
   */
  async extendDueDateOptions(call: ReadCall, captureId: string): Promise<OperationReply> {
    const id = movementIdIn(captureId, 'NO_SUCH_CAPTURE');
    return this.reads.part(call, (account, orderId) =>
      this.klarna.extendDueDateOptions(account, orderId, id, { by: 'caller', headers: call.headers }),
    );
  }

  async #change(call: WriteCall, kind: ChangeKind, captureId: string, bytes: Buffer | null): Promise<OperationReply> {
    return this.writes.execute(call, change(kind, bytes, movementIdIn(captureId, 'NO_SUCH_CAPTURE')));
  }
}
