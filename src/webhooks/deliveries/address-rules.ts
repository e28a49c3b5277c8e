import { Injectable } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import { Refusal } from '../../operations/errors.js';
import { type Cidr, liesIn, objectionTo, parsedAddress, parsedCidr } from './address-ranges.js';

const LONGEST_URL = 2_048;
const OPENED_BY = 'NOTIFY_ALLOW_CIDRS';

/** An address that nothing is sent to. The message says why, and which setting opens it; it never holds a path or a query. */
export class ForbiddenAddress extends Error {
  readonly code = 'FORBIDDEN_ADDRESS';
}

/**
 * Where messages may go: https to the public internet; what NOTIFY_ALLOW_CIDRS opens; by http, loopback that is opened alone; and in the embedded default this
 * machine's loopback. A name is judged by every address that it has.
 */
@Injectable()
export class AddressRules {
  readonly #open: readonly Cidr[];
  readonly #opensLoopback: boolean;

  constructor(settings: Settings) {
    this.#open = (settings.notifyAllowCidrs ?? []).map(parsedCidr).filter((range) => range !== null);
    this.#opensLoopback = settings.mode === 'embedded';
  }

  /**
   * Judges what a caller wrote, without asking for addresses of names: `permitted` does that at every attempt.
   * @throws Refusal BAD_VALUE
   */
  checkUrl(text: string): URL {
    try {
      return this.parsed(text);
    } catch (error) {
      if (error instanceof ForbiddenAddress) throw new Refusal('BAD_VALUE', [error.message], { cause: error });
      throw error;
    }
  }

  /** The same for whoever sends. @throws ForbiddenAddress */
  parsed(text: string): URL {
    if (text.length > LONGEST_URL) throw new ForbiddenAddress(`The URL has ${text.length} characters; allowed: ${LONGEST_URL}`);
    // The parser drops line breaks and turns backslashes: what was read would not be what was written.
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u0020\u007f\\]/.test(text))
      throw new ForbiddenAddress('The URL has white space, control characters or backslashes in it');
    if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
      throw new ForbiddenAddress('The URL is not an absolute one that begins with https://');
    const url = new URL(text);
    if (url.username !== '' || url.password !== '') throw new ForbiddenAddress('The URL has a user name or password in it');
    const host = hostOf(url);
    if (isAddress(host)) this.permitted(url, [host]);
    else if (isLoopbackName(host)) this.permitted(url, LOOPBACK);
    else if (url.protocol === 'http:' && !this.#opensLoopback && this.#open.length === 0) throw this.#plain(host);
    return url;
  }

  /**
   * Judges the addresses that a host has; each of them, because any may be used.
   * @throws ForbiddenAddress
   */
  permitted(url: URL, addresses: readonly string[]): void {
    const host = hostOf(url);
    if (addresses.length === 0) throw new ForbiddenAddress(`${host} has no address`);
    for (const text of addresses) {
      const address = parsedAddress(text);
      const objection = objectionTo(address);
      const opened = liesIn(address, this.#open) || (this.#opensLoopback && objection === 'loopback');
      if (objection !== null && !opened) {
        const where = text === host ? host : `${host} (${text})`;
        throw new ForbiddenAddress(`${where} is not on the public internet: ${objection}. ${OPENED_BY} can open its range`);
      }
      if (url.protocol !== 'https:' && !(opened && objection === 'loopback')) throw this.#plain(host);
    }
  }

  #plain(host: string): ForbiddenAddress {
    return new ForbiddenAddress(`${host} is reached by https only; http goes to this machine's loopback alone`);
  }
}

/** The host without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Whether a host of a parsed URL is an address: the parser has brought every way of writing one into its one form. */
export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** This machine. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/** Names that mean this machine whatever a resolver says (RFC 6761). */
export function isLoopbackName(host: string): boolean {
  return /(^|\.)localhost\.?$/.test(host);
}
