import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from './client.js';
import { type Scene, type WriteRow, WRITES } from './fault-writes.js';
import { testGateway, type TestGateway } from './gateway.js';
import { expectRowsLikeLedger, lasting, lastSequence, operationIn, requests, settled, told } from './scene.js';

/** What a fault tells the gateway. `garbled`: a 2xx that lacks what this write's answer must have; `plain`: one that lacks only an id. */
type Meaning = 'unknown' | 'retry' | 'configuration' | 'conflict' | 'garbled' | 'plain' | 'late';

interface FaultRow {
  name: string;
  kind: string;
  means: Meaning;
  /** Klarna has executed it. */
  executes: boolean;
  /** It holds other operations of the account. */
  alone?: true;
  more?: Record<string, unknown>;
}

const FAULTS: FaultRow[] = [
  { name: 'timeout_before', kind: 'timeout_before', means: 'unknown', executes: false },
  { name: 'timeout_after', kind: 'timeout_after', means: 'unknown', executes: true },
  { name: 'reset_before', kind: 'reset_before', means: 'unknown', executes: false },
  { name: 'reset_after', kind: 'reset_after', means: 'unknown', executes: true },
  { name: 'status 500', kind: 'status', more: { code: 500 }, means: 'unknown', executes: false },
  { name: 'status 503', kind: 'status', more: { code: 503 }, means: 'unknown', executes: false },
  { name: 'status 408', kind: 'status', more: { code: 408 }, means: 'unknown', executes: false },
  { name: 'status 403 without a body', kind: 'status', more: { code: 403, body: '' }, means: 'retry', executes: false },
  { name: 'status 409', kind: 'status', more: { code: 409 }, means: 'conflict', executes: false },
  { name: 'status_after 500', kind: 'status_after', more: { code: 500 }, means: 'unknown', executes: true },
  { name: 'garbage_after truncated_json', kind: 'garbage_after', more: { variant: 'truncated_json' }, means: 'unknown', executes: true },
  { name: 'garbage_after huge', kind: 'garbage_after', more: { variant: 'huge' }, means: 'unknown', executes: true },
  { name: 'garbage_after html', kind: 'garbage_after', more: { variant: 'html' }, means: 'garbled', executes: true },
  {
    name: 'garbage_after missing_id_header',
    kind: 'garbage_after',
    more: { variant: 'missing_id_header' },
    means: 'plain',
    executes: true,
  },
  { name: 'latency', kind: 'latency', more: { ms: 60 }, means: 'late', executes: true },
  // These two hold the whole account, so they come last, and each alone.
  { name: 'status 429', kind: 'status', more: { code: 429 }, means: 'retry', executes: false, alone: true },
  { name: 'status 401', kind: 'status', more: { code: 401 }, means: 'configuration', executes: false, alone: true },
];

/**
 * What the caller is told:
 * - success: Klarna's answer, within the wait
 * - pending: 202 (durable kinds), or 503 with the operation's address (create order)
 * - unanswered: 503 or 504, and it is over (interactive kinds)
 * - doubtful: the same after one attempt, with no leave to repeat (what does harm twice)
 * - credentials: 502, nothing was executed
 * - refused: Klarna's refusal
 */
type Told = 'success' | 'pending' | 'unanswered' | 'doubtful' | 'credentials' | 'refused';

function expected(write: WriteRow, { fault, lasts }: Cell): Told {
  if (fault.means === 'configuration') return 'credentials';
  if (fault.means === 'late' || (fault.means === 'plain' && !write.named)) return 'success';
  if (fault.means === 'conflict' && !['order-management', 'customer-token'].includes(write.api)) return 'refused';
  if (write.neverTwice && fault.means !== 'retry') return 'doubtful';
  if (!lasts) return 'success';
  if (write.class === 'interactive') return 'unanswered';
  // A key that was answered twice with rubbish is not asked again but the order is read; a truncated answer is none at all.
  const garbled = fault.means === 'garbled' || fault.means === 'plain';
  return garbled && write.api === 'order-management' && write.unseen !== true ? 'success' : 'pending';
}

const LASTS = [false, true];

/** How a scene is played: which fault, and whether it hits once or until the caller has gone. */
interface Cell {
  fault: FaultRow;
  lasts: boolean;
}

/** Declares the tests of some writes: each of the simulator's faults, once and lasting. */
export function describeFaults(api: WriteRow['api']): void {
  let gateway: TestGateway;
  beforeAll(async () => {
    // Nothing dies here, and many scenes share one thread: it gets more time than usual.
    gateway = await testGateway({ env: { ANSWER_WAIT_MS: '10000', KLARNA_TIMEOUT_MS: '2500', LEASE_MS: '4000' } });
  });
  afterAll(() => gateway.close());

  describe.each(WRITES.filter((write) => write.api === api))('$name', (write) => {
    const played = new Map<string, Promise<void>>();
    beforeAll(async () => {
      await playAll(gateway, write, played);
    });

    describe.each([
      { lasts: false, when: 'once' },
      { lasts: true, when: 'until the caller has gone' },
    ])('meets a fault $when', ({ lasts }) => {
      it.each(FAULTS.map((fault) => ({ fault: fault.name, outcome: expected(write, { fault, lasts }) })))(
        '$fault: $outcome, and one effect in the end',
        ({ fault }) => played.get(`${fault} ${lasts}`),
      );
    });
  });
}

