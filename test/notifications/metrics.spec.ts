import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { rowsOf } from '../support/scene.js';

let gateway: TestGateway;
beforeAll(async () => {
  // An api: nobody takes what is due.
  gateway = await testGateway({ env: { ROLE: 'api' } });
});
afterAll(() => gateway.close());

it('shows what waits: messages, resting receivers, callbacks; without credentials and without a word of a merchant', async () => {
  const figures = async () => {
    const response = await fetch(`${gateway.url}/metrics`);
    expect(response.status).toBe(200);
    const text = await response.text();
    const of = (name: string) => Number(new RegExp(`^gateway_${name} (\\S+)$`, 'm').exec(text)?.[1]);
    return {
      text,
      due: of('deliveries_due'),
      overdue: of('deliveries_overdue'),
      oldest: of('deliveries_oldest_seconds'),
      resting: of('receivers_resting'),
      callbacks: of('callbacks_waiting'),
    };
  };
  expect(await figures()).toMatchObject({ due: 0, overdue: 0, oldest: 0, resting: 0, callbacks: 0 });
  const receiver = `secret-shop-${randomUUID()}`;
  await rowsOf(
    gateway.database,
    `INSERT INTO deliveries (id, merchant_id, receiver, message_id, method, state, attempts, next_at, fence, give_up_at, created_at)
     SELECT gen_random_uuid(), m.id, $1, 'm', 'POST', state, 0, at, 0, now() + interval '7 days', now()
     FROM (SELECT id FROM merchants LIMIT 1) m,
       (VALUES ('due', now() - interval '90 seconds'), ('due', now() + interval '1 hour'), ('delivered', NULL)) AS d (state, at)`,
    [receiver],
  );
  await rowsOf(
    gateway.database,
    `INSERT INTO receivers (key, merchant_id, failures, failing_since, rests_until)
     SELECT $1, id, 3, now(), now() + interval '1 hour' FROM merchants LIMIT 1`,
    [receiver],
  );
  const now = await figures();
  expect(now).toMatchObject({ due: 2, overdue: 1, resting: 1, callbacks: 0 });
  expect(now.oldest).toBeGreaterThanOrEqual(90);
  expect(now.text).not.toContain('secret-shop');
});
