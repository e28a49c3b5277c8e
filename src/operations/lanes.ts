import type { LaneRole } from './kinds.js';
import type { OperationState } from './operation.js';

/** An unfinished operation of the same lane. */
export interface LanePeer {
  id: string;
  role: LaneRole;
  position: number;
  state: OperationState;
  /** No attempt of it may have happened, and none is under way. */
  neverSent: boolean;
  /** It has had its turn: an attempt of it is on record, however it ended. */
  begun: boolean;
  /** It waits for something else than what is before it, and nobody works on it. */
  heldBack: boolean;
}

/** What a refund needs to know of its order; minor units. null: the order's amounts are not known here. */
export interface Coverage {
  capturedAmount: number;
  refundedAmount: number;
}

type Dependence =
  | 'waits'
  | 'free'
  /** A refund waits for a capture only while the captures that are confirmed don't cover it. */
  | 'unless-covered'
  /** A cancel overtakes a capture that was never sent, and withdraws it. */
  | 'unless-never-sent'
  /** A new authorization passes captures that have not begun and wait for the provider's decision: it takes nothing away from them. */
  | 'unless-held-back';

/** WAITS_FOR[mine][ahead]: whether an operation waits for an unfinished one that was accepted before it, or went past it, on the same order. */
export const WAITS_FOR: Record<LaneRole, Record<LaneRole, Dependence>> = {
  capture: { capture: 'waits', refund: 'free', 'authorization-update': 'waits', release: 'waits', cancel: 'waits', cart: 'free' },
  refund: { capture: 'unless-covered', refund: 'waits', 'authorization-update': 'free', release: 'free', cancel: 'free', cart: 'free' },
  'authorization-update': {
    capture: 'unless-held-back',
    refund: 'waits',
    'authorization-update': 'waits',
    release: 'waits',
    cancel: 'waits',
    cart: 'free',
  },
  release: { capture: 'waits', refund: 'waits', 'authorization-update': 'waits', release: 'waits', cancel: 'waits', cart: 'free' },
  cancel: {
    capture: 'unless-never-sent',
    refund: 'waits',
    'authorization-update': 'waits',
    release: 'waits',
    cancel: 'waits',
    cart: 'free',
  },
  // One that Klarna carries out late would set an older cart over a newer one that was confirmed.
  cart: { capture: 'free', refund: 'free', 'authorization-update': 'free', release: 'free', cancel: 'free', cart: 'waits' },
};

export interface LaneTurn {
  /** The first operation that has to be settled before; null: it is this one's turn. */
  blockedBy: LanePeer | null;
  /** Captures that a cancel overtakes; they are to be withdrawn before it is sent. */
  overtaken: LanePeer[];
}

/**
 * Whose turn it is on one order.
 * @param mine the operation that wants to be sent for the first time; `amount` in minor units
 * @param unfinished all unfinished money operations of the order, in any order, this one may be among them
 */
export function turnOf(
  mine: { id: string; role: LaneRole; position: number; amount: number | null },
  unfinished: readonly LanePeer[],
  coverage: Coverage | null,
): LaneTurn {
  const others = unfinished.filter((peer) => peer.id !== mine.id).sort((a, b) => a.position - b.position);
  const ahead = others.filter((peer) => peer.position < mine.position || hasPassed(peer, mine));
  const overtaken = ahead.filter((peer) => WAITS_FOR[mine.role][peer.role] === 'unless-never-sent' && peer.neverSent);
  const passed = ahead.filter((peer) => WAITS_FOR[mine.role][peer.role] === 'unless-held-back' && isHeldBack(peer, ahead));
  const blockedBy = ahead.find((peer) => !overtaken.includes(peer) && !passed.includes(peer) && blocks(peer, mine, coverage)) ?? null;
  return { blockedBy, overtaken };
}

/** What went past while this one was held back is before it now, until it is settled. */
function hasPassed(peer: LanePeer, mine: { role: LaneRole }): boolean {
  return peer.begun && WAITS_FOR[peer.role][mine.role] === 'unless-held-back';
}

/** Itself, or by one of its own kind that is before it. */
function isHeldBack(peer: LanePeer, ahead: readonly LanePeer[]): boolean {
  return !peer.begun && ahead.some((each) => each.role === peer.role && each.position <= peer.position && each.heldBack && !each.begun);
}

function blocks(peer: LanePeer, mine: { role: LaneRole; amount: number | null }, coverage: Coverage | null): boolean {
  // A person has to look at it, which may take days: only its own kind could repeat the same effect.
  if (peer.state === 'manual' && peer.role !== mine.role) return false;
  switch (WAITS_FOR[mine.role][peer.role]) {
    case 'waits':
    case 'unless-never-sent':
    case 'unless-held-back':
      return true;
    case 'free':
      return false;
    case 'unless-covered':
      return mine.amount === null || coverage === null || coverage.capturedAmount - coverage.refundedAmount < mine.amount;
  }
}
