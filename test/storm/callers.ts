import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, cartOf, Client } from '../support/client.js';
import { freesKey, meaningOf } from './compare.js';
import type { IntentPlan, StoryPlan } from './plan.js';
import { type Ask, FINAL, type Finding, type IntentRecord, type Told } from './records.js';
import type { Instance, Topology } from './topology.js';

/** How long a caller waits for an answer; longer than a zombie stands still. */
const PATIENCE_MS = 9_000;
const SUFFIX = { capture: '/captures', refund: '/refunds', cancel: '/cancel', release: '/release-remaining-authorization' } as const;

/** An intent under way: what is planned, and what was told. */
export interface Intent {
  readonly plan: IntentPlan;
  readonly record: IntentRecord;
  readonly path: () => string;
  readonly body: () => Buffer | undefined;
}

interface Story {
  readonly plan: StoryPlan;
  readonly cart: ReturnType<typeof cartOf>;
  readonly order: Intent;
  readonly money: Intent[];
}

/** A story with its order at Klarna. */
interface Ordered extends Story {
  readonly orderId: string;
}

interface Asked {
  readonly client: Client;
  readonly name: string;
}

interface Pace {
  readonly atATime: number;
  readonly operations: number;
  readonly allowed: () => number;
}

/** The shops: they ask, repeat, double, lose patience, and keep every answer. */
export class Callers {
  readonly intents: Intent[] = [];
  readonly noticed: Finding[] = [];
  asked = 0;
  #turn = 0;
  #paused: Promise<void> | null = null;
  #late: Intent[] = [];
  #stopped = false;

  constructor(
    private readonly topology: Topology,
    readonly simulator: Client,
  ) {}

  /**
   * Plays stories, so many at a time, until so many operations were asked for, or `stop`.
   * @param allowed how many of them may have been asked for by now; a story that has begun goes on
   */
  async run(stories: readonly StoryPlan[], { atATime, operations, allowed }: Pace): Promise<void> {
    const left = [...stories];
    const over = (): boolean => this.#stopped || left.length === 0 || this.asked >= operations;
    const caller = async (): Promise<void> => {
      while (!over()) {
        const story = this.asked < allowed() ? left.shift() : undefined;
        if (story === undefined) await pause(50);
        else await this.#play(story);
      }
    };
    await Promise.all(Array.from({ length: atATime }, caller));
  }

  /** Nothing new is asked for from now on. */
  stop(): void {
    this.#stopped = true;
  }

  /** New intents wait until the promise ends. */
  pauseUntil(over: Promise<void>): void {
    this.#paused = over;
  }

  /** What was to be repeated late is repeated now. */
  async repeatLate(): Promise<void> {
    const late = this.#late.splice(0);
    await Promise.all(late.map((intent) => this.ask(intent, 'late')));
  }

  /** Places the order of a purchase. @returns its first intent, which nobody has asked for; null when there is no order */
  async orderFor(plan: StoryPlan): Promise<Intent | null> {
    const story = await this.#ordered(plan);
    const first = plan.groups[0]?.[0];
    return story === null || first === undefined ? null : this.#intent(first, story.orderId);
  }

  /** Asks this process for it; what was told is kept. */
  async askAt({ name, url }: Instance, intent: Intent): Promise<void> {
    this.#began(intent);
    await this.ask(intent, 'first', { client: new Client(url, this.simulator.simulatorUrl), name });
  }

