import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Draws } from './random.js';
import { SHOP, type Taking } from './records-told.js';

/** What becomes of one message: taken and answered, taken and not answered, or refused. */
type Fate = 'taken' | 'slow' | 'unanswered' | 'refused' | 'put off' | 'held';
type Weights = readonly (readonly [weight: number, fate: Fate])[];

/** How receivers treat messages while the storm blows. */
const HABITS = {
  fair: [
    [80, 'taken'],
    [6, 'slow'],
    [6, 'unanswered'],
    [6, 'refused'],
    [2, 'put off'],
  ],
  /** More often out of order than not, until the storm is over. */
  failing: [
    [35, 'taken'],
    [10, 'unanswered'],
    [45, 'refused'],
    [10, 'put off'],
  ],
  /** Takes connections and never answers. */
  hanging: [[1, 'held']],
} as const satisfies Record<string, Weights>;
export type Habit = keyof typeof HABITS;

const SLOW_MS = [200, 1_500] as const;
/** Real seconds, of which some hundred virtual ones may be gone by then. */
const PUT_OFF_SECONDS = '20';

interface Place {
  readonly name: string;
  readonly habit: Habit;
  /** Verifies what comes; null: not known yet. */
  webhook: Webhook | null;
}

/** The receiving side of the shops, and of whoever else wants to be told: keeps what comes, checks it, and treats it badly. */
export class Receiver {
  readonly takings: Taking[] = [];
  readonly strangers: string[] = [];
  readonly #places = new Map<string, Place>([[SHOP, { name: SHOP, habit: 'fair', webhook: null }]]);
  readonly #given = new Set<string>();
  #calm = false;

  private constructor(
    private readonly server: Server,
    private readonly draws: Draws,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#receive(request, response));
  }

  static async open(draws: Draws): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Receiver(server, draws);
  }

  /** Where an endpoint of this name is reached. */
  place(name: string, habit: Habit): string {
    this.#places.set(name, { name, habit, webhook: null });
    return `${this.#url}/endpoints/${name}`;
  }

  /** @param secret `whsec_...`, with which messages to this place are signed */
  trust(name: string, secret: string): void {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`Nobody is called ${name}`);
    place.webhook = new Webhook(secret);
  }

  /** The base of a shop's own URLs for one purchase. What comes to others was never asked for. */
  shopOf(purchase: string): string {
    this.#given.add(purchase);
    return `${this.#url}/${SHOP}/${encodeURIComponent(purchase)}`;
  }

  /** From now on everybody who lives takes everything. */
  calm(): void {
    this.#calm = true;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  get #url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const body = await bytesOf(request);
    const place = this.#placeOf(path);
    if (place === undefined || method !== 'POST' || body === null) {
      if (body !== null) this.strangers.push(`${method} ${path}`);
      response.writeHead(404).end();
      return;
    }
    const fate = this.#fateOf(place);
    const end = ['taken', 'slow', 'unanswered'].includes(fate) ? 'taken' : 'refused';
    const messageId = String(request.headers['webhook-id'] ?? '');
    const objection = objectionTo(place, request, body);
    this.takings.push({ at: place.name, messageId, method, path, body: body.toString(), end, objection });
    await this.#answer(fate, response);
  }

  async #answer(fate: Fate, response: ServerResponse): Promise<void> {
    switch (fate) {
      case 'slow':
        await pause(this.draws.whole(...SLOW_MS));
        response.writeHead(200).end();
        return;
      case 'taken':
        response.writeHead(this.draws.pick([200, 202, 204])).end();
        return;
      case 'unanswered':
        response.destroy();
        return;
      case 'refused':
        response.writeHead(this.draws.pick([500, 502, 503, 404])).end();
        return;
      case 'put off':
        response.writeHead(503, { 'Retry-After': PUT_OFF_SECONDS }).end();
        return;
      case 'held':
        return;
    }
  }

  #placeOf(path: string): Place | undefined {
    const [, kind, name = ''] = path.split(/[/?]/);
    if (kind === 'endpoints') return this.#places.get(name);
    return kind === SHOP && this.#given.has(decodeURIComponent(name)) ? this.#places.get(SHOP) : undefined;
  }

  #fateOf({ habit }: Place): Fate {
    if (this.#calm && habit !== 'hanging') return 'taken';
    return this.draws.weighted<Fate>(HABITS[habit]);
  }
}

function objectionTo({ webhook }: Place, { headers }: IncomingMessage, body: Buffer): string | null {
  if (webhook === null) return 'it came before anybody knew the key';
  try {
    webhook.verify(body, headers as Record<string, string>, { jsonParse: false });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @returns null when the sender left before its end */
async function bytesOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return null;
  }
}
