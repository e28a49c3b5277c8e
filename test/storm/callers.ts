import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, Client } from '../support/client.js';
import { hashOf } from './collect.js';
import { bodyOf, cartFor, kindOf, type KindName, otherBodyOf, placed, type Target, urlsOf } from './kinds.js';
import type { IntentPlan, StoryPlan } from './plan.js';
import { type Ask, FINAL, type Finding, type IntentRecord, type Told } from './records.js';
import { freesKey, idIn, isOnce, meaningOf } from './told.js';
import type { Receiver } from './receiver.js';
import type { Instance, Topology } from './topology.js';

/** How long a caller waits for an answer; longer than a zombie stands still. */
const PATIENCE_MS = 9_000;

/** An intent under way: what is planned, and what was told. */
export interface Intent {
  readonly plan: IntentPlan;
  readonly record: IntentRecord;
  readonly body: Buffer | undefined;
}

/** A story whose opening has made what the others are for: an order, a customer token, a page. */
interface Opened {
  readonly plan: StoryPlan;
  readonly target: Target;
  readonly asked: Intent[];
}

/** What a story's opening needs of the shopper. */
const SESSIONS: Partial<Record<KindName, { readonly intent?: string; readonly authorized: boolean }>> = {
  'create-order': { authorized: true },
  'create-customer-token': { intent: 'tokenize', authorized: true },
  'create-page': { authorized: false },
};

