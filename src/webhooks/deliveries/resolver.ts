import { Injectable } from '@nestjs/common';
import { lookup, Resolver } from 'node:dns/promises';
import { isLoopbackName, LOOPBACK } from './address-rules.js';

const DNS_TIMEOUT_MS = 1_000;
const DNS_TRIES = 2;
/** The name servers know nothing of it, or there are none. */
const NOT_THERE = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'];

/** The addresses of names. */
@Injectable()
export class NameResolver {
  readonly #dns = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });

  /**
   * Every address of a name, IPv4 first. Asks the name servers itself: the system's own resolver has four threads for the whole process, and
   * names of dead shops would hold them while calls to Klarna wait. It is asked only about what the servers say is not there (/etc/hosts).
   * @throws Error with the resolver's code: ENOTFOUND, ETIMEOUT, ...
   */
  async addressesOf(name: string): Promise<string[]> {
    if (isLoopbackName(name)) return [...LOOPBACK];
    const answers = await Promise.allSettled([this.#dns.resolve4(name), this.#dns.resolve6(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const [failure] = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as { code?: string });
    if (!NOT_THERE.includes(failure?.code ?? '')) throw failure as Error;
    return (await lookup(name, { all: true })).map(({ address }) => address);
  }
}
