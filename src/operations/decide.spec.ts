import { describe, expect, it } from '@jest/globals';
import { decide, type Decision, TIMING } from './decide.js';
import type { Attempt, AttemptOutcome, OperationFacts, Reading } from './operation.js';

const SECOND = 1_000;
const HOUR = 3_600_000;

const attempt = (number: number, outcome: AttemptOutcome | null, change: Partial<Attempt> = {}): Attempt => ({
  id: `attempt-${number}`,
  number,
  generation: 1,
  startedAt: number * SECOND,
  endedAt: outcome === null ? null : number * SECOND + 100,
  outcome,
  garbled: false,
  status: null,
  ...change,
});
const reading = (startedAt: number, finding: Reading['finding']): Reading => ({
  startedAt,
  endedAt: startedAt + 50,
  generation: 1,
  finding,
  providerId: finding === 'present' ? 'id' : null,
});
const capture = (change: Partial<OperationFacts> = {}): OperationFacts => ({
  kind: 'order-management.capture',
  class: 'durable',
  state: 'running',
  generation: 1,
  createdAt: 0,
  openedAt: 0,
  waitOver: false,
  sendsAlone: false,
  stopped: false,
  expiresAt: null,
  attempts: [],
  readings: [],
  ...change,
});
const order = (change: Partial<OperationFacts> = {}): OperationFacts =>
  capture({ kind: 'payments.create-order', class: 'bounded', ...change });
const what = (decision: Decision): string => ('state' in decision ? decision.state : decision.do);
const at = (facts: OperationFacts, now: number): Decision => decide(facts, now, TIMING);

