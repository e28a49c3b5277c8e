import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock/clock.js';
import { ShortMemory } from '../../merchants/short-memory.js';
import { isConnectionLost } from '../../persistence/database.js';
import { CALLBACK_BODY, CallbacksRepository, type NewCallback } from '../../persistence/repositories/callbacks.repository.js';
import { type Hook, HooksRepository } from '../../persistence/repositories/hooks.repository.js';
import { SealedEnvelope } from '../../persistence/sealed-envelope.js';
import { Alerts } from '../../telemetry/alerts.js';
import { isSecret } from '../hooks/our-urls.js';
import { CallbackWork } from './callback-work.js';
import { wordsOf } from './callback-words.js';
import { GroupCommit } from './group-commit.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Base64url of 32 bytes. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const LOOKUPS = { most: 1_000, mostBytes: Infinity, waiting: 20_000 };
const STORED = { most: 500, mostBytes: 4 * 1_048_576, waiting: 5_000 };
/** Nothing of an address changes that is asked for here; that it is gone is noticed after this. */
const REMEMBERED_MS = 5_000;
const REMEMBERED_HOOKS = 10_000;

/**
 * Takes Klarna's callbacks: whose address is it, keep what came, answer. What it means is looked at later, and elsewhere. What is kept is
 * committed before it is answered: Klarna may forget it then.
 */
@Injectable()
export class Inbox {
  readonly #hooks = new ShortMemory<Hook>(REMEMBERED_MS, REMEMBERED_HOOKS);
  readonly #lookups = new GroupCommit<string, Hook | undefined>((ids) => this.#find(ids), LOOKUPS);
  readonly #stored = new GroupCommit<NewCallback, boolean>(
    (callbacks) => this.#store(callbacks),
    STORED,
    ({ body }) => body?.length ?? 0,
    // A hook that was erased meanwhile is its own callback's trouble alone.
    (error) => !isConnectionLost(error),
  );

  constructor(
    private readonly hooks: HooksRepository,
    private readonly callbacks: CallbacksRepository,
    private readonly work: CallbackWork,
    private readonly envelope: SealedEnvelope,
    private readonly clock: Clock,
    private readonly alerts: Alerts,
  ) {}

  /**
   * Whose address this is. The secret is compared by hashes and in constant time, also where there is no such address.
   * @returns undefined when it is nobody's, whatever the reason
   * @throws DatabaseUnavailable
   */
  async authenticate(hookId: string, secret: string): Promise<Hook | undefined> {
    if (!UUID.test(hookId) || !SECRET.test(secret)) return undefined;
    const hook = await this.#hooks
      .get(hookId, async () => {
        const found = await this.#lookups.add(hookId);
        // Only what is there is remembered: a flood of made-up ids must not push it out.
        if (found === undefined) throw new NoSuchHook();
        return found;
      })
      .catch((error: unknown) => {
        if (error instanceof NoSuchHook) return undefined;
        throw error;
      });
    return isSecret(secret, hook?.secretHash) ? hook : undefined;
  }

  /**
   * Keeps a callback, as it came. The same again is the same callback.
   * @returns `kept`: it is committed. `too-many`: it is not kept; a later repeat may be
   * @throws DatabaseUnavailable, TooManyWaiting: whether it is kept is not known, a repeat is right
   */
  async keep(hook: Hook, query: unknown, body: Buffer | null): Promise<'kept' | 'too-many'> {
    const receivedAt = this.clock.now();
    const { id: hookId, merchantId, providerAccountId, entry } = hook;
    const words = wordsOf(query, body);
    const { providerOrderId, providerSessionId } = words;
    const fingerprint = this.envelope.fingerprint('callback', hookId, providerOrderId ?? '', providerSessionId ?? '', body ?? '');
    const kept = await this.#stored.add({
      ...{ id: uuidv7({ msecs: receivedAt.getTime() }), hookId, merchantId, providerAccountId, entry, ...words },
      ...{ body: body && this.envelope.seal(body, CALLBACK_BODY), fingerprint, receivedAt },
    });
    if (!kept) this.alerts.raise('callback.flood', { hook: hookId });
    return kept ? 'kept' : 'too-many';
  }

  async #find(ids: readonly string[]): Promise<(Hook | undefined)[]> {
    const found = new Map((await this.hooks.byIds([...new Set(ids)])).map((hook) => [hook.id, hook]));
    return ids.map((id) => found.get(id));
  }

  async #store(callbacks: readonly NewCallback[]): Promise<boolean[]> {
    const key = ({ hookId, fingerprint }: NewCallback) => `${hookId} ${fingerprint.toString('base64')}`;
    const distinct = new Map<string, NewCallback & { repeats: number }>();
    for (const each of callbacks) {
      const first = distinct.get(key(each));
      if (first === undefined) distinct.set(key(each), { ...each, repeats: 0 });
      else first.repeats += 1;
    }
    const kept = await this.callbacks.store([...distinct.values()]);
    const keys = new Map([...distinct.keys()].map((each, index) => [each, kept[index] === true]));
    this.work.wake();
    return callbacks.map((each) => keys.get(key(each)) === true);
  }
}

class NoSuchHook extends Error {}
