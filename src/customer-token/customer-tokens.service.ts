import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { replyToRead } from '../http/provider-answer.js';
import type { WireCall } from '../http/wire-call.decorator.js';
import { CustomerTokenClient } from '../klarna/customer-token.client.js';
import type { Caller } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply, OperationRequest } from '../operations/request.js';
import { Database } from '../persistence/database.js';
import { CustomerTokensRepository } from '../persistence/repositories/customer-tokens.repository.js';
import { Hooks } from '../webhooks/hooks/hooks.js';
import type { TokenOrderRequest } from './order-request.dto.js';
import { TokenTargets, type TokenTarget } from './token-targets.js';

export interface TokenCall extends WireCall {
  /** As it stands in the path. */
  customerToken: string;
}

export interface TokenWrite extends TokenCall {
  /** The caller's idempotency key; undefined when none came. */
  key: string | undefined;
}

/** Customer tokens in a merchant's name. */
@Injectable()
export class CustomerTokensService {
  readonly #logger = new Logger(CustomerTokensService.name);

  constructor(
    private readonly operations: Operations,
    private readonly targets: TokenTargets,
    private readonly client: CustomerTokenClient,
    private readonly accounts: ProviderAccounts,
    private readonly hooks: Hooks,
    private readonly tokens: CustomerTokensRepository,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads a token at Klarna and passes its bytes on. An unknown token that Klarna knows becomes the caller's.
   * @throws Refusal TOKEN_NOT_FOUND for another merchant's; PROVIDER_CREDENTIALS; TEMPORARILY_UNAVAILABLE (repeat)
   * @see Customer Token API v1, `GET /customer-token/v1/tokens/{customerToken}`
   */
  async read({ caller, customerToken, headers }: TokenCall): Promise<OperationReply> {
    const target = await this.targets.resolve(caller, customerToken);
    const account = await this.accounts.byId(target.providerAccountId);
    const reply = replyToRead(await this.client.readToken(account, target.customerToken, { by: 'caller', headers }));
    // The answer is there: it is not withheld because it could not be written down.
    if (reply.status < 300 && target.dataSubject === undefined)
      await this.#adopt(caller, target).catch((error: unknown) =>
        this.#logger.warn(`Whose a customer token is was not kept: ${(error as Error).message}`),
      );
    return reply;
  }

  /**
   * Charges a token: makes an order, once for its key.
   * @param order `order_amount` in minor units
   * @param body the caller's bytes, forwarded unchanged
   * @returns Klarna's 200 with `order_id`, or 202 while the outcome is open
   * @throws Refusal TOKEN_NOT_FOUND for another merchant's, IDEMPOTENCY_KEY_REUSED (do not repeat), OPERATION_PENDING (look at the
   *   operation), PROVIDER_CREDENTIALS, TEMPORARILY_UNAVAILABLE (repeat with the same key)
   * @see Customer Token API v1, `POST /customer-token/v1/tokens/{customerToken}/order`
   */
  createOrder(call: TokenWrite, order: TokenOrderRequest, body: Buffer | null): Promise<OperationReply> {
    const { order_amount: amount, merchant_reference1: reference = null } = order;
    return this.#execute(call, { kind: 'customer-token.create-order', body, amount, reference });
  }

  /**
   * Cancels a token; final.
   * @param body the caller's bytes, forwarded unchanged
   * @returns Klarna's 202 without a body: it will be cancelled; or 202 with the operation while even that is open
   * @throws Refusal TOKEN_NOT_FOUND for another merchant's, OPERATION_PENDING (look at the operation), PROVIDER_CREDENTIALS,
   *   TEMPORARILY_UNAVAILABLE (repeat)
   * @see Customer Token API v1, `PATCH /customer-token/v1/tokens/{customerToken}/status`
   */
  updateStatus(call: TokenCall, body: Buffer | null): Promise<OperationReply> {
    // Klarna takes no key here; a caller's is ignored.
    return this.#execute({ ...call, key: undefined }, { kind: 'customer-token.update-status', body, amount: null, reference: null });
  }

  async #execute(call: TokenWrite, intent: Pick<OperationRequest, 'kind' | 'body' | 'amount' | 'reference'>): Promise<OperationReply> {
    const { caller, customerToken, headers, key, prefer } = call;
    const target = await this.targets.resolve(caller, customerToken);
    return this.operations.execute({
      ...intent,
      readdressed: this.hooks.putInto(call, intent.kind, intent.body, null),
      merchantId: caller.merchantId,
      providerAccountId: target.providerAccountId,
      pendingAnswer: caller.pendingAnswer,
      lane: null,
      target: { customerToken: target.customerToken },
      passedHeaders: headers,
      key,
      prefer,
      orderCreatedAt: null,
      ...(target.dataSubject === undefined ? {} : { dataSubject: target.dataSubject }),
    });
  }

  #adopt({ merchantId }: Caller, { customerToken, providerAccountId }: TokenTarget): Promise<void> {
    const at = this.clock.now();
    const owner = { merchantId, providerAccountId, dataSubject: uuidv7({ msecs: at.getTime() }) };
    return this.tokens.insert(this.database, customerToken, owner, at);
  }
}
