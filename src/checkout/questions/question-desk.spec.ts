import { expect, it } from '@jest/globals';
import { QuestionDesk } from './question-desk.js';

it.each([
  ['when Postgres is slower than that', 50, 0],
  ['of which finding the address has taken its part', 60_000, 60_000],
])(
  'answers within its budget, %s',
  async (_, questionBudgetMs, takenMs) => {
    const count = { inc: () => undefined, observe: () => undefined };
    const desk = new QuestionDesk(
      {} as never,
      { templateOf: () => 'https://shop.example/validate' } as never,
      { restored: () => new Promise(() => undefined) } as never,
      { add: () => undefined } as never,
      { now: () => new Date() } as never,
      { questionBudgetMs, questionFallback: 'deny' } as never,
      { raise: () => undefined } as never,
      { counter: () => count, duration: () => count } as never,
    );
    const hook = { entry: 'validation', id: 'h', merchantId: 'm', providerAccountId: 'a' } as never;
    const question = { hook, providerOrderId: null, body: Buffer.from('{}'), arrivedAt: performance.now() - takenMs };
    expect((await desk.answer(question)).status).toBe(400);
  },
  2_000,
);
