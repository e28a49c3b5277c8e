import { Injectable } from '@nestjs/common';
import { foreignAnswer, replyToRead, unavailable } from '../http/provider-answer.js';
import type { WireCall } from '../http/wire-call.decorator.js';
import type { KlarnaAccount, KlarnaExchange } from '../klarna/exchange.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationReply } from '../operations/request.js';
import { OrderReader } from '../orders/order-reader.js';
import { movementsIn } from '../orders/order-snapshot.js';
import type { MovementKind } from '../persistence/repositories/movements.repository.js';
import { noSuchOrder } from './order-id.js';
import { type OrderTarget, OrderTargets } from './order-targets.js';

/** How a caller asks to see something. */
export interface ReadCall extends WireCall {
  /** The provider's, as it stands in the path. */
  orderId: string;
}

type Ask = (account: KlarnaAccount, providerOrderId: string) => Promise<KlarnaExchange>;

/** Reads go to Klarna, whose bytes are passed on: a caller sees what is, not what we know. */
@Injectable()
export class OrderReads {
  constructor(
    private readonly targets: OrderTargets,
    private readonly reader: OrderReader,
    private readonly accounts: ProviderAccounts,
  ) {}

  /**
   * Reads an order. What Klarna shows is stored before it is passed on; an unknown order that Klarna knows becomes the caller's.
   * @throws Refusal NO_SUCH_ORDER (another merchant's), PROVIDER_CREDENTIALS, TEMPORARILY_UNAVAILABLE (repeat)
   */
  async order({ caller, orderId, headers }: ReadCall): Promise<OperationReply> {
    const target = await this.targets.resolve(caller, orderId, headers);
    const look = target.look ?? (await this.reader.read(target, caller.merchantId, headers));
    switch (look.kind) {
      case 'order':
      case 'no-such-order':
        return replyToRead(look.answer);
      case 'other-order':
        // Of one that we don't know the id may be another's, spelled otherwise; ours is there, whatever was answered.
        throw target.known === null ? noSuchOrder(target.providerOrderId) : foreignAnswer();
      case 'unreadable':
        if (look.code !== 'GARBLED') return replyToRead(look.exchange);
        throw unavailable('Klarna answered with something that is no order; repeat the request');
    }
  }

  /**
   * Reads a part of an order.
   * @param ask one call to Klarna
   * @param shows what the part is one or a list of: captures (refunds) that are not stored make the order be read soon
   * @throws Refusal as `order`
   */
  async part({ caller, orderId, headers }: ReadCall, ask: Ask, shows: MovementKind | null = null): Promise<OperationReply> {
    const target = await this.targets.resolve(caller, orderId, headers);
    const exchange = await ask(await this.accounts.byId(target.providerAccountId), target.providerOrderId);
    const reply = replyToRead(exchange);
    if (reply.status < 300) await this.#learn(target, caller.merchantId, headers, shows, reply.body);
    return reply;
  }

  async #learn(
    target: OrderTarget,
    merchantId: string,
    headers: Readonly<Record<string, string>>,
    shows: MovementKind | null,
    body: Buffer | undefined,
  ): Promise<void> {
    if (target.known === null) await this.reader.adoptFromRead(target, merchantId, headers);
    else if (shows !== null && body !== undefined) await this.reader.noticed(target, shows, movementsIn(shows, body));
  }
}
