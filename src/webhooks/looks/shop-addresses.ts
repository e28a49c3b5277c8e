import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../persistence/database.js';
import { DeliveriesRepository, receiverOf } from '../../persistence/repositories/deliveries.repository.js';
import { type CallbackEntry, HOOK_TEMPLATE } from '../../persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { type FilledIds, filledIn } from '../hooks/templates.js';

/** Whose callbacks: what was made for a purchase, with one of the provider's accounts. */
export interface Purchase {
  merchantId: string;
  providerAccountId: string;
  dataSubject: string;
}

/** The addresses that shops gave for callbacks, told in the words of one that did not come. */
@Injectable()
export class ShopAddresses {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * Tells the newest address that a purchase has for an entry.
   * @param body as the provider writes it
   * @returns the delivery; null: the shop gave no address
   */
  async tell(
    tx: Transaction,
    { merchantId, providerAccountId, dataSubject }: Purchase,
    entry: CallbackEntry,
    ids: FilledIds,
    body: Buffer,
    at: Date,
  ): Promise<string | null> {
    const [hook] = await tx.query<{ template: Buffer }>(
      `SELECT template FROM hooks
        WHERE data_subject = $1 AND provider_account_id = $2 AND merchant_id = $3 AND entry = $4 AND template IS NOT NULL
        ORDER BY created_at DESC, id DESC LIMIT 1`,
      [dataSubject, providerAccountId, merchantId, entry],
    );
    const url = hook && filledIn(this.envelope.open(hook.template, HOOK_TEMPLATE).toString(), ids);
    if (url === undefined || !URL.canParse(url)) return null;
    const unordered = { eventId: null, callbackId: null, subject: null, sequence: null };
    const messageId = uuidv7({ msecs: at.getTime() });
    const message = { merchantId, receiver: receiverOf(merchantId, url), messageId, method: 'POST', url, body, at };
    const [id] = await this.deliveries.enqueue(tx, [{ ...unordered, ...message }]);
    return id ?? null;
  }
}