/** Plays all scenes of a write side by side, as far as they do not meet each other's faults, and waits until all are over. */
async function playAll(gateway: TestGateway, write: WriteRow, played: Map<string, Promise<void>>): Promise<void> {
  // Amounts differ, so that a session is found by its amount.
  let amount = 20_000;
  const cells = FAULTS.flatMap((fault) => LASTS.map((lasts) => ({ fault, lasts, amount: (amount += 500) })));
  const scenes = await Promise.all(cells.map(async (cell) => ({ ...cell, scene: await write.prepare(gateway, cell.amount) })));
  for (const { scene, ...cell } of scenes) {
    // Scenes on one path would take each other's faults.
    const alone = !write.ownPath || cell.fault.alone === true;
    if (alone) await Promise.allSettled(played.values());
    played.set(`${cell.fault.name} ${cell.lasts}`, play(gateway, write, cell, scene));
  }
  await Promise.allSettled(played.values());
}

async function play(gateway: TestGateway, write: WriteRow, cell: Cell, scene: Scene): Promise<void> {
  const { fault, lasts } = cell;
  const { method, path } = scene;
  const how = expected(write, cell);
  const since = write.ownPath ? 0 : await lastSequence(gateway);
  const calls = () => requests(gateway, { method, path }, since);

  const broken = lasts ? await lasting(gateway, fault.kind, { method, path }, fault.more) : null;
  if (!broken) await gateway.fault(fault.kind, { method, path }, fault.more);
  const first = await scene.call(how === 'pending' || how === 'unanswered' ? 'wait=1' : undefined);
  expectTold(write, first, how, fault.means === 'plain');
  if (how === 'unanswered' || how === 'doubtful') {
    const { state, attempts } = await settled(gateway, first);
    expect(state).toBe('abandoned');
    expect(await calls()).toHaveLength(attempts);
    if (how === 'doubtful') expect(attempts).toBe(1);
  }
  await broken?.end();
  if (how === 'pending') {
    const found = write.class === 'durable' || fault.executes;
    // What certainly did not happen is given up with its caller, seen or not.
    if (write.unseen === true && write.class === 'bounded' && fault.means !== 'retry') await settled(gateway, first, ['unknown']);
    else expect((await settled(gateway, first)).state).toBe(found ? 'succeeded' : 'abandoned');
  }

  // Now that the fault is over, everybody gets what was asked for; who has got it, gets the same again.
  if (how === 'success') {
    if (write.repeatable) {
      const again = await scene.call();
      expect(told(again)).toEqual(told(first));
      expect(again.headers['idempotent-replayed']).toBe('true');
    }
  } else if (how !== 'refused' && (write.repeatable || how !== 'pending')) {
    const again = await scene.call();
    expect(again.status).toBe(write.onlyOnce && fault.executes ? 403 : write.success);
    if (write.repeatable) expect(told(await scene.call())).toEqual(told(again));
  }

  const executed = (await calls()).filter((each) => each.executed).length;
  if (how === 'refused') expect(executed).toBe(0);
  else if (write.class === 'interactive') expect(executed).toBeGreaterThanOrEqual(1);
  else expect(executed).toBe(1);
  const orderId = scene.orderId();
  if (orderId !== null) await expectRowsLikeLedger(gateway, orderId);
}

function expectTold(write: WriteRow, answer: Answer, how: Told, plain = false): void {
  const code = (answer.json as { error_code?: string } | undefined)?.error_code;
  switch (how) {
    case 'success':
      expect(code).toBeUndefined();
      // Whatever 2xx Klarna says is success.
      if (plain) expect(answer.status).toBeLessThan(300);
      else expect(answer.status).toBe(write.success);
      return;
    case 'pending':
      expect(answer.status).toBe(write.class === 'durable' ? 202 : 503);
      expect(operationIn(answer)).toBeDefined();
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      if (write.class === 'durable') expect(answer.json).toMatchObject({ id: operationIn(answer), class: 'durable' });
      else expect(code).toBe('TEMPORARILY_UNAVAILABLE');
      return;
    case 'unanswered':
      expect([503, 504]).toContain(answer.status);
      expect(['TEMPORARILY_UNAVAILABLE', 'GATEWAY_TIMEOUT']).toContain(code);
      // On a busy machine the last call may still be under way when its caller leaves: then it may happen.
      if (!write.neverTwice) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      return;
    case 'doubtful':
      expect([503, 504]).toContain(answer.status);
      expect(answer.headers['retry-after']).toBeUndefined();
      return;
    case 'credentials':
      expect([answer.status, code]).toEqual([502, 'PROVIDER_CREDENTIALS']);
      return;
    case 'refused':
      expect(answer.status).toBe(409);
      expect(code).not.toBe('OPERATION_PENDING');
      return;
  }
}
