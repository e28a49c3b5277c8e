import { describe, expect, it } from '@jest/globals';
import type { LaneRole } from './kinds.js';
import { type Coverage, type LanePeer, turnOf } from './lanes.js';

const ROLES: readonly LaneRole[] = ['capture', 'refund', 'authorization-update', 'release', 'cancel', 'cart'];

/** What the design says, cell by cell: does `mine` wait for an unfinished, sent one `ahead` of it? */
const EXPECTED: Record<LaneRole, Record<LaneRole, boolean>> = {
  capture: { capture: true, refund: false, 'authorization-update': true, release: true, cancel: true, cart: false },
  refund: { capture: true, refund: true, 'authorization-update': false, release: false, cancel: false, cart: false },
  'authorization-update': { capture: true, refund: true, 'authorization-update': true, release: true, cancel: true, cart: false },
  release: { capture: true, refund: true, 'authorization-update': true, release: true, cancel: true, cart: false },
  cancel: { capture: true, refund: true, 'authorization-update': true, release: true, cancel: true, cart: false },
  cart: { capture: false, refund: false, 'authorization-update': false, release: false, cancel: false, cart: true },
};

const peer = (role: LaneRole, change: Partial<LanePeer> = {}): LanePeer => ({
  id: `ahead-${role}`,
  role,
  position: 1,
  state: 'running',
  neverSent: false,
  begun: true,
  heldBack: false,
  ...change,
});
const mine = (role: LaneRole, amount: number | null = 500) => ({ id: 'mine', role, position: 9, amount });
const uncovered: Coverage = { capturedAmount: 0, refundedAmount: 0 };

describe('turnOf', () => {
  for (const role of ROLES) {
    for (const ahead of ROLES) {
      it(`${EXPECTED[role][ahead] ? 'makes' : 'does not make'} a ${role} wait for a sent ${ahead}`, () => {
        const turn = turnOf(mine(role), [peer(ahead)], uncovered);
        expect(turn.blockedBy?.role ?? null).toBe(EXPECTED[role][ahead] ? ahead : null);
        expect(turn.overtaken).toEqual([]);
      });

      it(`lets a manual ${ahead} block a ${role} ${role === ahead ? 'of its own kind' : 'never'}`, () => {
        const turn = turnOf(mine(role), [peer(ahead, { state: 'manual' })], uncovered);
        expect(turn.blockedBy !== null).toBe(role === ahead && EXPECTED[role][ahead]);
      });
    }
  }

  it('lets nothing wait for what was accepted after it', () => {
    for (const role of ROLES) {
      expect(turnOf({ ...mine(role), position: 1 }, [peer('cancel', { position: 2 })], uncovered).blockedBy).toBeNull();
    }
  });

  describe('with a capture that is held back', () => {
    const held = peer('capture', { id: 'held', position: 1, state: 'accepted', neverSent: true, begun: false, heldBack: true });
    const behind = { ...held, id: 'behind', position: 2, heldBack: false };

    it('lets a new authorization pass it, and captures that wait behind it', () => {
      expect(turnOf(mine('authorization-update'), [held, behind], null)).toEqual({ blockedBy: null, overtaken: [] });
    });

    it('makes a new authorization wait for captures that are not held back, or have begun', () => {
      expect(turnOf(mine('authorization-update'), [{ ...held, heldBack: false }], null).blockedBy?.id).toBe('held');
      expect(turnOf(mine('authorization-update'), [{ ...held, begun: true }], null).blockedBy?.id).toBe('held');
      const before = { ...behind, id: 'before', position: 0 };
      expect(turnOf(mine('authorization-update'), [before, held], null).blockedBy?.id).toBe('before');
    });

    it('makes a release, a refund and another capture wait for it', () => {
      for (const role of ['release', 'refund', 'capture'] as const) expect(turnOf(mine(role), [held], null).blockedBy?.id).toBe('held');
    });

    it('makes a capture wait for what went past it, and for nothing else that was accepted after it', () => {
      const capture = { ...mine('capture'), position: 3 };
      const passing = peer('authorization-update', { id: 'passing', position: 4, neverSent: true });
      expect(turnOf(capture, [passing], null).blockedBy?.id).toBe('passing');
      expect(turnOf(capture, [{ ...passing, begun: false }], null).blockedBy).toBeNull();
      for (const role of ['release', 'capture', 'cancel'] as const) {
        expect(turnOf(capture, [peer(role, { position: 4 })], null).blockedBy).toBeNull();
      }
    });
  });

  it('never makes an operation wait for itself', () => {
    expect(turnOf(mine('capture'), [peer('capture', { id: 'mine' })], null).blockedBy).toBeNull();
  });

  it('lets a cancel overtake captures that were never sent, and wait for one that was', () => {
    const waiting = peer('capture', { id: 'b', position: 2, neverSent: true, state: 'accepted' });
    const sent = peer('capture', { id: 'a', position: 1 });
    expect(turnOf(mine('cancel'), [waiting, sent], null)).toEqual({ blockedBy: sent, overtaken: [waiting] });
    expect(turnOf(mine('cancel'), [waiting], null)).toEqual({ blockedBy: null, overtaken: [waiting] });
  });

  it('makes a release wait for captures that were never sent', () => {
    expect(turnOf(mine('release'), [peer('capture', { neverSent: true })], null).blockedBy).not.toBeNull();
  });

  it('lets a refund go when confirmed captures cover it, to the unit', () => {
    const covered: Coverage = { capturedAmount: 800, refundedAmount: 300 };
    expect(turnOf(mine('refund', 500), [peer('capture')], covered).blockedBy).toBeNull();
    expect(turnOf(mine('refund', 501), [peer('capture')], covered).blockedBy).not.toBeNull();
  });

  it('makes a refund wait for a capture when the order is not known here', () => {
    expect(turnOf(mine('refund'), [peer('capture')], null).blockedBy).not.toBeNull();
  });

  it('names the operation that is longest ahead', () => {
    const turn = turnOf(
      mine('capture'),
      [peer('capture', { id: 'late', position: 5 }), peer('cancel', { id: 'early', position: 2 })],
      null,
    );
    expect(turn.blockedBy?.id).toBe('early');
  });
});
