import { Injectable, Logger } from '@nestjs/common';
import { HooksRepository } from '../../persistence/repositories/hooks.repository.js';
import { byteText } from '../../http/splice.js';
import { Hooks } from './hooks.js';
import { HIDDEN_SECRET, isSecret, ourUrlsIn } from './our-urls.js';
import { hidden, mayNameUs, restored } from './restoring.js';

/** Shows merchants their own URLs where Klarna shows ours. */
@Injectable()
export class OwnUrls {
  readonly #logger = new Logger(OwnUrls.name);

  constructor(
    private readonly hooks: Hooks,
    private readonly repository: HooksRepository,
  ) {}

  /**
   * What Klarna said, as a merchant would have been told without this service in between. An address of ours counts when it is one of this
   * merchant's, whatever PUBLIC_URL was when it was made.
   * @returns the same buffer when there is nothing of ours in it; never throws: an answer is not withheld because of this
   */
  async restored(merchantId: string, bytes: Buffer): Promise<Buffer> {
    if (!mayNameUs(bytes)) return bytes;
    const found = ourUrlsIn(byteText(bytes));
    if (found.length === 0) return bytes;
    try {
      const rows = await this.repository.byIds([...new Set(found.map(({ hookId }) => hookId))]);
      const own = new Map(rows.filter((hook) => hook.merchantId === merchantId).map((hook) => [hook.id, hook]));
      return restored(bytes, ({ hookId, secret }) => {
        const hook = own.get(hookId);
        if (hook === undefined || !(secret === HIDDEN_SECRET || isSecret(secret, hook.secretHash))) return undefined;
        return this.hooks.templateOf(hook);
      });
    } catch (error) {
      this.#logger.warn(`The shop's own URLs could not be shown: ${(error as Error).message}`);
      return hidden(bytes);
    }
  }
}
