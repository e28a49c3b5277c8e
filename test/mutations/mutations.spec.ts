import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ApiDocument, Schema } from '../support/api-document.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { type KlarnaOperation, klarnaOperationsIn } from '../support/klarna-operations.js';
import { lastSequence, rowsOf } from '../support/scene.js';
import { anyRaw, mutated, told, UNKNOWN } from './mutation.js';
import { breaks, type Field, fieldsIn, isWithin, written } from './schema.js';

const runs = Number(process.env['MUTATION_RUNS'] ?? 60);
const seed = process.env['MUTATION_SEED'] === undefined ? Date.now() % 2 ** 31 : Number(process.env['MUTATION_SEED']);

/** A Klarna that is slow, because the machine is, is not what this is about. */
const PATIENT = { KLARNA_TIMEOUT_MS: '60000', ANSWER_WAIT_MS: '60000' };

interface Sent {
  sequence: number;
  method: string;
  path: string;
  body_base64: string | null;
}

const times = `${runs} of each operation (MUTATION_SEED=${seed} replays them)`;

describe.each(['enforce', 'report'])(`a valid body with one mutated field, API_LIMITS=%s, ${times}`, (limits) => {
  let gateway: TestGateway;
  let document: ApiDocument;
  /** Those that take a body, with bodies that work. */
  let operations: { operation: KlarnaOperation; schema: Schema; examples: unknown[] }[];
  /** The newest request at Klarna that has been looked at. */
  let since = 0;
  beforeAll(async () => {
    gateway = await testGateway({ env: { ...PATIENT, API_LIMITS: limits } });
    document = (await gateway.get('/docs-json')).json as ApiDocument;
    operations = klarnaOperationsIn(document).flatMap((operation) => {
      const { body } = operation;
      return body === undefined ? [] : [{ operation, schema: body.schema, examples: Object.values(body.examples) }];
    });
    since = await lastSequence(gateway);
  });
  afterAll(() => gateway.close());

  const stored = async () => (await rowsOf<{ count: number }>(gateway.database, 'SELECT count(*)::int AS count FROM operations'))[0]?.count;

  /** Sends one body. @returns Klarna's or our answer, what reached Klarna, and how many operations it left */
  async function send(method: string, path: string, body: string) {
    const before = await stored();
    const answer = await gateway.call(method, path, { body });
    const { requests } = (await gateway.simulate('GET', `/simulator/ledger/requests?since=${since}&full=true`)) as { requests: Sent[] };
    since = requests.at(-1)?.sequence ?? since;
    const sent = requests.filter((each) => each.method === method && each.path === path);
    return { answer, sent, made: ((await stored()) ?? 0) - (before ?? 0) };
  }

  async function holds(
    { method, path }: KlarnaOperation,
    example: unknown,
    field: Field,
    value: Parameters<typeof mutated>[2],
  ): Promise<void> {
    const body = mutated(example, field.path, value);
    // Under ids that nobody knows: whose they are is Klarna's to say, so a body that may pass reaches it.
    const { answer, sent, made } = await send(method, path(), body.text);
    const reported = answer.headers['limits-reported'];
    expect(answer.status).toBeLessThan(500);
    if (sent.length === 0) {
      const { error_code: code, error_messages: messages } = answer.json as { error_code: string; error_messages: string[] };
      const [root, named] = [written(body.root), messages.map((message) => message.replace('Bad value: ', ''))];
      expect([answer.status, code, made, reported]).toEqual([400, 'BAD_VALUE', 0, undefined]);
      expect(named).not.toEqual([]);
      expect(named.filter((path) => !isWithin(path, root) && !isWithin(root, path))).toEqual([]);
    } else {
      expect(Buffer.from(sent[0]?.body_base64 ?? '', 'base64').toString()).toBe(body.text);
    }
    // An element that is taken out is a shorter list, and what is made for a field may need others beside it.
    const shorter = value === undefined && typeof field.path.at(-1) === 'number';
    if (!body.alone || shorter) return;
    // What the document says of the field alone is what happens to it; lists and objects have fields of their own.
    const deep = typeof value?.value === 'object' && value.value !== null;
    const broken = breaks(field, value?.value);
    if (broken === 'rule' || (broken === 'limit' && limits === 'enforce')) expect(sent).toEqual([]);
    else if (!deep) expect([sent.length > 0, reported]).toEqual([true, broken === 'limit' ? written(field.path) : undefined]);
  }

  it('is refused by the name of the field with nothing stored, or reaches Klarna to the byte; never a 500', async () => {
    for (const { operation, schema, examples } of operations) {
      const fields = [...fieldsIn(schema, document), UNKNOWN].map((field) => told(field, written(field.path)));
      const property = fc.asyncProperty(fc.constantFrom(...examples), fc.constantFrom(...fields), anyRaw, (example, field, value) =>
        holds(operation, example, field, value),
      );
      await fc.assert(property, { seed, numRuns: runs }).catch((error: unknown) => {
        throw new Error(`${operation.name}: ${(error as Error).message}`, { cause: error });
      });
    }
  }, 900_000);

  it('reaches Klarna when nothing is mutated, so that a refusal is the mutation’s', async () => {
    // All that Klarna's documents give a body; what has no example would not be tested.
    expect(operations).toHaveLength(18);
    expect(operations.filter(({ examples }) => examples.length === 0).map(({ operation }) => operation.name)).toEqual([]);
    for (const { operation, examples } of operations) {
      for (const example of examples) {
        const { name, method, path } = operation;
        const text = JSON.stringify(example);
        const { answer, sent } = await send(method, path(), text);
        expect([name, answer.headers['limits-reported']]).toEqual([name, undefined]);
        expect([name, Buffer.from(sent[0]?.body_base64 ?? '', 'base64').toString()]).toEqual([name, text]);
      }
    }
  });
});
