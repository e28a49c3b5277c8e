import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock/clock.js';
import { Settings } from '../../config/settings.js';
import type { WireCall } from '../../http/wire-call.decorator.js';
import type { OperationKind } from '../../operations/kinds.js';
import type { Readdressed } from '../../operations/request.js';
import { type CallbackEntry, type Hook, HOOK_TEMPLATE, type NewHook } from '../../persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { CALLBACK_URLS, type CallbackUrls, hasCallbackUrls } from './callback-urls.js';
import { canBePassedOnTo, hookBase, isAllHere, newSecret } from './our-urls.js';
import { rewritten } from './rewriting.js';

const DAY_MS = 86_400_000;

/** Puts this service between Klarna's callbacks and the shop. */
@Injectable()
export class Hooks {
  constructor(
    private readonly envelope: SealedEnvelope,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  /** Why nothing is rewritten in this process; undefined when it is. */
  get off(): string | undefined {
    const base = hookBase(this.settings.publicUrl, this.#allHere);
    return 'reason' in base ? base.reason : undefined;
  }

  /**
   * The request with our addresses in its callback entries, to be recorded together with them. Made anew for every request: what is recorded
   * once is sent again as it is, and what is not accepted (a repeat under the same key) leaves no address behind.
   * @param body JSON that was judged
   * @param resourceId Klarna's id of the session or checkout that it changes; null when there is none yet
   * @returns undefined where the caller's bytes go as they are
   */
  putInto(call: Pick<WireCall, 'caller' | 'callbacks'>, kind: OperationKind, body: Buffer | null, resourceId: string | null) {
    const base = hookBase(this.settings.publicUrl, this.#allHere);
    if (body === null || 'reason' in base || !hasCallbackUrls(kind) || !comesHere(call)) return undefined;
    const { told, added, asked, query, lifeMs }: CallbackUrls = CALLBACK_URLS[kind];
    const now = this.clock.nowMs();
    // As long as bodies are kept they are shown with the caller's own URLs.
    const expiresAt = new Date(now + Math.max(lifeMs, this.settings.bodyRetentionDays * DAY_MS));
    const hooks: NewHook[] = [];
    const place = (entry: CallbackEntry, template: string | null): string => {
      const { secret, hash: secretHash } = newSecret();
      const sealed = template === null ? null : this.envelope.seal(Buffer.from(template), HOOK_TEMPLATE);
      const id = uuidv7({ msecs: now });
      hooks.push({ id, entry, secretHash, template: sealed, resourceId, expiresAt });
      return `${base.base}/${id}/${secret}${query}`;
    };
    const isOurs = (url: string): boolean => canBePassedOnTo(url, this.#allHere);
    // Questions stay between Klarna and the shop unless the merchant wants otherwise.
    const questions = asked.filter((entry) => this.settings.forwardQuestions.some((forwarded) => forwarded === entry));
    const sent = rewritten(body, { replaced: [...told, ...questions], added, isOurs, place });
    return sent && ({ body: sent, hooks } satisfies Readdressed);
  }

  get #allHere(): boolean {
    return isAllHere(this.settings.simulatorUrl);
  }

  /** The caller's own URL, with its placeholders; null: the caller sent none. */
  templateOf({ template }: Pick<Hook, 'template'>): string | null {
    return template && this.envelope.open(template, HOOK_TEMPLATE).toString('utf8');
  }
}

/** What the request says, else what the merchant has. */
function comesHere({ callbacks, caller }: Pick<WireCall, 'caller' | 'callbacks'>): boolean {
  return (callbacks ?? caller.callbacks) === 'gateway';
}