describe('a durable operation', () => {
  it('is sent when nothing was sent', () => {
    expect(what(at(capture(), 0))).toBe('send');
  });

  it('is rejected by a 4xx when no other attempt may have happened', () => {
    expect(what(at(capture({ attempts: [attempt(1, 'retry'), attempt(2, 'rejected')] }), 3 * SECOND))).toBe('rejected');
  });

  it('reads after a 4xx that follows an unknown attempt', () => {
    const facts = capture({ attempts: [attempt(1, 'unknown'), attempt(2, 'rejected')] });
    expect(at(facts, 3 * SECOND)).toEqual({ do: 'read', notBefore: 3 * SECOND });
  });

  it('takes an attempt without an answer for one that may have happened', () => {
    expect(what(at(capture({ attempts: [attempt(1, null), attempt(2, 'rejected')] }), 3 * SECOND))).toBe('read');
  });

  it('asks again with the same key while the key is young', () => {
    const facts = capture({ attempts: [attempt(1, 'unknown')] });
    expect(at(facts, 2 * SECOND)).toEqual({ do: 'send', notBefore: 2 * SECOND, generation: 1 });
    expect(what(at(facts, SECOND + TIMING.keyCutoffMs))).toBe('read');
  });

  it('reads after a second garbled success', () => {
    const garbled = { garbled: true };
    const once = capture({ attempts: [attempt(1, 'unknown', garbled)] });
    const twice = capture({ attempts: [attempt(1, 'unknown', garbled), attempt(2, 'unknown', garbled)] });
    expect([what(at(once, 3 * SECOND)), what(at(twice, 3 * SECOND))]).toEqual(['send', 'read']);
  });

  it('asks on where a repeat needs no key, whatever rubbish was answered', () => {
    const garbled = { garbled: true };
    const facts = {
      kind: 'payments.cancel-authorization',
      attempts: [attempt(1, 'unknown', garbled), attempt(2, 'unknown', garbled)],
    } as const;
    expect(what(at(capture(facts), 3 * SECOND))).toBe('send');
    expect(what(at(capture(facts), SECOND + TIMING.tokenLifeMs))).toBe('read');
  });

  it('asks a person when nothing could be read for as long again as the key was good for, five looks in a row', () => {
    const over = 2 * TIMING.keyCutoffMs;
    const found = (...findings: Reading['finding'][]) => {
      const readings = findings.map((finding, index) => reading(over + index * SECOND, finding));
      return at(capture({ attempts: [attempt(1, 'unknown')], readings }), over + 10 * SECOND);
    };
    const manual = { do: 'settle', state: 'manual', reason: 'unreadable' };
    const failed = Array.from({ length: 5 }, () => 'unreadable' as const);
    expect(found(...failed)).toEqual(manual);
    expect(found('absent', ...failed)).toEqual(manual);
    expect(what(found(...failed.slice(1)))).toBe('read');
    expect(what(found(...failed.slice(1), 'absent', ...failed.slice(1)))).toBe('read');
    const early = Array.from({ length: 9 }, (_, index) => reading(over - 1 - index, 'unreadable'));
    expect(what(at(capture({ attempts: [attempt(1, 'unknown')], readings: early }), over))).toBe('read');
  });

  it('believes absence only after the quiet period and two readings a minute apart', () => {
    const end = SECOND + 100;
    const quiet = end + TIMING.quietMs;
    const now = SECOND + TIMING.keyCutoffMs;
    const facts = (...readings: Reading[]) =>
      capture({ attempts: [attempt(1, 'unknown'), attempt(2, 'rejected', { startedAt: SECOND, endedAt: end })], readings });
    expect(at(facts(reading(end + 1, 'absent')), end + 2)).toEqual({ do: 'read', notBefore: quiet });
    expect(at(facts(reading(quiet, 'absent')), quiet + 1)).toEqual({ do: 'read', notBefore: quiet + TIMING.readAgainMs });
    expect(what(at(facts(reading(quiet - 1, 'absent'), reading(quiet + 59_000, 'absent')), now))).toBe('read');
    expect(what(at(facts(reading(quiet, 'absent'), reading(quiet + 59_999, 'absent')), now))).toBe('read');
    expect(what(at(facts(reading(quiet, 'absent'), reading(quiet + 60_000, 'absent')), now))).toBe('rejected');
  });

  it('gets one new key after absence past the cut-off, and a person after the second absence', () => {
    const now = 30 * HOUR;
    const absent = [reading(now - 120_000, 'absent'), reading(now - 60_000, 'absent')];
    expect(at(capture({ attempts: [attempt(1, 'unknown')], readings: absent }), now)).toEqual({
      do: 'send',
      notBefore: now,
      generation: 2,
    });
    const second = attempt(2, 'unknown', { generation: 2 });
    expect(at(capture({ generation: 2, attempts: [attempt(1, 'unknown'), second], readings: absent }), now)).toEqual({
      do: 'settle',
      state: 'manual',
      reason: 'absent-twice',
    });
  });

  it('asks a person when more than one effect could be it', () => {
    const facts = capture({ attempts: [attempt(1, 'unknown'), attempt(2, 'rejected')], readings: [reading(5 * SECOND, 'ambiguous')] });
    expect(what(at(facts, 6 * SECOND))).toBe('manual');
  });

  it('believes a success whenever it arrives, also when it was settled otherwise', () => {
    const facts = capture({ state: 'rejected', attempts: [attempt(1, 'succeeded'), attempt(2, 'rejected')] });
    expect(what(at(facts, 3 * SECOND))).toBe('succeeded');
  });

  it('is rejected when our credentials are refused at first, and waits for its account later', () => {
    const facts = capture({ attempts: [attempt(1, 'configuration')] });
    expect(what(at(facts, 2 * SECOND))).toBe('rejected');
    expect(at({ ...facts, waitOver: true }, 2 * SECOND)).toEqual({ do: 'send', notBefore: SECOND + 100 + TIMING.pauseMs, generation: 1 });
  });

  it('is not repeated by the service when the authorization is about to end, and always tried for a caller', () => {
    const expiresAt = HOUR;
    const late = expiresAt - TIMING.expiryMarginMs;
    expect(what(at(capture({ expiresAt }), late))).toBe('send');
    expect(what(at(capture({ expiresAt, waitOver: true }), late))).toBe('withdrawn');
    expect(what(at(capture({ expiresAt, waitOver: true, attempts: [attempt(1, 'retry')] }), late))).toBe('withdrawn');
    expect(what(at(capture({ expiresAt, waitOver: true, attempts: [attempt(1, 'unknown')] }), late))).toBe('read');
  });

  it('takes a new key after the 404 of a young order, which may be remembered under the old one', () => {
    const facts = capture({ attempts: [attempt(1, 'retry', { status: 404 })] });
    expect(at(facts, 2 * SECOND)).toEqual({ do: 'send', notBefore: 2 * SECOND, generation: 2 });
    expect(at(capture({ attempts: [attempt(1, 'retry', { status: 429 })] }), 2 * SECOND)).toEqual({
      do: 'send',
      notBefore: 2 * SECOND,
      generation: 1,
    });
  });

  it('repeats refunds past the end of the authorization', () => {
    const facts = capture({ kind: 'order-management.refund', expiresAt: HOUR, waitOver: true, attempts: [attempt(1, 'retry')] });
    expect(what(at(facts, 2 * HOUR))).toBe('send');
  });

  it('looks at the order once per attempt when it is unresolved for 15 minutes', () => {
    const facts = capture({ waitOver: true, attempts: [attempt(1, 'unknown')] });
    expect(what(at(facts, 15 * 60_000))).toBe('read');
    expect(what(at({ ...facts, readings: [reading(15 * 60_000, 'absent')] }, 16 * 60_000))).toBe('send');
  });
});