/** What Klarna is to call at the shop. */
const ENTRIES = { all: ['push', 'notification', 'authorization'], push: ['push'], none: [] } as const;

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
    private readonly receiver: Receiver,
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
    const story = await this.#opened(plan);
    const first = plan.groups[0]?.[0];
    return story === null || first === undefined ? null : intentOf(first, story.target);
  }

  /** Asks this process for it; what was told is kept. */
  async askAt({ name, url }: Instance, intent: Intent): Promise<void> {
    this.#began(intent);
    await this.ask(intent, 'first', { client: new Client(url, this.simulator.simulatorUrl), name });
  }

  /** Sends an intent's request, and keeps what was told. @param at the process that is asked; otherwise one that runs */
  async ask(intent: Intent, how: Ask['how'], at?: Asked): Promise<Told | null> {
    const { plan, record } = intent;
    const prefer: Record<string, string> = plan.prefer === null || how === 'last' || how === 'late' ? {} : { Prefer: plan.prefer };
    const body = how === 'other-body' ? otherBodyOf(plan.kind, plan, record.target) : intent.body;
    const by = at ?? (await this.#api());
    const began = performance.now();
    let answer: Answer | null = null;
    try {
      const call = { body, headers: prefer, patienceMs: PATIENCE_MS, ...(plan.key === null ? {} : { key: plan.key }) };
      answer = await by.client.call(record.method, record.path, call);
    } catch {
      // The process died, or the caller lost patience: no answer.
    }
    const told = answer === null ? null : toldIn(answer);
    record.asks.push({ how, began, ended: performance.now(), told, by: by.name });
    if (told !== null && plan.kind === 'create-order' && meaningOf(told) === 'success') record.orderId ??= idIn(told, 'order_id');
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
    const story = await this.#opened(plan);
    // Without an id there is nothing to capture; its intents were never asked for.
    if (story === null) return;
    for (const group of plan.groups) {
      if (this.#stopped) return;
      await this.#paused;
      const target = { ...story.target, ...captureOf(story.asked) };
      // Of an order without a capture that is known, none can be changed.
      const intents = group.flatMap((each) => (isPossible(each, target) ? [intentOf(each, target)] : []));
      story.asked.push(...intents);
      const stale = plan.staleRead && group[0]?.kind === 'capture' ? this.#staleRead(story) : null;
      await Promise.all(intents.map((intent) => this.#carryOut(intent)));
      await stale?.();
      if (plan.opening.pending) await this.#accepted(story);
      if (plan.opening.kind === 'create-order') await this.#compareWithTold(story);
    }
  }

  /** Asks for what the others of a story are for. @returns null when it was not made, or it is not known as what */
  async #opened(plan: StoryPlan): Promise<Opened | null> {
    const { opening } = plan;
    const session = await this.#session(plan);
    if (session === null) return null;
    const intent = intentOf(opening, session);
    await this.#carryOut(intent);
    const { record } = intent;
    if (opening.kind === 'create-order' && record.orderId === null) {
      for (const operation of operationsIn(record)) await this.look(intent, operation);
    }
    const made = madeBy(record);
    const shop: Target = record.target['shop'] === undefined ? {} : { shop: record.target['shop'] };
    return made === null ? null : { plan, target: { ...made, ...shop }, asked: [] };
  }

  /**
   * A session, where one is needed, that the shopper has authorized, where that is needed. Sessions move no money: one that was lost is made anew.
   * @returns null when the storm is over
   */
  async #session({ id, amount, opening, urls, urlsAgain }: StoryPlan): Promise<Target | null> {
    const needed = SESSIONS[opening.kind];
    if (needed === undefined) return {};
    const { intent, authorized } = needed;
    const own: Target = urls === 'none' ? {} : { shop: this.receiver.shopOf(id), ...(urlsAgain ? { again: 'yes' } : {}) };
    const { shop } = own;
    const cart = {
      ...cartFor({ ...opening, amount }),
      ...(intent === undefined ? {} : { intent }),
      ...(shop === undefined ? {} : { merchant_urls: urlsOf(shop, ENTRIES[urls]) }),
    };
    for (let tries = 0; tries < 40 && !this.#stopped; tries += 1) {
      const { client } = await this.#api();
      const session = await client.call('POST', '/payments/v1/sessions', { body: cart, patienceMs: PATIENCE_MS }).catch(() => null);
      const sessionId = session?.status === 200 ? (session.json as { session_id: string }).session_id : null;
      if (sessionId === null) {
        await pause(200);
        continue;
      }
      const target = { ...own, sessionId, klarna: this.simulator.simulatorUrl };
      if (!authorized) return target;
      const agreed = await this.simulator.simulate('POST', `/simulator/sessions/${sessionId}/authorize`, {}).catch(() => null);
      if (agreed !== null) return { ...target, authorizationToken: (agreed as { authorization_token: string }).authorization_token };
    }
    return null;
  }

  /** What a caller does with one intent while the storm goes on. */
  async #carryOut(intent: Intent): Promise<void> {
    const { plan, record } = intent;
    this.#began(intent);
    await pause(plan.pauseMs);
    await this.#putUpFaults(intent);
    const copies = Array.from({ length: plan.copies }, (_, index) => this.ask(intent, index === 0 ? 'first' : 'copy'));
    await Promise.all(copies);
    if (plan.push) await this.#pushed(intent);
    for (let repeats = 0; repeats < plan.repeats && !this.#stopped; repeats += 1) {
      const newest = record.asks.at(-1)?.told ?? null;
      if (isFinal(intent) && !(plan.repeatsFinal && repeats === 0)) break;
      // What was refused for now is left alone by some callers: it must not happen later.
      if (newest !== null && meaningOf(newest) === 'not-now' && !plan.repeatsFinal) break;
      await pause(100 + plan.pauseMs);
      if (!isOnce(plan)) await this.#repeatWithoutKey(intent);
      else await this.ask(intent, 'repeat');
    }
    // Whoever has an answer of record knows that the key is taken for ever; a pending one may be withdrawn, and its key given back.
    const other = otherBodyOf(plan.kind, plan, record.target);
    if (plan.otherBody && hasRecord(intent) && other !== undefined) await this.ask(intent, 'other-body');
    if (plan.late && plan.key !== null) this.#late.push(intent);
  }

  #began(intent: Intent): void {
    this.intents.push(intent);
    this.asked += 1;
  }

  async #putUpFaults({ plan, record }: Intent): Promise<void> {
    const { method, path, target } = record;
    for (const fault of plan.faults) await this.simulator.simulate('POST', '/simulator/faults', { ...fault, match: { method, path } });
    const looked = placed(kindOf(plan.kind).looked, target);
    if (looked === undefined) return;
    for (const fault of plan.readFaults) {
      await this.simulator.simulate('POST', '/simulator/faults', { ...fault, match: { method: 'GET', path: looked } });
    }
  }

  /** Klarna accepts the shopper of an order whose time it has taken, unless it has done so before. */
  async #accepted({ target }: Opened): Promise<void> {
    const decision = { decision: 'ACCEPTED' };
    await this.simulator.simulate('POST', `/simulator/orders/${target['orderId']}/fraud`, decision).catch(() => undefined);
  }

  /** Klarna tells the shop of the orders of a token, perhaps before anybody here knows of them; the shop reads them. */
  async #pushed({ record }: Intent): Promise<void> {
    const { customer_tokens: tokens } = (await this.simulator.simulate('GET', '/simulator/ledger/customer-tokens')) as {
      customer_tokens: { token_id: string; order_ids: string[] }[];
    };
    const orders = tokens.find(({ token_id }) => token_id === record.target['customerToken'])?.order_ids ?? [];
    for (const id of orders) {
      const { client } = await this.#api();
      await client.call('GET', `/ordermanagement/v1/orders/${id}`, { patienceMs: PATIENCE_MS }).catch(() => undefined);
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
  #staleRead({ target }: Opened): () => Promise<void> {
    const path = `/ordermanagement/v1/orders/${target['orderId']}`;
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
  async #compareWithTold({ target, asked }: Opened): Promise<void> {
    const orderId = target['orderId'] ?? '';
    const sums = { capture: 0, refund: 0 };
    for (const { plan, record } of asked) {
      if (successOf(record) !== undefined && (plan.kind === 'capture' || plan.kind === 'refund')) sums[plan.kind] += plan.amount;
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
  return (
    isOnce(plan) &&
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

/** Whether everything is known that it is for. */
function isPossible({ kind }: IntentPlan, target: Target): boolean {
  return placed(kindOf(kind).path, target) !== undefined;
}

function intentOf(plan: IntentPlan, target: Target): Intent {
  const { id, kind, key, reference, amount } = plan;
  const { method, path } = kindOf(kind);
  const body = bodyOf(kind, plan, target);
  const record: IntentRecord = {
    ...{ id, kind, key, reference, amount, target, method, path: placed(path, target) ?? path, body: hashOf(body) },
    ...{ orderId: target['orderId'] ?? null, asks: [], views: new Map() },
  };
  return { plan, record, body };
}

/** What whoever asked was told when it had happened. */
function successOf(record: IntentRecord): Told | undefined {
  return record.asks.flatMap(({ told }) => (told !== null && meaningOf(told) === 'success' ? [told] : []))[0];
}

/** What a story's opening has made, as far as its caller knows. */
function madeBy(record: IntentRecord): Target | null {
  const { makes } = kindOf(record.kind);
  const told = successOf(record);
  // The id of an order may be known by a look.
  const id = record.orderId ?? (makes === undefined || told === undefined ? null : idIn(told, makes.member));
  return makes === undefined || id === null ? null : { [makes.target]: id };
}

/** The first capture that a shop was told of. */
function captureOf(asked: readonly Intent[]): Target {
  const ids = asked.flatMap(({ record }) => (record.kind === 'capture' ? [successOf(record)?.capture ?? null] : []));
  const captureId = ids.find((id) => id !== null);
  return captureId === undefined ? {} : { captureId };
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
