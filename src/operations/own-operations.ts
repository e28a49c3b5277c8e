import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { Settings } from '../config/settings.js';
import { Database, type Transaction } from '../persistence/database.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { Drafts } from './draft.js';
import type { OperationKind } from './kinds.js';
import { Settlement } from './settlement.js';

/** What the service asks for by itself. */
export interface OwnIntent {
  /** A durable kind: nobody waits for its answer. */
  kind: OperationKind;
  merchantId: string;
  providerAccountId: string;
  /** The provider's order id. */
  lane: string;
  /** Path parameters, for instance `{ orderId }`. */
  target: Readonly<Record<string, string>>;
  /** See `OperationContext.before`. */
  before?: Readonly<Record<string, string>>;
  body: Buffer | null;
  /** Of the order. */
  dataSubject: string;
  /** Why: a word for people, shown as `purpose`. */
  reason: string;
  /** For what, where one order may need the same more than once: for instance the end that is to be moved. */
  occasion?: string;
}

export interface OwnOperation {
  id: string;
  /** False: it was asked for before. */
  made: boolean;
}

/**
 * Operations without a caller. They are recorded like all others and carried out by queue and sweep; while Klarna is sick, callers' go first
 * (`by: service`). One is made once for its kind, order, reason and occasion, whoever asks how often; only one that was withdrawn before
 * it was sent can be asked for again.
 */
@Injectable()
export class OwnOperations {
  constructor(
    private readonly database: Database,
    private readonly drafts: Drafts,
    private readonly envelope: SealedEnvelope,
    private readonly acceptance: AcceptanceRepository,
    private readonly settlement: Settlement,
    private readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  /**
   * Records one. It is due at once and begun by whoever comes first; nothing is sent here.
   * @param tx the transaction to be recorded in, which must not have locked the lane, an operation or the order yet; null: one of its own
   * @throws DatabaseUnavailable: repeat
   */
  async start(tx: Transaction | null, intent: OwnIntent): Promise<OwnOperation> {
    const now = this.clock.now();
    const { reason, occasion = '', ...asked } = intent;
    const drafted = this.drafts.draft(
      {
        ...asked,
        ...{ pendingAnswer: 202, passedHeaders: {}, key: undefined, prefer: { respondAsync: true, waitMs: 0 } },
        ...{ amount: null, reference: null, orderCreatedAt: null, asksFirst: true },
      },
      now,
      now,
    );
    // Not what an equal request of a caller's would have: that one must not be refused because of this.
    const fingerprint = this.envelope.fingerprint('own-operation', asked.kind, asked.providerAccountId, asked.lane, reason, occasion);
    const callerKey = `own-${fingerprint.toString('hex')}`;
    const draft = { ...drafted, fingerprint, callerKey, guarded: false, purpose: reason };
    const db = tx ?? this.database;
    // Between the two looks the key may become free: what held it was withdrawn.
    for (let tries = 0; tries < 3; tries += 1) {
      const [made] = await this.acceptance.accept(db, [draft], now, this.settings.leaseMs);
      if (made) {
        // Before the commit nobody could find it: the sweep does, a moment later.
        if (tx === null) this.settlement.nudge([{ id: draft.id, fence: 1, at: now }]);
        return { id: draft.id, made: true };
      }
      const held = await this.acceptance.byKey(db, asked.merchantId, callerKey);
      if (held) return { id: held.operation_id, made: false };
    }
    throw new Error(`An ${asked.kind} of order ${asked.lane} could be neither recorded nor found`);
  }
}