describe('an operation of which the provider shows nothing', () => {
  const unknown = attempt(1, 'unknown');
  const quietFrom = SECOND + 100 + TIMING.quietMs;
  const late = SECOND + TIMING.keyCutoffMs;
  const blind = (startedAt: number) => [reading(startedAt, 'unreadable')];
  const dueDate = (change: Partial<OperationFacts>) => capture({ kind: 'order-management.extend-due-date', waitOver: true, ...change });
  const acknowledge = (change: Partial<OperationFacts>) => capture({ kind: 'order-management.acknowledge', waitOver: true, ...change });

  it('is asked for with its key as long as that lives, whatever came back', () => {
    const garbled = [1, 2, 3].map((number) => attempt(number, 'unknown', { garbled: true }));
    expect(at(dueDate({ attempts: garbled }), 4 * SECOND)).toEqual({ do: 'send', notBefore: 4 * SECOND, generation: 1 });
    // Elsewhere rubbish twice means that the key brings nothing else.
    expect(what(at(capture({ attempts: garbled }), 4 * SECOND))).toBe('read');
  });

  it('goes to a person after one look past the key and the quiet period, for nothing more can be learned', () => {
    expect(what(at(dueDate({ attempts: [unknown] }), late))).toBe('read');
    expect(at(dueDate({ attempts: [unknown], readings: blind(quietFrom - 1) }), late)).toEqual({ do: 'read', notBefore: quietFrom });
    expect(at(dueDate({ attempts: [unknown], readings: blind(late) }), late + SECOND)).toEqual({
      ...{ do: 'settle', state: 'manual', reason: 'not-shown' },
    });
  });

  it('is not rejected by the refusal of a repeat, and does not wait for a day to ask a person', () => {
    const attempts = [unknown, attempt(2, 'rejected')];
    expect(what(at(dueDate({ attempts }), 3 * SECOND))).toBe('read');
    expect(what(at(dueDate({ attempts, readings: blind(quietFrom) }), quietFrom + SECOND))).toBe('manual');
  });

  it('is believed not to have happened where it can not have', () => {
    const attempts = [unknown, attempt(2, 'rejected')];
    const absent = [reading(quietFrom, 'absent'), reading(quietFrom + TIMING.readAgainMs, 'absent')];
    expect(what(at(dueDate({ attempts, readings: absent }), quietFrom + HOUR))).toBe('rejected');
  });

  it('is sent once more under a new key where twice is harmless, and goes to a person after that', () => {
    const readings = blind(late);
    expect(at(acknowledge({ attempts: [unknown], readings }), late + SECOND)).toEqual({
      ...{ do: 'send', notBefore: late + SECOND, generation: 2 },
    });
    const refused = [unknown, attempt(2, 'rejected', { generation: 2, startedAt: late + SECOND, endedAt: late + SECOND })];
    expect(at(acknowledge({ generation: 2, attempts: refused, readings }), late + 2 * SECOND)).toEqual({
      ...{ do: 'settle', state: 'manual', reason: 'not-shown' },
    });
  });

  it('that can be seen is looked at again when a look failed, unless twice is harmless', () => {
    const facts = { attempts: [unknown], readings: blind(late), waitOver: true };
    expect(what(at(capture({ ...facts, kind: 'order-management.merchant-references' }), late + SECOND))).toBe('read');
    expect(what(at(capture({ ...facts, kind: 'order-management.extend-authorization' }), late + SECOND))).toBe('send');
  });
});

