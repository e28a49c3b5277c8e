import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { foreignAnswer, replyToRead } from '../http/provider-answer.js';
import type { WireCall } from '../http/wire-call.decorator.js';
import { CheckoutClient } from '../klarna/checkout.client.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import type { Caller } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { type OperationKind, policyOf } from '../operations/kinds.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply } from '../operations/request.js';
import { Database } from '../persistence/database.js';
import { CheckoutOrdersRepository } from '../persistence/repositories/checkout-orders.repository.js';
import { Hooks } from '../webhooks/hooks/hooks.js';
import { checkoutIn, isGone } from './checkout-facts.js';
import { CheckoutKeeper } from './checkout-keeper.js';
import { type CheckoutTarget, CheckoutTargets } from './checkout-targets.js';
import { noSuchCheckout } from './recorded-answers.js';

/** Checkouts in a merchant's name: opened, changed, aborted, and read until they are orders. */
@Injectable()
export class CheckoutService {
  readonly #logger = new Logger(CheckoutService.name);

  constructor(
    private readonly operations: Operations,
    private readonly targets: CheckoutTargets,
    private readonly keeper: CheckoutKeeper,
    private readonly checkouts: CheckoutOrdersRepository,
    private readonly client: CheckoutClient,
    private readonly accounts: ProviderAccounts,
    private readonly hooks: Hooks,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens a checkout. Attempted while the caller waits, never later.
   * @param key the caller's: an equal repeat gets the first answer as long as that checkout lives; anything else is a new checkout
   * @param body JSON, forwarded as it is; amounts in minor units
   * @throws Refusal TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (open another), PROVIDER_CREDENTIALS
   * @see Checkout API v3, `POST /checkout/v3/orders`
   */
  create(call: WireCall, key: string | undefined, body: Buffer | null): Promise<OperationReply> {
    const providerAccountId = call.caller.accounts.checkout;
    return this.#execute(call, 'checkout.create-order', { providerAccountId, dataSubject: undefined }, {}, body, key);
  }

  /**
   * Changes a checkout that is not complete; what is left out stays as it is.
   * @returns Klarna's answer; a 404 without a body for another merchant's
   * @throws Refusal TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (may be repeated), PROVIDER_CREDENTIALS
   * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}`
   */
  update(call: WireCall, orderId: string, body: Buffer | null): Promise<OperationReply> {
    return this.#change(call, 'checkout.update-order', orderId, body);
  }

  /**
   * Ends a checkout that is not complete.
   * @returns Klarna's answer; a 404 without a body for another merchant's
   * @throws Refusal as `update`
   * @see Checkout API v3, `POST /checkout/v3/orders/{order_id}/abort`
   */
  abort(call: WireCall, orderId: string): Promise<OperationReply> {
    return this.#change(call, 'checkout.abort-order', orderId, null);
  }

  /**
   * Reads a checkout at Klarna and passes its bytes on. What it shows is kept; one that is complete becomes an order here, and one that we
   * don't know becomes the caller's.
   * @returns Klarna's answer; a 404 without a body for another merchant's
   * @throws Refusal PROVIDER_CREDENTIALS; TEMPORARILY_UNAVAILABLE (repeat)
   * @see Checkout API v3, `GET /checkout/v3/orders/{order_id}`
   */
  async read({ caller, headers }: WireCall, orderId: string): Promise<OperationReply> {
    const target = await this.targets.resolve(caller, orderId);
    if (target === undefined) return noSuchCheckout();
    const account = await this.accounts.byId(target.providerAccountId);
    const at = this.clock.now();
    const exchange = await this.client.read(account, target.providerOrderId, { by: 'caller', headers });
    // The answer is there: it is not withheld because it could not be written down.
    const isTheirs = await this.#keep(caller, target, exchange, at).catch((error: unknown) => {
      this.#logger.warn(`What checkout ${target.providerOrderId} shows was not kept: ${(error as Error).message}`);
      return true;
    });
    if (isTheirs) return replyToRead(exchange, { bareNotFound: true });
    // Of one that we don't know the id may be another's; ours is there, whatever was answered.
    if (target.dataSubject !== undefined) throw foreignAnswer();
    return noSuchCheckout();
  }

  /** @returns false when it turns out to be somebody else's, or another one than was asked for */
  async #keep(caller: Caller, target: CheckoutTarget, exchange: KlarnaExchange, at: Date): Promise<boolean> {
    if (exchange.kind !== 'answer') return true;
    const { providerAccountId, providerOrderId } = target;
    if (isGone(exchange)) {
      await this.checkouts.gone(this.database, providerAccountId, providerOrderId, at);
      return true;
    }
    const shown = checkoutIn(exchange, at);
    if (shown === undefined) return true;
    if (shown.orderId !== null && shown.orderId.toLowerCase() !== providerOrderId.toLowerCase()) return false;
    const dataSubject = target.dataSubject ?? uuidv7({ msecs: at.getTime() });
    const checkout = { merchantId: caller.merchantId, providerAccountId, providerOrderId, dataSubject, operationId: null };
    return this.database.transaction((tx) => this.keeper.keep(tx, { ...checkout, facts: shown.facts, at }, shown));
  }

  async #change(call: WireCall, kind: OperationKind, orderId: string, body: Buffer | null): Promise<OperationReply> {
    const target = await this.targets.resolve(call.caller, orderId);
    if (target === undefined) return noSuchCheckout();
    // Klarna takes no key here, and repeating sets the same again: a caller's is ignored.
    return this.#execute(call, kind, target, { orderId: target.providerOrderId }, body, undefined);
  }

  #execute(
    call: WireCall,
    kind: OperationKind,
    { providerAccountId, dataSubject }: Pick<CheckoutTarget, 'providerAccountId' | 'dataSubject'>,
    target: Readonly<Record<string, string>>,
    body: Buffer | null,
    key: string | undefined,
  ): Promise<OperationReply> {
    const { caller, headers, prefer } = call;
    return this.operations.execute({
      kind,
      merchantId: caller.merchantId,
      providerAccountId,
      pendingAnswer: caller.pendingAnswer,
      lane: policyOf(kind).lane === 'cart' ? (target['orderId'] ?? null) : null,
      target,
      passedHeaders: headers,
      body,
      readdressed: this.hooks.putInto(call, kind, body, target['orderId'] ?? null),
      key,
      prefer,
      amount: null,
      reference: null,
      orderCreatedAt: null,
      ...(dataSubject === undefined ? {} : { dataSubject }),
    });
  }
}