  /** Sends an intent's request, and keeps what was told. @param at the process that is asked; otherwise one that runs */
  async ask(intent: Intent, how: Ask['how'], at?: Asked): Promise<Told | null> {
    const { plan } = intent;
    const prefer: Record<string, string> = plan.prefer === null || how === 'last' || how === 'late' ? {} : { Prefer: plan.prefer };
    const body = how === 'other-body' ? otherBody(intent) : intent.body();
    const by = at ?? (await this.#api());
    const began = performance.now();
    let answer: Answer | null = null;
    try {
      const call = { body, headers: prefer, patienceMs: PATIENCE_MS, ...(plan.key === null ? {} : { key: plan.key }) };
      answer = await by.client.call('POST', intent.path(), call);
    } catch {
      // The process died, or the caller lost patience: no answer.
    }
    const told = answer === null ? null : toldIn(answer);
    intent.record.asks.push({ how, began, ended: performance.now(), told, by: by.name });
    if (told !== null && plan.kind === 'create-order' && meaningOf(told) === 'success') intent.record.orderId ??= orderIdIn(answer);
    return told;
  }

  /** Looks at an operation; what is shown is kept. @returns its state; null when nobody answered */
  async look(intent: Intent, operation: string): Promise<string | null> {
    const { client } = await this.#api();
    try {
      const answer = await client.call('GET', `/operations/${operation}`, { patienceMs: PATIENCE_MS });
      if (answer.status !== 200) return null;
      const view = answer.json as {
        state: string;
        order_id: string | null;
        answer: { status: number; headers: Record<string, string> } | null;
      };
      intent.record.views.set(operation, { state: view.state, answer: view.answer });
      if (view.state === 'succeeded' && intent.plan.kind === 'create-order') intent.record.orderId ??= view.order_id;
      return view.state;
    } catch {
      return null;
    }
  }

  async #play(plan: StoryPlan): Promise<void> {
    await this.#paused;
    const story = await this.#ordered(plan);
    // Without an id there is nothing to capture; its intents were never asked for.
    if (story === null) return;
    const { orderId } = story;
    for (const group of plan.groups) {
      if (this.#stopped) return;
      await this.#paused;
      const intents = group.map((each) => this.#intent(each, orderId));
      story.money.push(...intents);
      const stale = plan.staleRead && intents[0]?.plan.kind === 'capture' ? this.#staleRead(story) : null;
      await Promise.all(intents.map((intent) => this.#carryOut(intent)));
      await stale?.();
      await this.#compareWithTold(story);
    }
  }

  async #ordered(plan: StoryPlan): Promise<Ordered | null> {
    const story = this.#storyOf(plan);
    if (!(await this.#authorized(story))) return null;
    const { order } = story;
    await this.#carryOut(order);
    if (order.record.orderId === null) {
      for (const operation of operationsIn(order.record)) await this.look(order, operation);
    }
    const { orderId } = order.record;
    return orderId === null ? null : { ...story, orderId };
  }

  #storyOf(plan: StoryPlan): Story {
    const cart = cartOf(plan.amount, { merchant_reference1: plan.order.reference });
    const bytes = Buffer.from(JSON.stringify(cart));
    const record = recordOf(plan.order);
    const order: Intent = {
      plan: plan.order,
      record,
      path: () => `/payments/v1/authorizations/${record.token}/order`,
      body: () => bytes,
    };
    return { plan, cart, order, money: [] };
  }

  #intent(plan: IntentPlan, orderId: string): Intent {
    const record = recordOf(plan);
    record.orderId = orderId;
    const field = plan.kind === 'capture' ? 'captured_amount' : plan.kind === 'refund' ? 'refunded_amount' : null;
    const body = field === null ? undefined : Buffer.from(JSON.stringify({ [field]: plan.amount, reference: plan.reference }));
    const suffix = plan.kind === 'create-order' ? '' : SUFFIX[plan.kind];
    return { plan, record, path: () => `/ordermanagement/v1/orders/${orderId}${suffix}`, body: () => body };
  }

  /** A session that the shopper has authorized. Sessions move no money: one that was lost is made anew. */
  async #authorized({ cart, order }: Story): Promise<boolean> {
    for (let tries = 0; tries < 40 && !this.#stopped; tries += 1) {
      const { client } = await this.#api();
      const session = await client.call('POST', '/payments/v1/sessions', { body: cart, patienceMs: PATIENCE_MS }).catch(() => null);
      const id = session?.status === 200 ? (session.json as { session_id: string }).session_id : null;
      if (id === null) {
        await pause(200);
        continue;
      }
      const authorized = await this.simulator.simulate('POST', `/simulator/sessions/${id}/authorize`, {}).catch(() => null);
      if (authorized === null) continue;
      order.record.sessionId = id;
      order.record.token = (authorized as { authorization_token: string }).authorization_token;
      return true;
    }
    return false;
  }

  /** What a caller does with one intent while the storm goes on. */
  async #carryOut(intent: Intent): Promise<void> {
    const { plan, record } = intent;
    this.#began(intent);
    await pause(plan.pauseMs);
    await this.#putUpFaults(intent);
    const copies = Array.from({ length: plan.copies }, (_, index) => this.ask(intent, index === 0 ? 'first' : 'copy'));
    await Promise.all(copies);
    for (let repeats = 0; repeats < plan.repeats && !this.#stopped; repeats += 1) {
      const newest = record.asks.at(-1)?.told ?? null;
      if (isFinal(intent) && !(plan.repeatsFinal && repeats === 0)) break;
      // What was refused for now is left alone by some callers: it must not happen later.
      if (newest !== null && meaningOf(newest) === 'not-now' && !plan.repeatsFinal) break;
      await pause(100 + plan.pauseMs);
      if (plan.key === null && plan.kind !== 'create-order') await this.#repeatWithoutKey(intent);
      else await this.ask(intent, 'repeat');
    }
    // Whoever has an answer of record knows that the key is taken for ever; a pending one may be withdrawn, and its key given back.
    if (plan.otherBody && hasRecord(intent) && otherBody(intent) !== null) await this.ask(intent, 'other-body');
    if (plan.late && plan.key !== null) this.#late.push(intent);
  }

  #began(intent: Intent): void {
    this.intents.push(intent);
    this.asked += 1;
  }

