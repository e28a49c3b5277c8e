import { Injectable } from '@nestjs/common';
import type { Transaction } from '../persistence/database.js';
import { DeliveriesRepository, receiverOf } from '../persistence/repositories/deliveries.repository.js';
import { HOOK_TEMPLATE } from '../persistence/repositories/hooks.repository.js';
import type { StoredSession } from '../persistence/repositories/sessions.repository.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { filledIn } from '../webhooks/hooks/templates.js';
import { authorizationBody } from './authorization-news.js';

/** The addresses that shops gave for authorization callbacks of their sessions. */
@Injectable()
export class OwnAuthorizationUrls {
  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly envelope: SealedEnvelope,
  ) {}

  /**
   * Tells the newest of them, in the words of the callback that did not come.
   * @param messageId the same for every attempt
   * @returns the delivery; null: the shop gave none
   */
  async tell(tx: Transaction, session: StoredSession, token: string, messageId: string, at: Date): Promise<string | null> {
    const { merchantId, providerAccountId, providerSessionId, dataSubject } = session;
    const [hook] = await tx.query<{ template: Buffer }>(
      `SELECT template FROM hooks
        WHERE data_subject = $1 AND provider_account_id = $2 AND merchant_id = $3 AND entry = 'authorization' AND template IS NOT NULL
        ORDER BY created_at DESC, id DESC LIMIT 1`,
      [dataSubject, providerAccountId, merchantId],
    );
    if (hook === undefined) return null;
    const url = filledIn(this.envelope.open(hook.template, HOOK_TEMPLATE).toString(), { sessionId: providerSessionId });
    const [id] = await this.deliveries.enqueue(tx, [
      {
        merchantId,
        receiver: receiverOf(merchantId, url),
        eventId: null,
        callbackId: null,
        messageId,
        subject: null,
        sequence: null,
        method: 'POST',
        url,
        body: authorizationBody(token, providerSessionId),
        at,
      },
    ]);
    return id ?? null;
  }
}
