import { describe, expect, it } from '@jest/globals';
import { explain, type Explanation, type ManualFacts, pageOf } from './explanation.js';
import { KIND_WORDS, REASON_WORDS } from './explanation-words.js';
import { KINDS, type OperationKind, policyOf } from './kinds.js';

const ID = '01a1fb78-ad5d-768f-854e-36c17dcb8e37';
const minute = (n: number) => new Date(Date.UTC(2026, 10, 20, 10, n));

function attempt(n: number, more: Partial<ManualFacts['attempts'][number]> = {}): ManualFacts['attempts'][number] {
  const call = { started_at: minute(n), ended_at: minute(n), generation: 1, outcome: 'unknown', garbled: false };
  return { ...call, status: null, code: 'TIMEOUT', correlation_id: null, ...more };
}

function facts(kind: string, reason: string, more: Partial<ManualFacts> = {}): ManualFacts {
  const priced = kind.endsWith('capture') || kind.endsWith('refund') || kind.endsWith('create-order');
  const keyed = kind.startsWith('order-management');
  return {
    row: {
      id: ID,
      merchant_id: 'm',
      kind,
      lane: keyed ? 'order-1' : null,
      amount: priced ? '2500' : null,
      reference: priced ? 'parcel 1' : null,
      order_currency: keyed ? 'SEK' : null,
      reason,
      created_at: minute(0),
      generation: 1,
      provider_key: keyed ? 'key-1' : null,
    },
    attempts: [attempt(0), attempt(1, { outcome: 'rejected', status: 403, code: 'NOT_ALLOWED', correlation_id: 'corr-1' })],
    readings: [],
    resolutions: [],
    ...more,
  };
}

const explained = (of: ManualFacts): Explanation => {
  const explanation = explain(of);
  if (!explanation) throw new Error('no explanation');
  return explanation;
};

/** Which reasons each kind can become `manual` for: decide.ts gives the last three of a durable one, movements alone are ambiguous. */
const REASONS: [OperationKind, string[]][] = [
  ['order-management.capture', ['ambiguous', 'absent-twice', 'unreadable']],
  ['order-management.refund', ['ambiguous', 'absent-twice', 'unreadable']],
  ['order-management.cancel', ['absent-twice', 'unreadable']],
  ['order-management.release', ['absent-twice', 'unreadable']],
  ['order-management.authorization-update', ['absent-twice', 'unreadable']],
  ['order-management.extend-authorization', ['absent-twice', 'unreadable']],
  ['order-management.acknowledge', ['absent-twice', 'not-shown']],
  ['order-management.merchant-references', ['absent-twice', 'unreadable']],
  ['order-management.customer-details', ['absent-twice', 'unreadable']],
  ['order-management.shipping-info', ['absent-twice', 'unreadable']],
  ['order-management.capture-shipping-info', ['absent-twice', 'unreadable']],
  ['order-management.send-out', ['absent-twice', 'not-shown']],
  ['order-management.extend-due-date', ['absent-twice', 'not-shown']],
  ['payments.cancel-authorization', ['absent-twice', 'unreadable']],
  ['payments.create-order', ['placed-without-id', 'unreadable']],
  ['payments.create-customer-token', ['not-shown']],
  ['customer-token.create-order', ['not-shown', 'ambiguous']],
  ['customer-token.update-status', ['absent-twice', 'unreadable']],
];

