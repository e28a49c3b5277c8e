import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiDocument, operationsOf, type Schema } from '../support/api-document.js';
import { startGateway, type ServiceProcess } from '../support/processes.js';

interface Field {
  /** `CreateSessionRequest.order_lines`; the operation stands for a body that has no name. */
  place: string;
  name: string;
  description: string;
}

/** Less than this is a word, not a description. */
const LEAST_CHARACTERS = 10;

/** Every field of a schema, at whatever depth, once. */
function fieldsIn(schema: Schema, document: ApiDocument, owner: string, found = new Map<string, Field>()): Map<string, Field> {
  const { $ref, allOf = [], oneOf = [], items, properties = {} } = schema;
  const named = $ref?.split('/').at(-1);
  if (named !== undefined) fieldsIn(document.components.schemas[named] ?? {}, document, named, found);
  for (const part of [...allOf, ...oneOf, ...(items ? [items] : [])]) fieldsIn(part, document, owner, found);
  for (const [name, field] of Object.entries(properties)) {
    const place = `${owner}.${name}`;
    if (found.has(place)) continue;
    // What is said of the class is not said of this field.
    found.set(place, { place, name, description: field.description ?? '' });
    fieldsIn(field, document, place, found);
  }
  return found;
}

/** The built service: doc comments become descriptions when it is built. */
describe('the API document describes', () => {
  let service: ServiceProcess;
  let document: ApiDocument;
  beforeAll(async () => {
    service = await startGateway();
    document = (await (await fetch(`${service.url}/docs-json`)).json()) as ApiDocument;
  });
  afterAll(() => service.stop());

  const bodies = (of: 'requests' | 'answers'): Field[] => {
    const found = new Map<string, Field>();
    for (const { name, body, responses } of operationsOf(document)) {
      const answers = Object.values(responses).flatMap(({ content = {} }) => Object.values(content).map(({ schema }) => schema));
      for (const schema of of === 'answers' ? answers : body ? [body.schema] : []) fieldsIn(schema, document, name, found);
    }
    return [...found.values()];
  };

  it.each(['requests', 'answers'] as const)('every field of the %s, with its unit', (of) => {
    const fields = bodies(of);
    // As many as there are at the least: a walk that finds nothing proves nothing.
    expect(fields.length).toBeGreaterThan(200);
    const says = (words: RegExp) => (field: Field) => !words.test(field.description);
    const named = (names: RegExp) => fields.filter(({ name }) => names.test(name));
    const places = (found: Field[]) => found.map(({ place, description }) => `${place}: ${description}`);
    expect(places(fields.filter(({ description }) => description.trim().length < LEAST_CHARACTERS))).toEqual([]);
    expect(places(named(/(^|_)(amount|price|fee)$/).filter(says(/minor units/i)))).toEqual([]);
    expect(places(named(/^tax_rate$/).filter(says(/hundredths of a percent/i)))).toEqual([]);
    expect(places(named(/(^|_)(country|countries)$/).filter(says(/ISO 3166/)))).toEqual([]);
    expect(places(named(/(^|_)currency$/).filter(says(/ISO 4217/)))).toEqual([]);
  });
});
