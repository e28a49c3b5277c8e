import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { OWN_SKEW_MS } from '../clock/skew.js';
import { type JsonObject, objectIn } from '../json.js';
import { notAsked } from '../klarna/exchange.js';
import type { OperationContext, ReadResult } from '../operations/handler.js';
import { NOT_SHOWN } from '../operations/operation.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import { LaneStateRepository } from '../persistence/repositories/lane-state.repository.js';
import { type MovementKind, MovementsRepository } from '../persistence/repositories/movements.repository.js';
import { OrderReader } from '../orders/order-reader.js';
import type { OrderSnapshot } from '../orders/order-snapshot.js';
import { matchByExclusion } from './match-by-exclusion.js';
import type { ShownOrder } from './reached-updates.js';
import { createdAnswer } from './recorded-answers.js';
import { orderIdOf } from './order-sending.js';

/** Captures (refunds) that are kept of one look: candidates first, then the last ones that Klarna shows. */
const MOST_KEPT = 50;

type Found = Pick<ReadResult, 'finding' | 'data'> & Partial<ReadResult>;

/**
 * Looks for the effects of operations at Klarna. A look only looks: it applies nothing to the order, because the operation that it is
 * for is about to be settled from it in a transaction of its own, and a success makes the order be read again anyway.
 */
@Injectable()
export class Effects {
  constructor(
    private readonly reader: OrderReader,
    private readonly movements: MovementsRepository,
    private readonly lanes: LaneStateRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks for the capture or refund that an operation made.
   */
  async movement(kind: MovementKind, operation: OperationContext, firstSentAt: Date): Promise<ReadResult> {
    const orderId = orderIdOf(operation);
    return this.#look(operation, async (snapshot) => {
      const shown = kind === 'capture' ? snapshot.captures : snapshot.refunds;
      if (shown === null) return { finding: 'unreadable', data: { code: 'NOT_LISTED' } };
      // Asked after the look: links that others made meanwhile exclude more, never less.
      const known = await this.movements.ofProviderOrder(kind, operation.providerAccountId, orderId);
      const { id: operationId, amount, reference } = operation;
      const candidates = matchByExclusion({ operationId, amount, reference, firstSentAt }, shown, known);
      const data = {
        ...amountsOf(snapshot),
        shown: shown.length,
        known: known.length,
        candidates: candidates.map(({ providerId }) => providerId),
        seen: [...new Set([...candidates, ...shown.toReversed()])]
          .slice(0, MOST_KEPT)
          .map((each) => ({ id: each.providerId, amount: each.amount, at: each.at?.toISOString() ?? null })),
      };
      const [only] = candidates;
      if (only === undefined) return { finding: 'absent', data };
      if (candidates.length > 1) return { finding: 'ambiguous', data };
      return { finding: 'present', data, providerId: only.providerId, answer: createdAnswer(kind, orderId, only.providerId) };
    });
  }

  /**
   * Looks whether an order is in the state that an operation without an id of its own brings about.
   * @param reached undefined: the order does not show whether
   * @param setsAnew what another one of its kind sets takes the place of what this one has set: then it can't be seen whether it did
   */
  async state(operation: OperationContext, reached: (shown: ShownOrder) => boolean | undefined, setsAnew: boolean): Promise<ReadResult> {
    return this.#look(operation, async (snapshot, order) => {
      const data = { ...amountsOf(snapshot), expires_at: snapshot.expiresAt?.toISOString() ?? null };
      const present = reached({ snapshot, order, now: this.clock.now() });
      if (present === undefined) return { finding: 'unreadable', data: { ...data, code: NOT_SHOWN } };
      if (present) return { finding: 'present', data, answer: bareAnswer(204) };
      // Asked after the look: who was sent meanwhile overtakes more, never less.
      if (setsAnew && (await this.lanes.isOvertaken(operation, orderIdOf(operation), OWN_SKEW_MS))) {
        return { finding: 'unreadable', data: { ...data, code: NOT_SHOWN, overtaken: true } };
      }
      return { finding: 'absent', data };
    });
  }

  async #look(
    operation: OperationContext,
    find: (snapshot: OrderSnapshot, order: JsonObject) => Found | Promise<Found>,
  ): Promise<ReadResult> {
    const nothing = { providerId: null, answer: null };
    const look = await this.reader.look({ providerAccountId: operation.providerAccountId, providerOrderId: orderIdOf(operation) });
    switch (look.kind) {
      case 'order':
        return { ...nothing, ...(await find(look.snapshot, objectIn(look.answer.body) ?? {})) };
      case 'no-such-order':
        return { ...nothing, finding: 'absent', data: { code: 'NO_SUCH_ORDER' } };
      case 'other-order':
        return { ...nothing, finding: 'unreadable', data: { code: 'OTHER_ORDER' } };
      case 'unreadable':
        return { ...nothing, finding: 'unreadable', data: { code: look.code }, ...notAsked(look.exchange) };
    }
  }
}

/** What an order showed, as evidence; minor units. */
function amountsOf({ status, orderAmount, capturedAmount, refundedAmount, remainingAuthorizedAmount }: OrderSnapshot) {
  return {
    status,
    order_amount: orderAmount,
    captured_amount: capturedAmount,
    refunded_amount: refundedAmount,
    remaining_authorized_amount: remainingAuthorizedAmount,
  };
}
