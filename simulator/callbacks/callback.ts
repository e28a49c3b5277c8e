export type CallbackKind = 'authorization' | 'push' | 'checkout_push' | 'notification' | 'status_update';

export interface CallbackAttempt {
  /** Virtual time. */
  at: number;
  status: number | null;
  error: string | null;
  /** Sent because a test said so: outside of the schedule, which goes on as if it had not been. */
  on_command?: true;
}

/** Why a callback is not sent by itself: it got lost on the way, or it is held back until it is released. */
export type Withheld = 'lost' | 'held';

/** One callback with its attempts: a row of the store. */
export interface Callback {
  callback_id: string;
  kind: CallbackKind;
  url: string;
  /** JSON text, or empty: Klarna's push has no body. */
  body: string;
  /** The payment session's; of a `status_update` the hosted page's; null for orders that came from somewhere else. */
  session_id: string | null;
  order_id: string | null;
  /** Virtual time for which the first attempt was planned; schedules count from here. */
  first_at: number;
  next_at: number | null;
  attempts: CallbackAttempt[];
  withheld?: Withheld | undefined;
  /** The callback that this one repeats, with a schedule of its own. */
  double_of?: string;
}