  async #putUpFaults({ plan, path, record }: Intent): Promise<void> {
    for (const fault of plan.faults) {
      await this.simulator.simulate('POST', '/simulator/faults', { ...fault, match: { method: 'POST', path: path() } });
    }
    const looked =
      plan.kind === 'create-order' ? `/payments/v1/sessions/${record.sessionId}` : `/ordermanagement/v1/orders/${record.orderId}`;
    for (const fault of plan.readFaults) {
      await this.simulator.simulate('POST', '/simulator/faults', { ...fault, match: { method: 'GET', path: looked } });
    }
  }

  /** Without a key a repeat is a new intent: while the first is unresolved, it must be refused. */
  async #repeatWithoutKey(intent: Intent): Promise<void> {
    const newest = intent.record.asks.at(-1)?.told ?? null;
    if (newest?.status !== 202 || newest.operation === null) return;
    const told = await this.ask(intent, 'repeat');
    if (told === null || told.status === 409 || told.status >= 500) return;
    const state = await this.look(intent, newest.operation);
    // It was let through although the first was not settled, and is not now either.
    if (state !== null && !FINAL.includes(state) && state !== 'manual') {
      const what = `a repeat without a key was answered ${told.status} while operation ${newest.operation} is ${state}`;
      this.noticed.push({ column: 'mismatches', what, intent: intent.record.id });
    }
  }

  /**
   * Lets Klarna answer a read of the order, holds the answer, and lets it go when the captures are settled.
   * @returns lets it go
   */
  #staleRead({ orderId }: Ordered): () => Promise<void> {
    const path = `/ordermanagement/v1/orders/${orderId}`;
    const arm = async (): Promise<string> => {
      const { id } = (await this.simulator.simulate('POST', '/simulator/gates', { match: { method: 'GET', path }, at: 'after' })) as {
        id: string;
      };
      const { client } = await this.#api();
      void client.call('GET', path, { patienceMs: PATIENCE_MS }).catch(() => undefined);
      return id;
    };
    const armed = arm();
    return async () => {
      const id = await armed;
      await this.simulator.simulate('DELETE', `/simulator/gates/${id}`).catch(() => undefined);
      await pause(30);
    };
  }

  /** Whoever was told of a capture or a refund finds it in the order at once, and for ever. */
  async #compareWithTold({ orderId, money }: Ordered): Promise<void> {
    const sums = { capture: 0, refund: 0 };
    for (const { plan, record } of money) {
      const told = record.asks.some((ask) => ask.told !== null && meaningOf(ask.told) === 'success');
      if (told && (plan.kind === 'capture' || plan.kind === 'refund')) sums[plan.kind] += plan.amount;
    }
    for (let looks = 0; looks < 3; looks += 1) {
      const { client } = await this.#api();
      const answer = await client.call('GET', `/orders/${orderId}`, { patienceMs: PATIENCE_MS }).catch(() => null);
      if (answer?.status !== 200) return;
      const shown = answer.json as { captured_amount: number; refunded_amount: number };
      if (shown.captured_amount < sums.capture || shown.refunded_amount < sums.refund) {
        const what = `the order shows ${shown.captured_amount} captured and ${shown.refunded_amount} refunded; callers were told of ${sums.capture} and ${sums.refund} before`;
        this.noticed.push({ column: 'mismatches', what, order: orderId });
        return;
      }
      await pause(40);
    }
  }

  /** An api that runs, as a load balancer finds one. */
  async #api(): Promise<Asked> {
    for (;;) {
      const live = this.topology.live('api');
      // A load balancer does not see at once that a process stands still.
      const candidates = live.length > 0 ? live : this.topology.frozen.filter(({ role }) => role === 'api');
      const instance = candidates[this.#turn++ % Math.max(1, candidates.length)];
      if (instance !== undefined) return { client: new Client(instance.url, this.simulator.simulatorUrl), name: instance.name };
      await pause(50);
    }
  }
}

