import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pressedForm } from '../../simulator/test-form.js';
import { type ApiDocument, type ApiOperation, operationsOf, type Parameter } from '../support/api-document.js';
import type { Answer } from '../support/client.js';
import { docsPage, type FilledPage } from '../support/docs-page.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const OPEN = 'POST /payments/v1/sessions';
const READ = 'GET /payments/v1/sessions/{session_id}';
const PLACE = 'POST /payments/v1/authorizations/{authorizationToken}/order';
const CAPTURE = 'POST /ordermanagement/v1/orders/{order_id}/captures';
const CHECKOUT = 'POST /checkout/v3/orders';
const PAGE = 'POST /hpp/v1/sessions';
const TOKEN = 'POST /payments/v1/authorizations/{authorizationToken}/customer-token';
const CHARGE = 'POST /customer-token/v1/tokens/{customerToken}/order';
const LOOK = 'GET /operations/{id}';
const RESOLVE = 'POST /operations/{id}/resolve';

/** Also where Klarna adds up the lines of captures. */
const STRICT = { capture_line_sums: 'checked' };

describe('the page of the API document, pressed from top to bottom', () => {
  let gateway: TestGateway;
  let operations: ApiOperation[];
  let page: FilledPage;
  let groups: Map<string, string>;
  const done = new Set<string>();

  beforeAll(async () => {
    gateway = await testGateway();
    const document = (await gateway.get('/docs-json')).json as ApiDocument;
    operations = operationsOf(document);
    groups = new Map((document.tags ?? []).map(({ name, description = '' }) => [name, description]));
    const demo = { username: 'demo', password: 'demo', shopperUrl: gateway.simulatorUrl };
    page = docsPage(document, demo, `${gateway.url}/docs/start.js`, fetch);
    await gateway.behave(STRICT);
  });
  afterAll(() => gateway.close());

  const operationOf = (name: string): ApiOperation => {
    const found = operations.find((each) => each.name === name);
    if (found === undefined) throw new Error(`The document has no ${name}`);
    return found;
  };

  const examplesOf = (name: string): string[] => Object.keys(operationOf(name).body?.examples ?? {});

  /** What stands at the head of an operation's group. */
  const groupOf = (name: string): string => groups.get(operationOf(name).group) ?? '';

  /** Presses Execute, with what the page's fields hold by then, and shows the page the answer. */
  async function press(name: string, example?: string): Promise<Answer> {
    const { method, route, parameters, body: described } = operationOf(name);
    const held = (parameter: Parameter) =>
      page.field(name, parameter.name) ?? parameter.example ?? parameter.schema?.example ?? parameter.schema?.default;
    const given = (place: string) =>
      parameters.flatMap((each) => (each.in === place && held(each) !== undefined ? [[each.name, String(held(each))] as const] : []));
    const query = new URLSearchParams(Object.fromEntries(given('query'))).toString();
    const fields = Object.fromEntries(given('path'));
    const url = route.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(fields[key] ?? '')) + (query === '' ? '' : `?${query}`);
    const body = example === undefined ? undefined : (page.body(name) ?? described?.examples[example]);
    const answer = await gateway.call(method, url, { body, headers: Object.fromEntries(given('header')) });
    page.learn({ url: gateway.url + url, text: answer.text, headers: answer.headers });
    return answer;
  }

  async function work(name: string, example: string | undefined = examplesOf(name)[0]): Promise<void> {
    const answer = await press(name, example);
    expect([name, example, answer.status < 300 ? 'done' : `${answer.status} ${answer.text}`]).toEqual([name, example, 'done']);
    done.add(`${name} ${example ?? ''}`);
  }

  /** Follows the link that the page shows, and presses there what pays. */
  async function shopper(): Promise<void> {
    const link = page.shopper();
    if (link === undefined) throw new Error("The page shows no link to the shopper's page");
    const { pathname } = new URL(link);
    const { target, body } = pressedForm(await (await fetch(gateway.simulatorUrl + pathname)).text());
    const { status } = await fetch(gateway.simulatorUrl + target, { method: 'POST', body, redirect: 'manual' });
    expect([pathname, status]).toEqual([pathname, 303]);
  }

  /** Another turn: open, authorize, read; and place the order. */
  async function authorized(): Promise<void> {
    await work(OPEN);
    await shopper();
    await work(READ);
  }
  async function ordered(): Promise<void> {
    await authorized();
    await work(PLACE);
  }

  /** What the page writes of how the simulator makes an operation that is open, or `manual`. */
  async function recipe(of: RegExp): Promise<void> {
    const [said = ''] = groupOf('POST /operations/{id}/cancel')
      .split('\n\n')
      .filter((paragraph) => of.test(paragraph));
    const steps = [...said.matchAll(/`(POST) (\/simulator\/\w+)` with `(\{.*?\})`/g)];
    expect(steps).not.toEqual([]);
    for (const [, method = '', path = '', body] of steps) await gateway.simulate(method, path, body);
  }
  async function waiting(): Promise<void> {
    await ordered();
    await recipe(/^An open one/);
    expect((await press(CAPTURE, 'part')).status).toBe(202);
  }
  async function manual(): Promise<void> {
    await recipe(/^A `manual` one/);
    await authorized();
    expect((await press(PLACE, 'order')).status).toBe(503);
  }

  /** As `manual`, of a kind that Klarna takes a key for. */
  async function manualCharge(): Promise<void> {
    await recipe(/^One that may be sent again under a new key/);
    await work(OPEN, 'subscription');
    await shopper();
    await work(READ);
    await work(TOKEN);
    expect((await press(CHARGE, 'month')).status).toBe(202);
    await until('it is for a person', async () => ((await press(LOOK)).json as { state: string }).state === 'manual');
  }

  /** What is to be done before some of the operations, and how their group says so. */
  const before: Record<string, [said: RegExp, prepare: () => Promise<void>]> = {
    [READ]: [/shopper authorize BEFORE 'Read a session'/, shopper],
    'GET /checkout/v3/orders/{order_id}': [/complete the checkout BEFORE 'Read a checkout'/, shopper],
    [PAGE]: [/Open a session first/, () => work(OPEN)],
    'GET /hpp/v1/sessions/{session_id}': [/Play the shopper there, then read the page/, shopper],
    'DELETE /hpp/v1/sessions/{session_id}': [
      /The last one is for a page on which nobody has paid/,
      async () => {
        await work(OPEN);
        await work(PAGE);
      },
    ],
    'GET /notifications': [/place another order BEFORE you search/, ordered],
    'DELETE /payments/v1/authorizations/{authorizationToken}': [/open a session, authorize it, read it, then press this/, authorized],
    'POST /ordermanagement/v1/orders/{order_id}/cancel': [/open, authorize, read, place the order, then press this/, ordered],
    'POST /checkout/v3/orders/{order_id}/abort': [/End a checkout: open one, then press this/, () => work(CHECKOUT)],
    'GET /operations/{id}/explanation': [/`explanation` and `resolve` for one in the state `manual`/, manual],
    'POST /operations/{id}/cancel': [/`cancel` and `retry` are for an operation that is still open/, waiting],
    'POST /operations/{id}/retry': [/`cancel` and `retry` are for an operation that is still open/, waiting],
    [`${RESOLVE} new_key`]: [/`new_key`/, manualCharge],
    [RESOLVE]: [/`explanation` and `resolve` for one in the state `manual`/, manual],
  };

  it('does what it shows: every example of every operation', async () => {
    const examples = operations.flatMap(({ name }) =>
      (examplesOf(name).length > 0 ? examplesOf(name) : [undefined]).map((example) => [name, example] as const),
    );
    for (const [name, example] of examples) {
      await (before[`${name} ${example}`] ?? before[name])?.[1]();
      await work(name, example);
      await gateway.simulate('DELETE', '/simulator/faults');
      await gateway.simulate('DELETE', '/simulator/behaviour');
      await gateway.behave(STRICT);
    }
    expect(done.size).toBe(examples.length);
    expect(operations.length).toBeGreaterThanOrEqual(62);
  });

  it('has an example for every body', () => {
    expect(operations.filter(({ name, body }) => body !== undefined && examplesOf(name).length === 0)).toEqual([]);
  });

  it.each(Object.entries(before).map(([name, [said]]) => [name, said] as const))('says what comes before %s', (name, said) => {
    expect(groupOf(name.split(' ').slice(0, 2).join(' '))).toMatch(said);
  });
});
