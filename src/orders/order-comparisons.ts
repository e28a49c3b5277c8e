import { Injectable } from '@nestjs/common';
import { replyToRead } from '../http/provider-answer.js';
import type { KlarnaExchange } from '../klarna/exchange.js';
import type { Caller } from '../merchants/caller.js';
import { Refusal } from '../operations/errors.js';
import { OrderReader, type Refreshed } from './order-reader.js';
import type { Reconciliation } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

/** Comparisons of an order with Klarna's that a caller asks for. */
@Injectable()
export class OrderComparisons {
  constructor(
    private readonly orders: OrdersService,
    private readonly reader: OrderReader,
  ) {}

  /**
   * Reads an order at Klarna now, takes over what it shows, and says what differed. Several at once cost one call. Operations that are open
   * are left to their own schedule.
   * @param id ours or the provider's
   * @throws Refusal NO_SUCH_ORDER when the merchant has none under this id, PROVIDER_CREDENTIALS, TEMPORARILY_UNAVAILABLE (repeat)
   */
  async reconcile(caller: Caller, id: string): Promise<Reconciliation> {
    const order = await this.orders.find(caller, id);
    const reading = await this.reader.compare(order, 'reconcile');
    if (reading.look.kind === 'unreadable') throw unreadable(reading.look.exchange);
    return {
      order: await this.orders.read(caller, order.id),
      checked_at: reading.startedAt.toISOString(),
      outcome: outcomeOf(reading),
      differences: reading.differences.map(({ field, ours, klarna, resolution }) => ({ field, ours, klarna, resolution })),
    };
  }
}

function outcomeOf({ judged, differences }: Refreshed): string {
  if (!judged) return 'unsettled';
  if (differences.length === 0) return 'equal';
  return differences.some(({ resolution }) => resolution === 'flagged') ? 'flagged' : 'adopted';
}

/** Whatever Klarna said instead of the order, it can be asked again. */
function unreadable(exchange: KlarnaExchange): Refusal {
  try {
    const seconds = Number(replyToRead(exchange).headers['Retry-After']);
    return new Refusal('TEMPORARILY_UNAVAILABLE', ['Klarna did not show the order; repeat the request'], {
      retryAfterMs: seconds > 0 ? seconds * 1_000 : 1_000,
    });
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
