import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock/clock.js';
import { replyToRead } from '../http/provider-answer.js';
import type { WireCall } from '../http/wire-call.decorator.js';
import type { Caller } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import { type OperationKind, policyOf } from '../operations/kinds.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply } from '../operations/request.js';
import { Database } from '../persistence/database.js';
import { SessionsRepository } from '../persistence/repositories/sessions.repository.js';
import { Hooks } from '../webhooks/hooks/hooks.js';
import { wordsIn } from './session-facts.js';
import { SessionReader, type SessionLook } from './session-reader.js';
import { SessionTargets, type SessionTarget } from './session-targets.js';

/** Sessions and authorizations in a merchant's name. */
@Injectable()
export class PaymentsService {
  readonly #logger = new Logger(PaymentsService.name);

  constructor(
    private readonly operations: Operations,
    private readonly targets: SessionTargets,
    private readonly reader: SessionReader,
    private readonly sessions: SessionsRepository,
    private readonly accounts: ProviderAccounts,
    private readonly hooks: Hooks,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Opens a session. Attempted while the caller waits, never later.
   * @param body JSON, forwarded as it is; amounts in minor units
   * @throws Refusal TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (open another), PROVIDER_CREDENTIALS
   * @see Payments API v1, `POST /payments/v1/sessions`
   */
  createSession(call: WireCall, body: Buffer | null): Promise<OperationReply> {
    return this.#execute(
      call,
      'payments.create-session',
      { providerAccountId: call.caller.accounts.payments, session: undefined },
      {},
      body,
    );
  }

  /**
   * Changes a session that is not complete.
   * @throws Refusal NOT_FOUND for another merchant's; TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (may be repeated)
   * @see Payments API v1, `POST /payments/v1/sessions/{session_id}`
   */
  async updateSession(call: WireCall, sessionId: string, body: Buffer | null): Promise<OperationReply> {
    const target = await this.targets.ofSession(call.caller, sessionId);
    return this.#execute(call, 'payments.update-session', target, { sessionId }, body);
  }

  /**
   * Reads a session at Klarna and passes its bytes on. What it shows is kept; an unknown session that Klarna knows becomes the caller's.
   * @throws Refusal NOT_FOUND for another merchant's; PROVIDER_CREDENTIALS; TEMPORARILY_UNAVAILABLE (repeat)
   * @see Payments API v1, `GET /payments/v1/sessions/{session_id}`
   */
  async readSession(call: WireCall, sessionId: string): Promise<OperationReply> {
    const target = await this.targets.ofSession(call.caller, sessionId);
    const account = await this.accounts.byId(target.providerAccountId);
    const at = this.clock.now();
    const look = await this.reader.look(account, sessionId, { by: 'caller', headers: call.headers });
    // The answer is there: it is not withheld because it could not be written down.
    await this.#keep(call.caller, sessionId, target, look, at).catch((error: unknown) =>
      this.#logger.warn(`What session ${sessionId} shows was not kept: ${(error as Error).message}`),
    );
    return replyToRead(look.exchange);
  }

  /**
   * Places the order that the shopper authorized, at most once per authorization token.
   * @param body JSON, forwarded as it is; `order_amount` in minor units
   * @throws Refusal NOT_FOUND for another merchant's token; OPERATION_PENDING while another body is open for it;
   *   TEMPORARILY_UNAVAILABLE with the operation's address when it may have been placed (repeat the same bytes)
   * @see Payments API v1, `POST /payments/v1/authorizations/{authorizationToken}/order`
   */
  createOrder(call: WireCall, authorizationToken: string, body: Buffer | null): Promise<OperationReply> {
    return this.#useAuthorization(call, 'payments.create-order', authorizationToken, body);
  }

  /**
   * Makes a customer token from what the shopper authorized, at most once per authorization token.
   * @param body JSON, forwarded as it is
   * @throws Refusal NOT_FOUND for another merchant's authorization; OPERATION_PENDING while another body is open for it;
   *   TEMPORARILY_UNAVAILABLE with the operation's address when it may have been made (repeat the same bytes within the authorization's hour)
   * @see Payments API v1, `POST /payments/v1/authorizations/{authorizationToken}/customer-token`
   */
  createCustomerToken(call: WireCall, authorizationToken: string, body: Buffer | null): Promise<OperationReply> {
    return this.#useAuthorization(call, 'payments.create-customer-token', authorizationToken, body);
  }

  /**
   * Releases an authorization for which no order will be placed.
   * @throws Refusal NOT_FOUND for another merchant's token; OPERATION_PENDING
   * @see Payments API v1, `DELETE /payments/v1/authorizations/{authorizationToken}`
   */
  cancelAuthorization(call: WireCall, authorizationToken: string): Promise<OperationReply> {
    return this.#useAuthorization(call, 'payments.cancel-authorization', authorizationToken, null);
  }

  /** At today's account, or where the shopper began. Klarna's 404 shows that nothing was done with an unknown token. */
  async #useAuthorization(call: WireCall, kind: OperationKind, authorizationToken: string, body: Buffer | null): Promise<OperationReply> {
    const target = await this.targets.ofAuthorization(call.caller, authorizationToken);
    const reply = await this.#execute(call, kind, target, { authorizationToken }, body);
    if (reply.status !== 404 || target.session !== undefined) return reply;
    const elsewhere = await this.targets.leftBehind(call.caller, authorizationToken);
    return elsewhere === undefined ? reply : this.#execute(call, kind, elsewhere, { authorizationToken }, body);
  }

  #execute(
    call: WireCall,
    kind: OperationKind,
    { providerAccountId, session }: SessionTarget,
    target: Readonly<Record<string, string>>,
    body: Buffer | null,
  ): Promise<OperationReply> {
    const { caller, headers, prefer } = call;
    const order = kind === 'payments.create-order' ? wordsIn(body)?.facts : undefined;
    const sessionId = session?.providerSessionId ?? target['sessionId'] ?? null;
    const token = policyOf(kind).class === 'bounded' ? target['authorizationToken'] : undefined;
    return this.operations.execute({
      kind,
      merchantId: caller.merchantId,
      providerAccountId,
      pendingAnswer: caller.pendingAnswer,
      lane: policyOf(kind).lane === 'cart' ? sessionId : null,
      target,
      passedHeaders: headers,
      body,
      readdressed: this.hooks.putInto(call, kind, body, sessionId),
      // Klarna takes no key on Payments; a caller's is ignored, the token stands for it where there is one.
      key: undefined,
      prefer,
      amount: order?.orderAmount ?? null,
      reference: order?.merchantReference1 ?? null,
      orderCreatedAt: null,
      ...(token === undefined ? {} : { token }),
      ...(session === undefined ? {} : { dataSubject: session.dataSubject }),
    });
  }

  async #keep(caller: Caller, sessionId: string, target: SessionTarget, { shown }: SessionLook, at: Date): Promise<void> {
    if (shown === undefined) return;
    const facts = this.reader.factsOf(shown);
    if (target.session !== undefined) return this.sessions.update(this.database, target.session.id, facts, at);
    const { providerAccountId } = target;
    const dataSubject = uuidv7({ msecs: at.getTime() });
    await this.sessions.insert(this.database, {
      merchantId: caller.merchantId,
      providerAccountId,
      providerSessionId: sessionId,
      dataSubject,
      facts,
      operationId: null,
      at,
    });
  }
}
