import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { membersIn } from '../http/members.js';
import { replyToRead } from '../http/provider-answer.js';
import { spliced } from '../http/splice.js';
import type { WireCall } from '../http/wire-call.decorator.js';
import type { Caller } from '../merchants/caller.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationKind } from '../operations/kinds.js';
import { Operations } from '../operations/operations.service.js';
import type { OperationReply, OperationRequest } from '../operations/request.js';
import { Hooks } from '../webhooks/hooks/hooks.js';
import { PageReader } from './page-reader.js';
import { PageTargets } from './page-targets.js';
import { atThisService } from './page-urls.js';
import { atKlarna, purchaseIn } from './purchase-url.js';
import { Purchases } from './purchases.js';

/** Hosted payment pages in a merchant's name. */
@Injectable()
export class HostedPaymentPageService {
  readonly #logger = new Logger(HostedPaymentPageService.name);

  constructor(
    private readonly operations: Operations,
    private readonly targets: PageTargets,
    private readonly purchases: Purchases,
    private readonly reader: PageReader,
    private readonly accounts: ProviderAccounts,
    private readonly hooks: Hooks,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a page for a payment session or a checkout order. Attempted while the caller waits, never later, and not again once it may have
   * been made. Where `payment_session_url` names the purchase at this service, Klarna's host takes our place in it; where the answer names
   * what the shop calls next, we take Klarna's.
   * @param address under which the caller reached this service
   * @param body JSON, forwarded as it is but for that address
   * @throws Refusal NOT_FOUND for another merchant's purchase; TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (the words say whether the page may
   *   have been made); PROVIDER_CREDENTIALS
   * @see Hosted Payment Page API v1, `POST /hpp/v1/sessions`
   */
  async createPage({ caller, ...call }: WireCall, address: string, body: Buffer | null): Promise<OperationReply> {
    const url = membersIn(body)?.text('payment_session_url') ?? '';
    const purchase = purchaseIn(url);
    const place = purchase && (await this.purchases.placeOf(caller, purchase));
    const request = { kind: 'hosted-payment-page.create-session', providerAccountId: caller.accounts['hosted-payment-page'] } as const;
    const sent = place && body !== null ? await this.#atKlarna(body, url, address, place.providerAccountId) : body;
    const reply = await this.#execute(caller, call, { ...request, target: {}, body: sent }, place?.dataSubject);
    return atThisService(reply, this.settings.publicUrl ?? address);
  }

  /**
   * Reads a page at Klarna and passes its bytes on. What it shows is kept: a completed one's order is adopted; an unknown page that Klarna
   * knows becomes the caller's.
   * @throws Refusal NOT_FOUND for another merchant's; PROVIDER_CREDENTIALS; TEMPORARILY_UNAVAILABLE (repeat)
   * @see Hosted Payment Page API v1, `GET /hpp/v1/sessions/{session_id}`
   */
  async readPage({ caller, headers }: WireCall, parameter: string): Promise<OperationReply> {
    const target = await this.targets.resolve(caller, parameter);
    const account = await this.accounts.byId(target.providerAccountId);
    const at = this.clock.now();
    const { exchange, shown } = await this.reader.look(account, target.pageId, { by: 'caller', headers });
    // The answer is there: it is not withheld because it could not be written down.
    if (shown !== undefined) {
      await this.reader.keep(caller, target, shown, at).catch((error: unknown) => {
        this.#logger.warn(`What page ${target.pageId} shows was not kept: ${(error as Error).message}`);
      });
    }
    return replyToRead(exchange);
  }

  /**
   * Disables a page that was not completed. May be repeated.
   * @throws Refusal NOT_FOUND for another merchant's; TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (repeat); PROVIDER_CREDENTIALS
   * @see Hosted Payment Page API v1, `DELETE /hpp/v1/sessions/{session_id}`
   */
  disablePage(call: WireCall, parameter: string): Promise<OperationReply> {
    return this.#executeOn(call, 'hosted-payment-page.disable-session', parameter, null);
  }

  /**
   * Has Klarna send the shopper the link. Not sent again once it may have been.
   * @param body JSON, forwarded as it is
   * @throws Refusal NOT_FOUND for another merchant's; TEMPORARILY_UNAVAILABLE, GATEWAY_TIMEOUT (the words say whether a message may have
   *   been sent: a repeat may then be a second one); PROVIDER_CREDENTIALS
   * @see Hosted Payment Page API v1, `POST /hpp/v1/sessions/{session_id}/distribution`
   */
  distributePage(call: WireCall, parameter: string, body: Buffer | null): Promise<OperationReply> {
    return this.#executeOn(call, 'hosted-payment-page.distribute', parameter, body);
  }

  async #executeOn({ caller, ...call }: WireCall, kind: OperationKind, parameter: string, body: Buffer | null): Promise<OperationReply> {
    const { pageId, providerAccountId, page } = await this.targets.resolve(caller, parameter);
    return this.#execute(caller, call, { kind, providerAccountId, target: { pageId }, body }, page?.dataSubject);
  }

  #execute(
    caller: Caller,
    { headers, prefer, callbacks }: Omit<WireCall, 'caller'>,
    request: Pick<OperationRequest, 'kind' | 'providerAccountId' | 'target' | 'body'>,
    dataSubject: string | undefined,
  ): Promise<OperationReply> {
    return this.operations.execute({
      ...request,
      merchantId: caller.merchantId,
      pendingAnswer: caller.pendingAnswer,
      readdressed: this.hooks.putInto({ caller, callbacks }, request.kind, request.body, null),
      lane: null,
      passedHeaders: headers,
      // Klarna takes no key here; a caller's is ignored.
      key: undefined,
      prefer,
      amount: null,
      reference: null,
      orderCreatedAt: null,
      ...(dataSubject === undefined ? {} : { dataSubject }),
    });
  }

  /** The caller's bytes, with Klarna's base URL where `payment_session_url` had ours. */
  async #atKlarna(body: Buffer, url: string, address: string, providerAccountId: string): Promise<Buffer> {
    const { publicUrl } = this.settings;
    const ours = publicUrl === undefined ? [address] : [publicUrl, address];
    const { baseUrl } = await this.accounts.byId(providerAccountId);
    const moved = atKlarna(url, ours, baseUrl);
    return moved === undefined ? body : spliced(body, ['payment_session_url'], moved);
  }
}
