import { Agent, get } from 'node:http';
import { Clock } from './clock.js';

const POLL_MS = 200;
const ANSWER_WITHIN_MS = 1_000;

/**
 * Follows the simulator's clock, which a test or a person moves forward: this machine's time plus the offset that
 * `GET /simulator/clock` shows. While the simulator is down the last offset stays.
 */
export class SimulatorClock extends Clock {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });
  readonly #timer: NodeJS.Timeout;
  #offsetMs = 0;
  #polling = false;
  /** Answers may overtake each other; an older question's answer never replaces a newer one's. */
  #asked = 0;
  #applied = 0;

  constructor(simulatorUrl: string, pollMs = POLL_MS) {
    super();
    this.#url = `${simulatorUrl}/simulator/clock`;
    this.#timer = setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
  }

  override nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Asks the simulator now. Resolves with whether it answered; a clock that was moved before the call is followed after it. */
  async refresh(): Promise<boolean> {
    const question = ++this.#asked;
    const offset = await this.#ask();
    if (offset === undefined) return false;
    if (question > this.#applied) {
      this.#applied = question;
      this.#offsetMs = offset;
    }
    return true;
  }

  override close(): void {
    clearInterval(this.#timer);
    this.#agent.destroy();
  }

  #poll(): void {
    if (this.#polling) return;
    this.#polling = true;
    void this.refresh().finally(() => (this.#polling = false));
  }

  #ask(): Promise<number | undefined> {
    return new Promise((resolve) => {
      const request = get(this.#url, { agent: this.#agent, timeout: ANSWER_WITHIN_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(undefined));
        response.on('end', () => resolve(offsetIn(Buffer.concat(chunks).toString())));
      });
      request.on('socket', (socket) => socket.unref());
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(undefined));
      request.on('close', () => resolve(undefined));
    });
  }
}

function offsetIn(body: string): number | undefined {
  try {
    const { offset_ms: offset } = JSON.parse(body) as { offset_ms?: unknown };
    return typeof offset === 'number' && Number.isFinite(offset) ? offset : undefined;
  } catch {
    return undefined;
  }
}
