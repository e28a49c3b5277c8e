import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { CheckoutClient } from '../klarna/checkout.client.js';
import { codeOf, notAsked } from '../klarna/exchange.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, ReadResult, Success } from '../operations/handler.js';
import { NOT_SHOWN } from '../operations/operation.js';
import { targetOf } from '../operations/sending.js';
import type { Transaction } from '../persistence/database.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { checkoutIn, factsInRequest, isGone, type ShownCheckout } from './checkout-facts.js';
import { CheckoutKeeper } from './checkout-keeper.js';
import { checkoutAnswer } from './recorded-answers.js';

/** By these a refusal says that there is no such checkout (any more). */
const NOT_THERE = new Set(['HTTP_404', 'NOT_FOUND', 'NO_SUCH_ORDER']);

/** What update and abort have in common: how their effect is seen, and what is kept of them. */
@Injectable()
export class CheckoutChange {
  constructor(
    private readonly client: CheckoutClient,
    private readonly accounts: ProviderAccounts,
    private readonly keeper: CheckoutKeeper,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Looks once at the checkout.
   * @param isDone `null`: the checkout is gone; undefined: what is shown does not tell
   */
  async look(operation: OperationContext, isDone: (shown: ShownCheckout | null) => boolean | undefined): Promise<ReadResult> {
    const account = await this.accounts.byId(operation.providerAccountId);
    const at = this.clock.now();
    const exchange = await this.client.read(account, targetOf(operation, 'orderId'));
    const nothing = { providerId: null, answer: null };
    if (exchange.kind === 'answer' && isGone(exchange)) {
      const finding = isDone(null) === undefined ? 'unreadable' : 'absent';
      return { ...nothing, finding, data: { code: 'HTTP_404' } };
    }
    const shown = exchange.kind === 'answer' ? checkoutIn(exchange, at) : undefined;
    if (exchange.kind !== 'answer' || shown === undefined) {
      const code = codeOf(exchange);
      return { ...nothing, finding: 'unreadable', data: { code }, ...notAsked(exchange) };
    }
    const data = { status: shown.facts.status, order_amount: shown.facts.orderAmount };
    const done = isDone(shown);
    if (done === undefined) return { ...nothing, finding: 'unreadable', data: { ...data, code: NOT_SHOWN } };
    if (!done) return { ...nothing, finding: 'absent', data };
    return { finding: 'present', providerId: null, answer: checkoutAnswer(exchange.body), data };
  }

  /** Keeps what the answer shows, else what was asked for. A checkout that nobody has becomes the merchant's. */
  async keep(tx: Transaction, operation: OperationContext, { answer, at }: Success): Promise<void> {
    const shown = checkoutIn(answer, at);
    const { merchantId, providerAccountId, dataSubject } = operation;
    const providerOrderId = targetOf(operation, 'orderId');
    const facts = shown?.facts ?? factsInRequest(operation.body, at);
    await this.keeper.keep(tx, { merchantId, providerAccountId, providerOrderId, dataSubject, operationId: null, facts, at }, shown);
  }

  /** Notes that there is nothing left to change. */
  async gone(tx: Transaction, operation: OperationContext, at: Date = this.clock.now()): Promise<void> {
    await this.checkouts.gone(tx, operation.providerAccountId, targetOf(operation, 'orderId'), at);
  }

  async refused(tx: Transaction, operation: OperationContext, code: string | null): Promise<void> {
    if (code !== null && NOT_THERE.has(code)) await this.gone(tx, operation);
  }
}
