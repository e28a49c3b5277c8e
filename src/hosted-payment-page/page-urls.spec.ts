import { describe, expect, it } from '@jest/globals';
import { OperationReply } from '../operations/request.js';
import { atThisService } from './page-urls.js';

const OURS = 'https://shop.example/klarna';
const told = (body: string) => atThisService(new OperationReply(201, { 'X-Kept': '1' }, Buffer.from(body)), OURS);

describe("the URLs of Klarna's answer to a new page", () => {
  it.each([
    [
      '{ "session_id":"p", "session_url" : "https://api.klarna.com/hpp/v1/sessions/p",\n"n":1.0}',
      `{ "session_id":"p", "session_url" : "${OURS}/hpp/v1/sessions/p",\n"n":1.0}`,
    ],
    [
      '{"distribution_url":"https:\\/\\/api-na.klarna.com\\/base\\/hpp\\/v1\\/sessions\\/p\\/distribution","a":"\\u00e5"}',
      `{"distribution_url":"${OURS}/hpp/v1/sessions/p/distribution","a":"\\u00e5"}`,
    ],
    ['{"session_url":"/hpp/v1/sessions/p?x=1"}', `{"session_url":"${OURS}/hpp/v1/sessions/p?x=1"}`],
  ])('that are called with API credentials name this service: %s', (before, after) => {
    const reply = told(before);
    expect([reply.status, reply.headers, reply.body?.toString()]).toEqual([201, { 'X-Kept': '1' }, after]);
  });

  it.each([
    '{"redirect_url":"https://pay.klarna.com/eu/hpp/v1/sessions/p","qr_code_url":"https://api.klarna.com/hpp/v1/sessions/p/qr"}',
    '{"manual_identification_check_url":"https://api.klarna.com/hpp/v1/sessions/p"}',
    '{"session_url":"https://api.klarna.com/hpp/v2/sessions/p"}',
    '{"session_url":"https://api.klarna.com/hpp/v1/sessions/p/other"}',
    '{"session_url":7,"distribution_url":null}',
    '{"inside":{"session_url":"https://api.klarna.com/hpp/v1/sessions/p"}}',
    '[]',
    '<html>',
  ])('stay as they are otherwise: %s', (body) => {
    expect(told(body).body?.toString()).toBe(body);
  });

  it('are none where there is no body', () => {
    expect(atThisService(new OperationReply(202, {}, undefined), OURS).body).toBeUndefined();
  });
});
