import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../support/client.js';

const EVERY_MS = 5_000;
const HOP_SECONDS = 25;
/** What takes longer than this in real time takes virtual time, too: a call that hangs, something that is due for ever. */
const STAYS_MS = 500;
/** Until then every process has asked for the time; shorter than a call may take. */
const SEEN_MS = 1_500;
/** All methods by which Klarna is told to change something, whichever of its APIs. */
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Moves the shared virtual clock. Small hops go on all the time, so that quiet periods pass in a storm; they are so small that a request
 * that stands somewhere (a frozen process, a slow answer) is never older than the quiet period when it goes on: Klarna's own promise to
 * the gateway, which the storm must not break.
 */
export class StormClock {
  #hopping: Promise<void> | null = null;
  #stop = new AbortController();

  constructor(private readonly simulator: Client) {}

  /** Virtual time, ms. */
  async now(): Promise<number> {
    const { now } = (await this.simulator.simulate('GET', '/simulator/clock')) as { now: string };
    return Date.parse(now);
  }

  async advance(seconds: number): Promise<void> {
    await this.simulator.advance(seconds);
  }

  /**
   * A long time passes. Writes are refused until every process has seen the new time, for which they ask five times a second: one that
   * thinks that it is still yesterday would trust a key that Klarna has forgotten, and that would be the storm's doing. Reads wait
   * meanwhile, so that Klarna counts as away for a moment, and not for all the time that has passed. Nothing may stand still anywhere.
   * Other faults are over then: one that carries out what it does not answer would let a write through.
   */
  async pass(seconds: number): Promise<void> {
    const path = '/*';
    const put = async (place: 'faults' | 'gates', what: Record<string, unknown>): Promise<string> => {
      const { id } = (await this.simulator.simulate('POST', `/simulator/${place}`, what)) as { id: string };
      return `/simulator/${place}/${id}`;
    };
    const closed: string[] = [];
    try {
      for (const method of WRITES) closed.push(await put('faults', { kind: 'reset_before', times: 1_000_000, match: { method, path } }));
      closed.push(await put('gates', { at: 'before', match: { method: 'GET', path } }));
      const { faults } = (await this.simulator.simulate('GET', '/simulator/faults')) as { faults: { id: string }[] };
      const others = faults.map(({ id }) => `/simulator/faults/${id}`).filter((place) => !closed.includes(place));
      // One that was used up meanwhile is gone.
      for (const place of others) await this.simulator.simulate('DELETE', place).catch(() => undefined);
      await this.advance(seconds);
      await pause(SEEN_MS);
    } finally {
      for (const place of closed) await this.simulator.simulate('DELETE', place).catch(() => undefined);
    }
  }

  /**
   * Begins to hop.
   * @param seconds per hop
   * @param rested whether nothing is left to do at this time: until then it stays, however slow the machine is, but not for ever
   */
  start(everyMs = EVERY_MS, seconds = HOP_SECONDS, rested = (): Promise<boolean> => Promise.resolve(true)): void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const hop = async (): Promise<void> => {
      while (await pause(everyMs, true, { signal }).catch(() => false)) {
        const latest = performance.now() + STAYS_MS;
        while (!signal.aborted && performance.now() < latest && !(await rested())) await pause(50);
        await this.advance(seconds);
      }
    };
    this.#hopping = hop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#hopping;
    this.#hopping = null;
  }
}