/** Whether its caller holds an answer that is meant for ever. */
export function isFinal({ record }: Intent): boolean {
  return record.asks.some(({ how, told }) => how !== 'other-body' && told !== null && ['success', 'refused'].includes(meaningOf(told)));
}

/** Whether its key (or token) stands for its request for ever. */
function hasRecord({ plan, record }: Intent): boolean {
  const repeatable = plan.key !== null || plan.kind === 'create-order';
  return (
    repeatable &&
    record.asks.some(({ told }) => {
      if (told === null) return false;
      const meaning = meaningOf(told);
      return meaning === 'success' || (meaning === 'refused' && plan.key !== null && !freesKey(told));
    })
  );
}

/** Operations that answers named, the newest first. */
export function operationsIn(record: IntentRecord): string[] {
  const named = record.asks.flatMap(({ how, told }) => (how === 'other-body' || !told?.operation ? [] : [told.operation]));
  return [...new Set(named.reverse())];
}

function recordOf({ id, kind, key, reference, amount }: IntentPlan): IntentRecord {
  return { id, kind, key, reference, amount, orderId: null, token: null, sessionId: null, asks: [], views: new Map() };
}

/** The same request with something else in it; null where there is no body to change. */
function otherBody({ plan, body }: Intent): Buffer | null {
  const bytes = body();
  if (bytes === undefined) return null;
  const parsed = JSON.parse(bytes.toString()) as Record<string, unknown>;
  const amount = plan.kind === 'create-order' ? 'order_amount' : plan.kind === 'capture' ? 'captured_amount' : 'refunded_amount';
  return Buffer.from(JSON.stringify({ ...parsed, [amount]: plan.amount + 1 }));
}

export function toldIn({ status, headers, text, json }: Answer): Told {
  const location = headers['location']?.replace(/^https?:\/\/[^/]+/, '') ?? null;
  const body = json as { error_code?: unknown } | undefined;
  return {
    status,
    location,
    capture: headers['capture-id'] ?? null,
    refund: headers['refund-id'] ?? null,
    text,
    code: typeof body?.error_code === 'string' ? body.error_code : null,
    operation: /^\/operations\/([0-9a-f-]{36})$/.exec(location ?? '')?.[1] ?? null,
  };
}

function orderIdIn(answer: Answer | null): string | null {
  const id = (answer?.json as { order_id?: unknown } | undefined)?.order_id;
  return typeof id === 'string' ? id : null;
}