describe('the explanation of a manual operation', () => {
  it('has words for every kind that can become manual, and every reason', () => {
    const kinds = (Object.keys(KINDS) as OperationKind[]).filter((kind) => policyOf(kind).class !== 'interactive');
    expect(Object.keys(KIND_WORDS).sort()).toEqual(kinds.sort());
    expect(REASONS.map(([kind]) => kind).sort()).toEqual(kinds.sort());
    expect([...new Set(REASONS.flatMap(([, reasons]) => reasons))].sort()).toEqual(Object.keys(REASON_WORDS).sort());
  });

  describe.each(REASONS.flatMap(([kind, reasons]) => reasons.map((reason): [OperationKind, string] => [kind, reason])))(
    '%s, %s',
    (kind, reason) => {
      const explanation = explained(facts(kind, reason, { readings: [reading('unreadable', { session: 'session-1', code: 'HTTP_500' })] }));
      const page = pageOf(ID, explanation);

      it('says what is known and what is not', () => {
        expect(explanation.title).toContain(REASON_WORDS[reason]?.title);
        expect(explanation.known.join('\n')).toMatch(/2026-11-20T10:00:00.000Z: sent.*No answer \(TIMEOUT\): it may have happened/);
        expect(explanation.known.join('\n')).toMatch(/403 NOT_ALLOWED: Klarna refused.*Correlation id: corr-1/);
        expect(explanation.known.join('\n')).toMatch(/looked at Klarna; nothing could be learned \(session session-1, code HTTP_500\)/);
        expect(explanation.not_known.length).toBeGreaterThan(0);
      });

      it('says where to look, with the ids to look for', () => {
        const where = kind.startsWith('order-management')
          ? 'GET /ordermanagement/v1/orders/order-1'
          : kind.startsWith('payments')
            ? 'GET /payments/v1/sessions/session-1'
            : 'GET /customer-token/v1/tokens/';
        expect(explanation.to_do.join('\n')).toContain(where);
        expect(explanation.to_do.join('\n')).toMatch(/merchant portal/);
      });

      it('names every outcome that can be sent, with its body and its consequence', () => {
        const outcomes = explanation.outcomes.map(({ request }) => request['outcome']);
        expect(outcomes).toEqual(policyOf(kind).class === 'bounded' ? ['succeeded', 'rejected'] : ['succeeded', 'rejected', 'new_key']);
        const named = /\.(capture|refund|create-.*)$/.test(kind);
        expect(Object.hasOwn(explanation.outcomes[0]?.request ?? {}, 'provider_id')).toBe(named);
        for (const { request, consequence } of explanation.outcomes) {
          expect(request['reason']).not.toBe('');
          expect(consequence.length).toBeGreaterThan(20);
          expect(page).toContain(`POST /operations/${ID}/resolve\n    ${JSON.stringify(request)}`);
        }
      });

      it('is one page, with nothing left open', () => {
        const lines = page.split('\n');
        expect(lines.length).toBeLessThan(75);
        const prose = lines.filter((line) => !line.startsWith('    '));
        expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(110);
        expect(page).not.toMatch(/\{(order|session|thing)|undefined|null|NaN|\[object/);
      });
    },
  );

  it('names each candidate with its amount and time, and an outcome for each', () => {
    const seen = [
      { id: 'c1', amount: 2_500, at: '2026-11-20T10:02:00.000Z' },
      { id: 'c2', amount: 2_500, at: null },
    ];
    const { known, outcomes } = explained(
      facts('order-management.capture', 'ambiguous', {
        readings: [reading('ambiguous', { captured_amount: 5_000, candidates: ['c1', 'c2'], seen })],
      }),
    );
    expect(known).toEqual(
      expect.arrayContaining(['Candidate c1, 2500 minor units, made at 2026-11-20T10:02:00.000Z.', 'Candidate c2, 2500 minor units.']),
    );
    expect(known.join('\n')).toContain('more than one could be it (captured_amount 5000)');
    expect(outcomes.map(({ request }) => request['provider_id'] ?? request['outcome'])).toEqual(['c1', 'c2', 'rejected', 'new_key']);
  });

  it('tells of eighty equal sends in one line, and of keys by their generation', () => {
    const attempts = [
      ...Array.from({ length: 80 }, (_, n) => attempt(n, { correlation_id: `corr-${n}` })),
      attempt(90, { generation: 2, outcome: null, code: null }),
    ];
    const of = facts('order-management.capture', 'absent-twice', { attempts });
    const { known } = explained({ ...of, row: { ...of.row, generation: 2, provider_key: 'key-2' } });
    expect(known).toContain(
      '2026-11-20T10:00:00.000Z to 2026-11-20T11:19:00.000Z: sent 80 times under key 1. No answer (TIMEOUT): it may have happened. Correlation ids: corr-0, corr-1, ... corr-79.',
    );
    expect(known).toContain(
      '2026-11-20T11:30:00.000Z: sent under key 2 (key-2). Its process ended before an answer was written down; it may have happened.',
    );
  });

  it('stays one page when everything differs', () => {
    const attempts = Array.from({ length: 200 }, (_, n) => attempt(n, { code: `E${n}` }));
    const readings = Array.from({ length: 200 }, (_, n) => reading('absent', { shown: n }));
    const { known } = explained(facts('order-management.refund', 'absent-twice', { attempts, readings }));
    expect(known.length).toBeLessThan(30);
    expect(known).toEqual(expect.arrayContaining(['(188 more sends: see history)', '(188 more looks: see history)']));
  });

  it("says what Klarna's refusals are known to mean, also when they may mean several things", () => {
    const refused = (kind: OperationKind, code: string) =>
      explained(facts(kind, 'not-shown', { attempts: [attempt(0), attempt(1, { outcome: 'rejected', status: 403, code })] })).known.join(
        '\n',
      );
    expect(refused('customer-token.create-order', 'TOKEN_SUSPENDED')).toMatch(
      /proves nothing\. TOKEN_SUSPENDED: Klarna has suspended the token/,
    );
    expect(refused('payments.create-customer-token', 'INVALID_OPERATION')).toMatch(
      /the authorization token was used.*; or the session was/,
    );
    expect(refused('payments.create-customer-token', 'SOMETHING_NEW')).toMatch(/proves nothing\.$/);
  });

  it('repeats what a person said before', () => {
    const resolutions = [{ at: minute(30), outcome: 'new_key', reason: 'support said so' }];
    expect(explained(facts('order-management.capture', 'absent-twice', { resolutions })).known).toContain(
      'A person said new_key at 2026-11-20T10:30:00.000Z: support said so',
    );
  });

  it('says what it can of a reason that is not known, and nothing of a kind that is not', () => {
    expect(explained(facts('order-management.capture', 'something-new')).title).toContain('something-new');
    expect(explain(facts('hosted-payment-page.new', 'unreadable'))).toBeNull();
  });
});

function reading(finding: string, data: Record<string, unknown>): ManualFacts['readings'][number] {
  return { started_at: minute(20), finding, data };
}