describe('create order', () => {
  it('repeats the same bytes while a caller waits, and only finds out afterwards', () => {
    const facts = order({ attempts: [attempt(1, 'unknown')] });
    expect(what(at(facts, 2 * SECOND))).toBe('send');
    expect(what(at({ ...facts, waitOver: true }, 2 * SECOND))).toBe('read');
  });

  it('waits out an attempt whose process died', () => {
    const facts = order({ attempts: [attempt(1, null)] });
    expect(at(facts, 2 * SECOND)).toEqual({ do: 'send', notBefore: SECOND + TIMING.providerTimeoutMs, generation: 1 });
  });

  it('is sent without a caller only to learn the id of an order that exists', () => {
    const facts = order({ waitOver: true, attempts: [attempt(1, 'unknown')] });
    expect(what(at({ ...facts, readings: [reading(5 * SECOND, 'placed')] }, 6 * SECOND))).toBe('send');
  });

  it('asks a person when the order exists and its id is not to be had', () => {
    const attempts = [attempt(1, 'unknown'), attempt(9, 'rejected')];
    expect(at(order({ waitOver: true, attempts, readings: [reading(5 * SECOND, 'placed')] }), 10 * SECOND)).toEqual({
      do: 'settle',
      state: 'manual',
      reason: 'placed-without-id',
    });
  });

  it('is abandoned when the order is absent, and when nothing was sent before the wait ended', () => {
    const quiet = SECOND + 100 + TIMING.quietMs;
    const readings = [reading(quiet, 'absent'), reading(quiet + TIMING.readAgainMs, 'absent')];
    expect(what(at(order({ waitOver: true, attempts: [attempt(1, 'unknown')], readings }), quiet + HOUR))).toBe('abandoned');
    expect(what(at(order({ waitOver: true, attempts: [attempt(1, 'retry')] }), 2 * SECOND))).toBe('abandoned');
  });

  it('is found out although its caller repeats it, and is refused, every half a minute', () => {
    const attempts = [attempt(1, 'unknown'), attempt(31, 'rejected'), attempt(61, 'rejected'), attempt(91, 'rejected')];
    const quietFrom = SECOND + 100 + TIMING.quietMs;
    const waitOver = { openedAt: 90 * SECOND, waitOver: true };
    const once = order({ ...waitOver, attempts, readings: [reading(quietFrom, 'absent')] });
    expect(at(once, 92 * SECOND)).toEqual({ do: 'read', notBefore: quietFrom + TIMING.readAgainMs });
    const later = [...attempts, attempt(121, 'rejected'), attempt(151, 'rejected')];
    const readings = [reading(quietFrom, 'absent'), reading(quietFrom + TIMING.readAgainMs, 'absent')];
    expect(what(at(order({ ...waitOver, openedAt: 150 * SECOND, attempts: later, readings }), 152 * SECOND))).toBe('rejected');
  });

  it('is sent alone until the token is 50 minutes old when the caller said so, unless it was stopped', () => {
    const facts = order({ waitOver: true, sendsAlone: true, attempts: [attempt(1, 'unknown')] });
    expect(what(at(facts, TIMING.tokenSendsMs - 1))).toBe('send');
    expect(what(at(facts, TIMING.tokenSendsMs))).toBe('read');
    expect(what(at({ ...facts, stopped: true }, 2 * SECOND))).toBe('read');
  });
});

