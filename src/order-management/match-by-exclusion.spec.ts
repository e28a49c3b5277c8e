import { describe, expect, it } from '@jest/globals';
import { CLOCK_SKEW_MS } from '../clock/skew.js';
import { type Known, matchByExclusion, type Shown } from './match-by-exclusion.js';

const SENT = new Date('2026-11-20T10:00:00.000Z');
const after = (ms: number) => new Date(SENT.getTime() + ms);
const wanted = { operationId: 'ours', amount: 4_000, reference: 'shipment-1', firstSentAt: SENT };
const shown = (given: Partial<Shown> = {}): Shown => ({
  providerId: 'a',
  amount: 4_000,
  reference: 'shipment-1',
  at: after(800),
  ...given,
});
const known = (given: Partial<Known> = {}): Known => ({ providerId: 'a', operationId: null, createdAt: after(900), ...given });
const ids = (found: Shown[]) => found.map(({ providerId }) => providerId);

describe('matchByExclusion', () => {
  it('finds the one capture with this amount and reference since the first send', () => {
    expect(ids(matchByExclusion(wanted, [shown()], []))).toEqual(['a']);
  });

  it('finds nothing when Klarna shows no capture', () => {
    expect(matchByExclusion(wanted, [], [known()])).toEqual([]);
  });

  it.each([
    ['another amount', shown({ amount: 4_001 })],
    ['no readable amount', shown({ amount: null })],
    ['another reference', shown({ reference: 'shipment-2' })],
    ['no reference', shown({ reference: null })],
    ['a time before the first send', shown({ at: after(-CLOCK_SKEW_MS - 1) })],
  ])('passes over a capture with %s', (_, other) => {
    expect(matchByExclusion(wanted, [other], [])).toEqual([]);
  });

  it.each([null, ''])('takes a missing reference for the missing one (%j)', (reference) => {
    const unreferenced = { ...wanted, reference };
    expect(ids(matchByExclusion(unreferenced, [shown({ reference: null })], []))).toEqual(['a']);
    expect(ids(matchByExclusion(unreferenced, [shown({ reference: '' })], []))).toEqual(['a']);
    expect(matchByExclusion(unreferenced, [shown()], [])).toEqual([]);
  });

  it('allows for a clock at Klarna that is two minutes behind', () => {
    expect(ids(matchByExclusion(wanted, [shown({ at: after(-CLOCK_SKEW_MS) })], []))).toEqual(['a']);
  });

  it('keeps a capture without a time among the candidates', () => {
    expect(ids(matchByExclusion(wanted, [shown({ at: null })], []))).toEqual(['a']);
  });

  it('passes over what belongs to another operation', () => {
    expect(matchByExclusion(wanted, [shown()], [known({ operationId: 'another' })])).toEqual([]);
  });

  it('passes over what was known before the first send, made elsewhere within the skew of the clocks', () => {
    const portal = shown({ at: after(-60_000) });
    expect(matchByExclusion(wanted, [portal], [known({ createdAt: after(-50_000) })])).toEqual([]);
  });

  it('keeps what a snapshot has stored unlinked since the first send', () => {
    expect(ids(matchByExclusion(wanted, [shown()], [known()]))).toEqual(['a']);
    expect(ids(matchByExclusion(wanted, [shown()], [known({ createdAt: SENT })]))).toEqual(['a']);
  });

  it('gives two equal captures, because nothing tells them apart', () => {
    expect(ids(matchByExclusion(wanted, [shown(), shown({ providerId: 'b' })], []))).toEqual(['a', 'b']);
  });

  it('tells two equal captures apart when one belongs to another operation', () => {
    const both = [shown(), shown({ providerId: 'b' })];
    expect(ids(matchByExclusion(wanted, both, [known({ operationId: 'another' })]))).toEqual(['b']);
  });

  it('finds what is linked to the operation already, whatever else looks like it', () => {
    const both = [shown({ amount: 1 }), shown({ providerId: 'b' })];
    expect(ids(matchByExclusion(wanted, both, [known({ operationId: 'ours', createdAt: after(-1) })]))).toEqual(['a']);
  });
});
