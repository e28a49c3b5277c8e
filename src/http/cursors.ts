import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { Refusal } from '../operations/errors.js';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';

const PURPOSE = 'list.cursor';

/** The last row of a page, as text and numbers. */
export type Position = readonly (string | number)[];

/**
 * Where a list goes on: the position in the open, and a signature over it and over what the list was asked for. A cursor of another
 * merchant, of other filters, or one that someone changed is no cursor here.
 */
@Injectable()
export class Cursors {
  constructor(private readonly envelope: SealedEnvelope) {}

  /** @param list everything that makes it this list: its name, the merchant, the filters */
  write(list: readonly string[], position: Position): string {
    const text = JSON.stringify(position);
    return this.#join(text, this.#sign(list, text));
  }

  /** @throws Refusal BAD_VALUE when this service has not written it for this list */
  read(list: readonly string[], cursor: string): Position {
    const [encoded = '', signature = ''] = cursor.split('.');
    const text = Buffer.from(encoded, 'base64url').toString();
    const [given, right] = [Buffer.from(signature, 'base64url'), this.#sign(list, text)];
    // Decoding forgives, so that many texts mean the same: only the one that was handed out counts.
    const genuine = given.length === right.length && timingSafeEqual(given, right) && cursor === this.#join(text, right);
    if (!genuine) throw new Refusal('BAD_VALUE', ['Bad value: cursor']);
    return JSON.parse(text) as Position;
  }

  #join(text: string, signature: Buffer): string {
    return `${Buffer.from(text).toString('base64url')}.${signature.toString('base64url')}`;
  }

  #sign(list: readonly string[], text: string): Buffer {
    return this.envelope.fingerprint(PURPOSE, ...list, text);
  }
}