describe('what no read shows', () => {
  const quietFrom = SECOND + 100 + TIMING.quietMs;

  describe('a customer token of an authorization', () => {
    const token = (change: Partial<OperationFacts>) => order({ kind: 'payments.create-customer-token', waitOver: true, ...change });
    const unknown = [attempt(1, 'unknown')];

    it('is left open as long as a caller can ask by repeating, and then goes to a person', () => {
      const readings = [reading(5 * SECOND, 'unreadable'), reading(quietFrom, 'unreadable')];
      expect(what(at(token({ attempts: unknown, readings }), TIMING.tokenLifeMs - 1))).toBe('read');
      expect(at(token({ attempts: unknown, readings }), TIMING.tokenLifeMs)).toEqual({
        do: 'settle',
        state: 'manual',
        reason: 'not-shown',
      });
    });

    it('is looked for once more when nobody has looked since Klarna must have been done', () => {
      const readings = [reading(5 * SECOND, 'unreadable')];
      expect(what(at(token({ attempts: unknown, readings }), TIMING.tokenLifeMs))).toBe('read');
    });

    it('is not sent without a caller', () => {
      expect(what(at(token({ attempts: unknown }), 2 * SECOND))).toBe('read');
      expect(what(at(token({ attempts: unknown, waitOver: false }), 2 * SECOND))).toBe('send');
    });

    it('is refused when a refusal settles what came before it', () => {
      const attempts = [attempt(1, 'unknown'), attempt(2, 'rejected')];
      const readings = [reading(quietFrom, 'absent'), reading(quietFrom + TIMING.readAgainMs, 'absent')];
      expect(what(at(token({ attempts, readings }), quietFrom + HOUR))).toBe('rejected');
    });
  });

  describe('an order of a customer token', () => {
    const charge = (change: Partial<OperationFacts>) => capture({ kind: 'customer-token.create-order', waitOver: true, ...change });
    const garbled = (number: number) => attempt(number, 'unknown', { garbled: true });

    it('is asked for with its key, also after rubbish, as long as the provider knows that', () => {
      const attempts = [garbled(1), garbled(2), garbled(3)];
      expect(at(charge({ attempts }), 4 * SECOND)).toMatchObject({ do: 'send', generation: 1 });
      expect(what(at(charge({ attempts }), TIMING.keyCutoffMs + SECOND))).toBe('read');
      // What a read shows is read then.
      expect(what(at(capture({ attempts }), 4 * SECOND))).toBe('read');
    });

    it('goes to a person after one look in vain, never to a new key', () => {
      const late = TIMING.keyCutoffMs + SECOND;
      const facts = charge({ attempts: [attempt(1, 'unknown')], readings: [reading(late, 'unreadable')] });
      expect(at(facts, late + SECOND)).toEqual({ do: 'settle', state: 'manual', reason: 'not-shown' });
    });

    it('goes to a person when a refusal proves nothing, once the provider must have been done', () => {
      const attempts = [attempt(1, 'unknown'), attempt(2, 'rejected')];
      expect(what(at(charge({ attempts, readings: [reading(3 * SECOND, 'unreadable')] }), 4 * SECOND))).toBe('read');
      expect(what(at(charge({ attempts, readings: [reading(quietFrom, 'unreadable')] }), quietFrom + SECOND))).toBe('manual');
    });
  });
});

describe('what this order does not show, and others do', () => {
  const quietFrom = SECOND + 100 + TIMING.quietMs;
  const hidden = (startedAt: number): Reading => ({ ...reading(startedAt, 'unreadable'), notShown: true });
  const address = (change: Partial<OperationFacts>) => capture({ kind: 'order-management.customer-details', waitOver: true, ...change });
  const refused = [attempt(1, 'unknown'), attempt(2, 'rejected')];
  const manual = { do: 'settle', state: 'manual', reason: 'not-shown' };

  it('goes to a person after two looks that could not tell, as far apart as those that prove absence', () => {
    const [once, again] = [hidden(quietFrom), hidden(quietFrom + TIMING.readAgainMs)];
    const after = again.endedAt;
    expect(at(address({ attempts: refused, readings: [once, again] }), after)).toEqual(manual);
    expect(what(at(address({ attempts: refused, readings: [once] }), after))).toBe('read');
    expect(what(at(address({ attempts: refused, readings: [hidden(quietFrom - 1), again] }), after))).toBe('read');
    expect(what(at(address({ attempts: refused, readings: [once, hidden(again.startedAt - 1)] }), after))).toBe('read');
  });

  it('is read on when the provider could not be read', () => {
    const readings = [hidden(quietFrom), reading(quietFrom + TIMING.readAgainMs, 'unreadable')];
    expect(what(at(address({ attempts: refused, readings }), quietFrom + HOUR))).toBe('read');
  });

  it('is asked for with its key as long as that lives, also after rubbish', () => {
    const attempts = [attempt(1, 'unknown', { garbled: true }), attempt(2, 'unknown', { garbled: true })];
    expect(what(at(address({ attempts }), 3 * SECOND))).toBe('read');
    expect(at(address({ attempts, readings: [hidden(4 * SECOND)] }), 5 * SECOND)).toMatchObject({ do: 'send', generation: 1 });
  });
});

