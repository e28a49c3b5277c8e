import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../../persistence/database.js';
import { DeliveriesRepository, receiverOf } from '../../persistence/repositories/deliveries.repository.js';
import { type CallbackEntry, type Hook, HOOK_TEMPLATE } from '../../persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { type FilledIds, filledIn } from '../hooks/templates.js';

/** Whose callbacks: what was made for a purchase, with one of the provider's accounts. */
export interface Purchase {
  merchantId: string;
  providerAccountId: string;
  dataSubject: string;
}

/** An address that a shop gave, sealed. */
type Address = Pick<Hook, 'template' | 'merchantId' | 'entry'>;

/** What goes to it, in the provider's words. */
export interface Words {
  ids: FilledIds;
  /** As the provider writes it; null: none. */
  body: Buffer | null;
  /** The message's id, the same however often it is sent. */
  messageId: string;
  /** The callback that is passed on; null: it did not come. */
  callbackId: string | null;
  at: Date;
}

/** The addresses that shops gave for callbacks, called as the provider would: its method, its body, its placeholders filled in. */
@Injectable()
export class ShopAddresses {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * Tells the newest address that a purchase has for an entry.
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
    if (hook === undefined) return null;
    const messageId = uuidv7({ msecs: at.getTime() });
    return this.send(tx, { merchantId, entry, template: hook.template }, { ids, body, messageId, callbackId: null, at });
  }

  /** @returns the delivery; null: there is no address, or none that can be called */
  async send(tx: Transaction, { merchantId, template, entry }: Address, { ids, ...message }: Words): Promise<string | null> {
    if (template === null) return null;
    const url = filledIn(this.envelope.open(template, HOOK_TEMPLATE).toString(), ids);
    if (!URL.canParse(url)) return null;
    const unordered = { eventId: null, subject: null, sequence: null };
    const [id] = await this.deliveries.enqueue(tx, [
      { ...unordered, ...message, merchantId, entry, receiver: receiverOf(merchantId, url, entry), method: 'POST', url },
    ]);
    return id ?? null;
  }
}
