import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { TestPermits } from '../../test/support/permits.js';
import { Alerts } from '../telemetry/alerts.js';
import { Care, type CareLimits } from './care.js';
import type { KlarnaCall, KlarnaExchange } from './exchange.js';

const LIMITS: CareLimits = { windowMs: 10_000, calls: 20, restMs: 5_000, floorPerSecond: 1 };
const CAPTURE = { by: 'caller', method: 'POST', path: '/ordermanagement/v1/orders/o/captures' } as const;
const REPEAT = { ...CAPTURE, by: 'service' } as const;
const READ = { by: 'service', method: 'GET', path: '/ordermanagement/v1/orders/o' } as const;
const SESSION = { by: 'caller', method: 'POST', path: '/payments/v1/sessions' } as const;
const ORDER = { by: 'caller', method: 'POST', path: '/payments/v1/authorizations/t/order' } as const;
type Call = Pick<KlarnaCall, 'by' | 'method' | 'path'>;

const answer = (status: number, headers: Record<string, string> = {}, body = ''): KlarnaExchange => ({
  ...{ kind: 'answer', status, headers, correlationId: null, body: Buffer.from(body) },
});
const OK = answer(201);
const SICK = answer(503);

describe('Care', () => {
  let permits: TestPermits;
  let alerts: Alerts;
  let care: Care;
  let well: string[];
  beforeEach(() => {
    jest.useFakeTimers();
    Logger.overrideLogger(false);
    make();
  });
  afterEach(() => {
    jest.useRealTimers();
    Logger.overrideLogger(new ConsoleLogger());
  });

  function make(limits: Partial<CareLimits> = {}): void {
    permits = new TestPermits();
    alerts = new Alerts();
    care = new Care({ ...LIMITS, ...limits }, alerts, permits, () => Date.now());
    well = [];
    care.onWell((accountId) => well.push(accountId));
  }

  /** One call, as the transport makes it. @returns what came of it, and whether it was made */
  async function call(exchange: KlarnaExchange | Promise<KlarnaExchange>, what: Call = CAPTURE, account = 'a') {
    let sent = false;
    const held = await care.admit(account, what);
    const result =
      held ??
      (await care.run(account, what, () => {
        sent = true;
        return Promise.resolve(exchange);
      }));
    return {
      sent,
      result,
      code: result.kind === 'answer' ? null : result.code,
      ms: result.kind === 'not-sent' ? (result.withheldMs ?? null) : null,
    };
  }
  async function times(count: number, exchange: KlarnaExchange, what: Call = CAPTURE): Promise<void> {
    for (let made = 0; made < count; made += 1) expect((await call(exchange, what)).sent).toBe(true);
  }

  describe('the breaker', () => {
    it('opens when half of enough calls failed, for one account and API alone, with one alert', async () => {
      await times(10, OK);
      await times(9, SICK);
      expect(alerts.count('provider.sick')).toBe(0);
      await times(1, SICK);
      expect(alerts.count('provider.sick')).toBe(1);
      expect(await call(OK)).toMatchObject({ sent: false, code: 'BREAKER_OPEN', ms: 5_000 });
      expect(await call(OK, ORDER)).toMatchObject({ sent: true });
      expect(await call(OK, CAPTURE, 'b')).toMatchObject({ sent: true });
    });

    it.each<[string, KlarnaExchange]>([
      ['a refusal', answer(403)],
      ['an order that is not there', answer(404)],
      ['a conflict', answer(409)],
      ['refused credentials', answer(401)],
      ['a rate limit without a time', answer(408)],
      ['a call that was withheld at the last moment', { kind: 'not-sent', code: 'NOT_SENT', reason: 'r' }],
    ])('does not take %s for a failure', async (_, exchange) => {
      await times(40, exchange);
      expect((await call(OK)).sent).toBe(true);
    });

    it.each<[string, KlarnaExchange]>([
      ['no answer', { kind: 'no-answer', code: 'TIMEOUT', reason: 'r' }],
      ['a refused connection', { kind: 'not-sent', code: 'ECONNREFUSED', reason: 'r' }],
      ['a 500', answer(500)],
    ])('takes %s for a failure', async (_, exchange) => {
      await times(20, exchange);
      expect(await call(OK)).toMatchObject({ sent: false, code: 'BREAKER_OPEN' });
    });

    it('stays closed for a handful of failures, and for many that are far apart', async () => {
      await times(19, SICK);
      for (let round = 0; round < 20; round += 1) {
        jest.advanceTimersByTime(60_000);
        await times(3, SICK);
      }
      expect((await call(OK)).sent).toBe(true);
    });

    it('lets exactly one probe go when it has rested, and closes when it succeeds', async () => {
      await times(20, SICK);
      jest.advanceTimersByTime(4_999);
      expect(await call(OK)).toMatchObject({ sent: false, ms: 1 });
      jest.advanceTimersByTime(1);
      let answerProbe = (_: KlarnaExchange): void => undefined;
      const probe = call(new Promise((resolve) => (answerProbe = resolve)));
      const others = await Promise.all([call(OK), call(OK), call(OK, READ)]);
      expect(others.map(({ sent, code }) => [sent, code])).toEqual(others.map(() => [false, 'BREAKER_OPEN']));
      expect(well).toEqual([]);
      answerProbe(OK);
      expect((await probe).sent).toBe(true);
      expect(well).toEqual(['a']);
      // What failed before counts no more.
      await times(18, SICK);
      await times(1, OK);
    });

    it('rests again after a probe that failed, without another alert', async () => {
      await times(20, SICK);
      for (let probes = 0; probes < 3; probes += 1) {
        jest.advanceTimersByTime(5_000);
        expect((await call(SICK)).sent).toBe(true);
        expect((await call(OK)).sent).toBe(false);
      }
      expect(alerts.count('provider.sick')).toBe(1);
    });

    it('is not closed by a probe that was withheld at the last moment', async () => {
      await times(20, SICK);
      jest.advanceTimersByTime(5_000);
      await call({ kind: 'not-sent', code: 'NOT_SENT', reason: 'r' });
      expect(await call(OK)).toMatchObject({ sent: false, code: 'BREAKER_OPEN' });
    });

    it('wakes nobody while the account is refused: only when something went well', async () => {
      await times(20, SICK);
      jest.advanceTimersByTime(5_000);
      expect((await call(answer(401))).sent).toBe(true);
      expect(well).toEqual([]);
      await call(OK, READ);
      await call(OK, READ);
      expect(well).toEqual(['a']);
    });
  });

  describe('the retry budget', () => {
    it('costs nothing while Klarna is well', async () => {
      await times(5, OK, REPEAT);
      await times(11, OK);
      await times(1, SICK);
      await times(5, OK, REPEAT);
      expect(permits.reported).toEqual([]);
    });

    it('is for what the service does by itself, while a tenth of the calls fail; what callers sent meanwhile is reported', async () => {
      await times(8, OK);
      await times(2, SICK);
      permits.left = 1;
      await times(1, OK, REPEAT);
      await times(7, SICK);
      expect(await call(OK, REPEAT)).toMatchObject({ sent: false, code: 'RETRY_BUDGET', ms: 1_000 });
      expect(permits.reported).toEqual([1, 7]);
      await times(1, OK);
    });

    it('is not asked again for a moment, and puts off each who asks a little longer', async () => {
      await times(3, SICK);
      permits.left = 0;
      const waits = [await call(OK, REPEAT), await call(OK, READ), await call(OK, REPEAT)].map(({ ms }) => ms);
      expect(waits).toEqual([1_000, 2_000, 3_000]);
      expect(care.putOffMs('a', 'order-management', 'service')).toBe(4_000);
      expect(care.putOffMs('a', 'order-management', 'caller')).toBe(0);
      expect(care.putOffMs('a', 'payments', 'service')).toBe(0);
      expect(permits.reported).toHaveLength(1);
      jest.advanceTimersByTime(1_000);
      expect(care.putOffMs('a', 'order-management', 'service')).toBe(0);
      permits.left = 1;
      await times(1, OK, REPEAT);
    });

    it('tells a few failures from many', async () => {
      await times(30, OK);
      await times(9, SICK);
      expect(care.isFailing('a', 'order-management')).toBe(false);
      await times(1, SICK);
      expect(care.isFailing('a', 'order-management')).toBe(true);
      jest.advanceTimersByTime(11_000);
      expect(care.isFailing('a', 'order-management')).toBe(false);
    });

    it('puts nobody off by more than a minute', async () => {
      await times(3, SICK);
      permits.left = 0;
      const waits: (number | null)[] = [];
      for (let asked = 0; asked < 100; asked += 1) waits.push((await call(OK, REPEAT)).ms);
      expect(Math.max(...waits.map(Number))).toBe(61_000);
    });

    it('is needed, too, while another process sees failures, which is asked once a second', async () => {
      permits.sickElsewhere = true;
      permits.left = 1;
      await times(1, OK, REPEAT);
      expect((await call(OK, REPEAT)).code).toBe('RETRY_BUDGET');
      await times(20, OK);
      expect(permits.looks).toBe(1);
      permits.sickElsewhere = false;
      jest.advanceTimersByTime(1_000);
      await times(10, OK, REPEAT);
      expect(permits.looks).toBe(2);
    });

    it('is still needed when a breaker has just closed: what it wakes comes bit by bit', async () => {
      await times(20, SICK);
      jest.advanceTimersByTime(5_000);
      await times(1, OK);
      permits.left = 0;
      expect((await call(OK, REPEAT)).code).toBe('RETRY_BUDGET');
      await times(1, OK);
      jest.advanceTimersByTime(10_000);
      await times(1, OK, REPEAT);
    });

    it('is not needed any more when failures are long ago', async () => {
      await times(3, SICK);
      jest.advanceTimersByTime(11_000);
      permits.left = 0;
      await times(3, OK, REPEAT);
    });
  });

  describe('rate limits', () => {
    it.each<[string, KlarnaExchange, number]>([
      ['a 429 with a reset', answer(429, { 'x-ratelimit-reset': '3' }), 3_000],
      ['a 429 with Retry-After', answer(429, { 'retry-after': '7', 'x-ratelimit-reset': '1' }), 7_000],
      ['a 429 without a time', answer(429), 1_000],
      ['a success that used the limit up', answer(201, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }), 1_000],
      ['the same in another spelling', answer(201, { 'x-ratelimit-remaining': '0, 0;w=1', 'x-ratelimit-reset': '2' }), 2_000],
      ['a 503 with Retry-After', answer(503, { 'retry-after': '30' }), 30_000],
      ['a 503 with a date', answer(503, { 'retry-after': 'Wed, 21 Oct 2026 07:28:10 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }), 10_000],
      ['somebody who asks for an hour', answer(429, { 'retry-after': '3600' }), 60_000],
    ])('%s holds callers and service', async (_, exchange, ms) => {
      await times(1, exchange);
      expect(await call(OK)).toMatchObject({ sent: false, code: 'RATE_LIMITED', ms });
      expect(await call(OK, REPEAT)).toMatchObject({ sent: false, code: 'RATE_LIMITED' });
      expect(care.putOffMs('a', 'order-management', 'caller')).toBeGreaterThanOrEqual(ms);
      jest.advanceTimersByTime(ms);
      await times(1, OK);
    });

    it.each<[string, KlarnaExchange]>([
      ['a success with some left', answer(201, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '1' })],
      ['an empty header', answer(201, { 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '1' })],
      ['a 503 without Retry-After', answer(503, { 'x-ratelimit-reset': '1' })],
      ['a refusal', answer(403, { 'retry-after': '9' })],
    ])('%s holds nobody', async (_, exchange) => {
      await times(2, exchange);
    });

    it("are the category's: sessions have their own, the rest of all APIs shares one", async () => {
      await times(1, answer(429, { 'x-ratelimit-reset': '5' }), SESSION);
      expect((await call(OK, SESSION)).code).toBe('RATE_LIMITED');
      await times(1, answer(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2' }), ORDER);
      expect((await call(OK)).code).toBe('RATE_LIMITED');
      expect((await call(OK, CAPTURE, 'b')).sent).toBe(true);
      jest.advanceTimersByTime(2_000);
      await times(1, OK);
      expect((await call(OK, SESSION)).code).toBe('RATE_LIMITED');
    });
  });
});