describe('an interactive operation', () => {
  const session = (change: Partial<OperationFacts>) => capture({ kind: 'payments.create-session', class: 'interactive', ...change });

  it('is tried while the caller waits, and never later', () => {
    const facts = session({ attempts: [attempt(1, 'unknown')] });
    expect(what(at(facts, 2 * SECOND))).toBe('send');
    expect(what(at({ ...facts, waitOver: true }, 2 * SECOND))).toBe('abandoned');
  });

  it('takes the answer to a repeat for its own, where the call sets values', () => {
    const facts = session({ attempts: [attempt(1, 'unknown'), attempt(2, 'rejected')] });
    expect(at(facts, 3 * SECOND)).toMatchObject({ state: 'rejected', attempt: { number: 2 } });
  });

  describe.each(['hosted-payment-page.create-session', 'hosted-payment-page.distribute'] as const)('that does harm twice (%s)', (kind) => {
    const never = (attempts: Attempt[]) => session({ kind, attempts });

    it.each(['unknown', null] as const)(
      'ends in doubt with the first attempt that may have happened (%s), also while its caller waits',
      (outcome) => {
        expect(at(never([attempt(1, outcome)]), 2 * SECOND)).toEqual({ do: 'settle', state: 'abandoned', reason: 'in-doubt' });
        expect(at({ ...never([attempt(1, outcome)]), stopped: true }, 2 * SECOND)).toMatchObject({ reason: 'in-doubt' });
      },
    );

    it('is sent again while it certainly did not happen, and its caller waits', () => {
      expect(what(at(never([attempt(1, 'retry')]), 2 * SECOND))).toBe('send');
      expect(at({ ...never([attempt(1, 'retry')]), waitOver: true }, 2 * SECOND)).toMatchObject({
        state: 'abandoned',
        reason: 'wait-over',
      });
    });

    it('succeeds whenever a success arrives', () => {
      expect(what(at(never([attempt(1, 'succeeded')]), 2 * SECOND))).toBe('succeeded');
    });
  });

  describe.each(['hosted-payment-page.disable-session', 'checkout.update-order', 'checkout.abort-order'] as const)(
    'whose repeat may be refused because of its own success (%s)',
    (kind) => {
      const change = (more: Partial<OperationFacts>) => session({ kind, ...more });
      const refused = [attempt(1, 'unknown'), attempt(2, 'rejected')];

      it('is repeated, and looked into before the refusal of a repeat is believed', () => {
        expect(what(at(change({ attempts: [attempt(1, 'unknown')] }), 2 * SECOND))).toBe('send');
        expect(at(change({ attempts: refused }), 3 * SECOND)).toEqual({ do: 'read', notBefore: 3 * SECOND });
        expect(what(at(change({ attempts: [attempt(1, 'retry'), attempt(2, 'rejected')] }), 3 * SECOND))).toBe('rejected');
      });

      it('is decided by a look after the refusal, and by no older one', () => {
        const looked = (...readings: Reading[]) => what(at(change({ attempts: refused, readings }), 4 * SECOND));
        expect(looked(reading(3 * SECOND, 'present'))).toBe('succeeded');
        expect(looked(reading(3 * SECOND, 'absent'))).toBe('rejected');
        expect(looked(reading(1.5 * SECOND, 'absent'))).toBe('read');
        expect(looked(reading(3 * SECOND, 'unreadable'))).toBe('read');
      });

      it('is given up when nothing could be seen before its caller left', () => {
        const facts = change({ attempts: refused, readings: [reading(3 * SECOND, 'unreadable')], waitOver: true });
        expect(at(facts, 4 * SECOND)).toMatchObject({ state: 'abandoned', reason: 'wait-over' });
      });
    },
  );
});
