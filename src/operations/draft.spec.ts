import { describe, expect, it } from '@jest/globals';
import { SealedEnvelope } from '../persistence/sealed-envelope.js';
import { Drafts } from './draft.js';
import { OperationRecords } from './record.js';
import type { OperationRequest } from './request.js';

const envelope = new SealedEnvelope(Buffer.alloc(32, 1));
const drafts = new Drafts(envelope, new OperationRecords(envelope));

type Asked = Pick<OperationRequest, 'kind' | 'target' | 'body'>;
const asked: Asked = {
  kind: 'order-management.capture',
  target: { orderId: 'o-1' },
  body: Buffer.from('{"captured_amount":100,"reference":"a"}'),
};
const fingerprint = (change: Partial<Asked> = {}) => drafts.fingerprint({ ...asked, ...change }).toString('hex');
const body = (text: string) => ({ body: Buffer.from(text) });

describe('the fingerprint of a request', () => {
  it('is the same for the same members in another order, other spacing, and parameters named in another order', () => {
    expect(fingerprint(body('{ "reference" : "\\u0061",\n "captured_amount" : 100 }'))).toBe(fingerprint());
    const [one, two] = [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ].map((target) => fingerprint({ target }));
    expect(one).toBe(two);
  });

  it.each<[string, Partial<Asked>]>([
    ['another method or route', { kind: 'order-management.refund' }],
    ['another path parameter', { target: { orderId: 'o-2' } }],
    ['another name of a path parameter', { target: { order: 'o-1' } }],
    ['another amount', body('{"captured_amount":101,"reference":"a"}')],
    ['another literal of the same number', body('{"captured_amount":100.0,"reference":"a"}')],
    ['an exponent', body('{"captured_amount":1e2,"reference":"a"}')],
    ['a member more', body('{"captured_amount":100,"reference":"a","x":null}')],
    ['a member less', body('{"captured_amount":100}')],
    ['no body', { body: null }],
    ['an empty object', body('{}')],
  ])('is another one for %s', (_, change) => {
    expect(fingerprint(change)).not.toBe(fingerprint());
  });

  it('is an HMAC: who has not the key can not make it from the request', () => {
    const elsewhere = new SealedEnvelope(Buffer.alloc(32, 2));
    const other = new Drafts(elsewhere, new OperationRecords(elsewhere));
    expect(other.fingerprint(asked).toString('hex')).not.toBe(fingerprint());
    expect(fingerprint()).toHaveLength(64);
  });
});
