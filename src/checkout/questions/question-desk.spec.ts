import { expect, it } from '@jest/globals';
import { QuestionDesk } from './question-desk.js';

it('answers within its budget when Postgres is slower than that', async () => {
  const count = { inc: () => undefined, observe: () => undefined };
  const desk = new QuestionDesk(
    {} as never,
    { templateOf: () => 'https://shop.example/validate' } as never,
    { restored: () => new Promise(() => undefined) } as never,
    { add: () => undefined } as never,
    { now: () => new Date() } as never,
    { questionBudgetMs: 50, questionFallback: 'deny' } as never,
    { raise: () => undefined } as never,
    { counter: () => count, duration: () => count } as never,
  );
  const hook = { entry: 'validation', id: 'h', merchantId: 'm', providerAccountId: 'a' } as never;
  expect((await desk.answer({ hook, providerOrderId: null, body: Buffer.from('{}') })).status).toBe(400);
}, 2_000);
