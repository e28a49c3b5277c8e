import { describe, expect, it } from '@jest/globals';
import { answer, refusal } from './scene.js';
import { meaningOf } from './told.js';

describe('What an answer means', () => {
  it.each([
    [answer(201), 'success'],
    [answer(204), 'success'],
    [answer(202, { operation: 'op' }), 'announced'],
    // Klarna's own: it names no operation.
    [answer(202), 'success'],
    [refusal(409, 'OPERATION_PENDING'), 'announced'],
    [refusal(503, 'TEMPORARILY_UNAVAILABLE', { operation: 'op' }), 'announced'],
    [refusal(503, 'TEMPORARILY_UNAVAILABLE'), 'not-now'],
    [refusal(504, 'GATEWAY_TIMEOUT', { operation: 'op' }), 'not-now'],
    [refusal(502, 'PROVIDER_CREDENTIALS', { operation: 'op' }), 'not-now'],
    [refusal(500, 'INTERNAL_SERVER_ERROR'), 'not-now'],
    [refusal(409, 'OPERATION_WITHDRAWN'), 'refused'],
    [refusal(403, 'CAPTURE_NOT_ALLOWED'), 'refused'],
  ])('%j: %s', (told, meaning) => expect(meaningOf(told)).toBe(meaning));
});
