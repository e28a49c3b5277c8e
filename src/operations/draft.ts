import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { NewOperation } from '../persistence/repositories/operation-rows.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { tokenFingerprint } from '../persistence/token-fingerprint.js';
import { canonicalJson } from './canonical-json.js';
import { policyOf } from './kinds.js';
import { derivedKey, usableByProvider } from './provider-key.js';
import { OperationRecords } from './record.js';
import type { OperationRequest } from './request.js';

/** What the provider gets. */
export function bytesToSend({ body, readdressed }: Pick<OperationRequest, 'body' | 'readdressed'>): Buffer | null {
  return readdressed?.body ?? body;
}

/** Turns what a caller asked for into the row that T1 writes. */
@Injectable()
export class Drafts {
  constructor(
    private readonly envelope: SealedEnvelope,
    private readonly records: OperationRecords,
  ) {}

  /** @param now business time: ids are ordered by it */
  draft(request: OperationRequest, now: Date, waitsUntil: Date): NewOperation {
    const id = uuidv7({ msecs: now.getTime() });
    const policy = policyOf(request.kind);
    const keyed = policy.key === 'provider';
    const callerKey = keyed ? (request.key ?? null) : null;
    const fingerprint = this.fingerprint(request);
    const alone = request.prefer.respondAsync && policy.class !== 'interactive';
    return {
      id,
      merchantId: request.merchantId,
      providerAccountId: request.providerAccountId,
      kind: request.kind,
      class: policy.class,
      lane: request.lane,
      dataSubject: request.dataSubject ?? uuidv7({ msecs: now.getTime() }),
      target: this.records.sealTarget(request.target, request.passedHeaders, request.before ?? {}),
      request: this.records.sealRequest(bytesToSend(request)),
      callerKey,
      fingerprint,
      tokenHash: this.#tokenHash(request, fingerprint),
      amount: request.amount,
      reference: request.reference,
      derivedKey: keyed ? derivedKey(id, 1) : null,
      wantedKey: keyed ? usableByProvider(request.key) : null,
      sendsAlone: alone && policy.class === 'bounded',
      guarded: policy.class === 'durable' && callerKey === null,
      unresolved: alone,
      waitsUntil,
      attemptId: uuidv7({ msecs: now.getTime() }),
      hooks: request.readdressed?.hooks ?? [],
      later: request.asksFirst === true,
      purpose: null,
    };
  }

  /**
   * The caller's own bytes, sealed, for an operation whose own were erased. Not those of this draft: the addresses in them are not on record,
   * because it was not accepted.
   */
  callersBytes({ body }: OperationRequest): Buffer | null {
    return this.records.sealRequest(body);
  }

  /** HMAC over what was asked for: the kind (it stands for method and route), path parameters, canonical JSON. */
  fingerprint(request: Pick<OperationRequest, 'kind' | 'target' | 'body'>): Buffer {
    const target = Object.entries(request.target).sort(([a], [b]) => (a < b ? -1 : 1));
    const body = request.body === null ? '' : canonicalJson(request.body);
    return this.envelope.fingerprint('operation', request.kind, JSON.stringify(target), body);
  }

  /** What at most one operation may be open for: an authorization token; or a key of the caller's with its request, where we keep it. */
  #tokenHash({ kind, merchantId, key, token }: OperationRequest, fingerprint: Buffer): Buffer | null {
    if (token !== undefined) return this.tokenHash(token);
    if (key === undefined || policyOf(kind).key !== 'while-it-lives') return null;
    return this.envelope.fingerprint('kept-key', merchantId, key, fingerprint.toString('hex'));
  }

  tokenHash(token: string): Buffer {
    return tokenFingerprint(this.envelope, token);
  }
}
