import { Injectable } from '@nestjs/common';
import type { OperationKind } from '../operations/kinds.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply } from '../operations/request.js';
import type { ChangeKind } from './order-changes.js';
import type { ReadCall } from './order-reads.js';
import { OrderTargets } from './order-targets.js';

/** How a caller asks for a change. */
export interface WriteCall extends ReadCall {
  /** The caller's idempotency key; undefined when none came. */
  key: string | undefined;
}

/** What is asked for. */
export interface Intent {
  kind: OperationKind;
  /** The caller's bytes; null for actions, which ignore what they get. */
  body: Buffer | null;
  /** Minor units; null where the kind names none. */
  amount: number | null;
  reference: string | null;
  /** The capture that it is for; null where it is for the order. */
  captureId?: string | null;
  /** See `OperationRequest`. */
  asksFirst?: boolean;
}

/** A change of the order that names neither amount nor reference; without a body: what the caller sent is ignored. */
export function change(kind: ChangeKind, body: Buffer | null = null, captureId: string | null = null): Intent {
  return { kind, body, amount: null, reference: null, captureId };
}

/** Turns requests for changes of an order into durable operations in the order's lane. */
@Injectable()
export class OrderWrites {
  constructor(
    private readonly targets: OrderTargets,
    private readonly operations: Operations,
  ) {}

  /**
   * @returns Klarna's answer, or 202 while the outcome is open
   * @throws Refusal NO_SUCH_ORDER for another merchant's order, else what `Operations.execute` throws
   */
  async execute(call: WriteCall, { captureId = null, ...intent }: Intent): Promise<OperationReply> {
    const { caller, key, prefer, headers } = call;
    const { providerOrderId, providerAccountId, known, ...target } = await this.targets.resolve(caller, call.orderId, headers);
    const dataSubject = known?.dataSubject ?? target.dataSubject;
    return this.operations.execute({
      ...intent,
      merchantId: caller.merchantId,
      providerAccountId,
      pendingAnswer: caller.pendingAnswer,
      lane: providerOrderId,
      target: { orderId: providerOrderId, ...(captureId === null ? {} : { captureId }) },
      before: known?.expiresAt ? { expires_at: known.expiresAt.toISOString() } : {},
      passedHeaders: headers,
      key,
      prefer,
      orderCreatedAt: known?.createdAt ?? null,
      ...(dataSubject === undefined ? {} : { dataSubject }),
    });
  }
}
