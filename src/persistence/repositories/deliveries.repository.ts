import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Queryable } from '../database.js';
import { SealedEnvelope } from '../sealed-envelope.js';
import type { CallbackEntry } from './hooks.repository.js';

/** For how long a delivery is tried. */
export const GIVE_UP_AFTER_MS = 7 * 86_400_000;

/** What the secret members of an event are sealed for. */
export const EVENT_SECRET = 'event.secret';

const URL_PURPOSE = 'delivery.url';
const BODY_PURPOSE = 'delivery.body';

/** A message to an address of the caller's own. What goes to registered endpoints is enqueued by publishing its event. */
export interface NewDelivery {
  merchantId: string;
  /** What shares its fate: `receiverOf`. */
  receiver: string;
  eventId: string | null;
  /** The provider's callback that is passed on. */
  callbackId: string | null;
  /** Of the provider's callback whose place it takes, which did not come. */
  entry?: CallbackEntry;
  /** The same for every attempt: goes out as webhook-id. */
  messageId: string;
  /** Of one receiver, those with a subject can be sorted by sequence; null: nothing orders it. */
  subject: string | null;
  sequence: number | null;
  method: string;
  /** The whole address, filled in. Kept sealed. */
  url: string;
  /** The bytes to send; null or empty: none. Kept sealed. */
  body: Buffer | null;
  /** Business time from which it is due; it is given up seven days later. */
  at: Date;
}

/**
 * What messages to one of a shop's own addresses share: they are sent a few at a time and rest together. Those of another entry are another
 * part of the shop: that it refuses pushes is no reason to keep authorizations from it.
 * @param url absolute
 */
export function receiverOf(merchantId: string, url: string, entry: CallbackEntry): string {
  return `${merchantId}:${new URL(url).origin}:${entry}`;
}

/** What is to be told to receivers. The delivery engine (src/webhooks/deliveries) takes what is due. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly envelope: SealedEnvelope) {}

  /** Writes them as due, in the transaction of what they tell; one statement. A repeat writes them again. @returns their ids, in the order given */
  async enqueue(tx: Queryable, rows: readonly NewDelivery[]): Promise<string[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ at }) => uuidv7({ msecs: at.getTime() }));
    await tx.query(
      `INSERT INTO deliveries (id, merchant_id, receiver, event_id, callback_id, type, message_id, subject, sequence, method, url, body,
         state, attempts, next_at, fence, give_up_at, created_at)
       SELECT id, merchant_id, receiver, event_id, callback_id,
         COALESCE((SELECT type FROM events WHERE events.id = event_id), (SELECT entry FROM callbacks WHERE callbacks.id = callback_id), entry),
         message_id, subject, sequence, method, url, body, 'due', 0, at, 0, give_up_at, at
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::bigint[], $9::text[], $10::bytea[],
         $11::bytea[], $12::timestamptz[], $13::timestamptz[], $14::text[])
         AS new (id, merchant_id, receiver, event_id, callback_id, message_id, subject, sequence, method, url, body, at, give_up_at, entry)`,
      [
        ids,
        rows.map(({ merchantId }) => merchantId),
        rows.map(({ receiver }) => receiver),
        rows.map(({ eventId }) => eventId),
        rows.map(({ callbackId }) => callbackId),
        rows.map(({ messageId }) => messageId),
        rows.map(({ subject }) => subject),
        rows.map(({ sequence }) => sequence),
        rows.map(({ method }) => method),
        rows.map(({ url }) => this.envelope.seal(Buffer.from(url), URL_PURPOSE)),
        rows.map(({ body }) => (body === null || body.length === 0 ? null : this.envelope.seal(body, BODY_PURPOSE))),
        rows.map(({ at }) => at),
        rows.map(({ at }) => new Date(at.getTime() + GIVE_UP_AFTER_MS)),
        rows.map(({ entry }) => entry ?? null),
      ],
    );
    return ids;
  }

  /** The address of a delivery to a URL of the caller's own. @throws EnvelopeError */
  urlOf(sealed: Buffer): string {
    return this.envelope.open(sealed, URL_PURPOSE).toString();
  }

  /** The bytes of a delivery to a URL of the caller's own; empty when it has none. @throws EnvelopeError */
  bodyOf(sealed: Buffer | null): Buffer {
    return sealed === null ? Buffer.alloc(0) : this.envelope.open(sealed, BODY_PURPOSE);
  }
}
