import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, cartOf } from '../support/client.js';
import { describeFaults } from '../support/fault-stories.js';
import { testGateway, type TestGateway } from '../support/gateway.js';
import { gateAt, lasting, operation, operationIn, requests, settled } from '../support/scene.js';

const PAGES = '/hpp/v1/sessions';

describe('a Hosted Payment Page write', () => describeFaults('hosted-payment-page'));

describe('what does harm twice', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  const pageUrl = async (): Promise<string> => {
    const { session_id: id } = (await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string };
    return `${gateway.simulatorUrl}/payments/v1/sessions/${id}`;
  };
  const page = async (): Promise<string> =>
    ((await gateway.post(PAGES, { payment_session_url: await pageUrl() })).json as { session_id: string }).session_id;
  const distribute = (id: string, prefer = 'wait=3') =>
    gateway.call('POST', `${PAGES}/${id}/distribution`, {
      body: { method: 'sms', contact_information: { phone: '0700021234', phone_country: 'SE' } },
      headers: { Prefer: prefer },
    });
  const messages = async (id: string) =>
    ((await gateway.simulate('GET', `/simulator/ledger/hosted-pages/${id}`)) as { distributions: unknown[] }).distributions.length;
  const pagesOf = async (url: string) => {
    const { hosted_pages } = (await gateway.simulate('GET', '/simulator/ledger/hosted-pages')) as {
      hosted_pages: { payment_session_id: string }[];
    };
    return hosted_pages.filter(({ payment_session_id }) => url.endsWith(payment_session_id)).length;
  };
  const said = ({ json }: Answer) => (json as { error_messages: string[] }).error_messages.join(' ');

  it.each([
    ['reset_after', 503, 1],
    ['timeout_after', 504, 1],
    ['reset_before', 503, 0],
  ])(
    'a distribution whose outcome is unknown (%s) is not repeated, also while its caller waits, and says so',
    async (kind, status, sent) => {
      const id = await page();
      await gateway.fault(kind, { method: 'POST', path: `${PAGES}/${id}/distribution` });
      const answer = await distribute(id);
      expect([answer.status, said(answer)]).toEqual([status, expect.stringContaining('may have been sent')]);
      // No leave to repeat.
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(await operation(gateway, answer)).toMatchObject({ state: 'abandoned', reason: 'in-doubt', attempts: 1 });
      expect(await messages(id)).toBe(sent);
    },
  );

  it('a page whose making got lost is not made a second time, and says so', async () => {
    const url = await pageUrl();
    await gateway.fault('reset_after', { method: 'POST', path: PAGES });
    const answer = await gateway.post(PAGES, { payment_session_url: url });
    expect([answer.status, said(answer)]).toEqual([503, expect.stringMatching(/page may have been made.*second page/)]);
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(await pagesOf(url)).toBe(1);
    // The shop decides.
    expect((await gateway.post(PAGES, { payment_session_url: url })).status).toBe(201);
  });

  it('says that it may have happened while its call is under way, and counts the answer that comes', async () => {
    const id = await page();
    const gate = await gateAt(gateway, 'after', `${PAGES}/${id}/distribution`);
    const call = distribute(id, 'wait=1');
    await gate.waiting();
    const answer = await call;
    expect([answer.status, said(answer)]).toEqual([503, expect.stringContaining('may have been sent')]);
    await gate.open();
    expect((await settled(gateway, operationIn(answer))).state).toBe('succeeded');
    expect(await messages(id)).toBe(1);
  });

  // It holds the whole account for a moment, so it comes last.
  it('is repeated while it certainly did not happen, and says so when that did not help', async () => {
    const id = await page();
    const match = { method: 'POST', path: `${PAGES}/${id}/distribution` };
    await gateway.fault('status', match, { code: 429 });
    expect((await distribute(id)).status).toBe(204);
    expect([await messages(id), (await requests(gateway, match)).length]).toEqual([1, 2]);
    const limited = await lasting(gateway, 'status', match, { code: 429 });
    const answer = await distribute(id, 'wait=1');
    await limited.end();
    expect([answer.status, said(answer)]).toEqual([503, expect.stringContaining('Nothing will be sent later; try again')]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await messages(id)).toBe(1);
  });
});

describe('disabling a page', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway();
  });
  afterAll(() => gateway.close());

  const page = async (): Promise<string> => {
    const { session_id: session } = (await gateway.post('/payments/v1/sessions', cartOf(10_000))).json as { session_id: string };
    const url = `${gateway.simulatorUrl}/payments/v1/sessions/${session}`;
    return ((await gateway.post(PAGES, { payment_session_url: url })).json as { session_id: string }).session_id;
  };

  it.each(['no_content', 'bad_request'])(
    'is not refused because of its own first attempt (disable_on_disabled: %s)',
    async (disable_on_disabled) => {
      await gateway.behave({ disable_on_disabled });
      const id = await page();
      await gateway.fault('reset_after', { method: 'DELETE', path: `${PAGES}/${id}` });
      const answer = await gateway.call('DELETE', `${PAGES}/${id}`);
      expect([answer.status, answer.body.length]).toEqual([204, 0]);
      expect((await gateway.get(`${PAGES}/${id}`)).json).toMatchObject({ status: 'DISABLED' });
      await gateway.behave({ disable_on_disabled: 'no_content' });
    },
  );

  it('is refused when the page was completed meanwhile', async () => {
    const id = await page();
    await gateway.fault('reset_before', { method: 'DELETE', path: `${PAGES}/${id}` });
    await gateway.simulate('POST', `/simulator/hosted-pages/${id}/play`, { action: 'pay' });
    const answer = await gateway.call('DELETE', `${PAGES}/${id}`);
    expect(answer.status).toBe(400);
  });
});
