import { expect, it } from '@jest/globals';
import { WRITES } from '../support/fault-writes.js';
import { testGateway } from '../support/gateway.js';
import { klarnaOperations } from '../support/klarna-operations.js';

/** Whether a path is one of a route's: a parameter is one segment. */
const isOf = (route: string, path: string) => new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);

it("every write of Klarna's is in the table of faults, once", async () => {
  const gateway = await testGateway();
  const writes = (await klarnaOperations(gateway)).filter(({ method }) => method !== 'GET');
  const played: string[] = [];
  for (const [index, write] of WRITES.entries()) {
    const { method, path } = await write.prepare(gateway, 20_000 + index * 500);
    const of = writes.filter((each) => each.method === method && isOf(each.route, path)).map(({ name }) => name);
    expect([write.name, of]).toEqual([write.name, [expect.any(String)]]);
    played.push(...of);
  }
  await gateway.close();
  expect(played.sort()).toEqual(writes.map(({ name }) => name).sort());
  expect(writes).toHaveLength(26);
});
