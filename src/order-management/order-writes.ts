import { Injectable } from '@nestjs/common';
import type { Caller } from '../merchants/caller.js';
import type { OperationKind } from '../operations/kinds.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply, Preference } from '../operations/request.js';
import { OrderTargets } from './order-targets.js';

/** How a caller asks for a change. */
export interface WriteCall {
  caller: Caller;
  /** The provider's, as it stands in the path. */
  orderId: string;
  /** The caller's idempotency key; undefined when none came. */
  key: string | undefined;
  prefer: Preference;
  headers: Readonly<Record<string, string>>;
}

/** What is asked for. */
export interface Intent {
  kind: OperationKind;
  /** The caller's bytes; null for actions, which ignore what they get. */
  body: Buffer | null;
  /** Minor units; null where the kind names none. */
  amount: number | null;
  reference: string | null;
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
  async execute(call: WriteCall, intent: Intent): Promise<OperationReply> {
    const { caller, key, prefer, headers } = call;
    const { providerOrderId, providerAccountId, known, ...target } = await this.targets.resolve(caller, call.orderId);
    const dataSubject = known?.dataSubject ?? target.dataSubject;
    return this.operations.execute({
      ...intent,
      merchantId: caller.merchantId,
      providerAccountId,
      pendingAnswer: caller.pendingAnswer,
      lane: providerOrderId,
      target: { orderId: providerOrderId },
      passedHeaders: headers,
      key,
      prefer,
      orderCreatedAt: known?.createdAt ?? null,
      ...(dataSubject === undefined ? {} : { dataSubject }),
    });
  }
}
