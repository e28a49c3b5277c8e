/** How statements are recognized on their way to Postgres. A test looks for each in the sources. */
export const STATEMENTS = {
  /** Records an operation. */
  T1: 'INSERT INTO idempotency_keys',
  /** What only the transaction does that starts an attempt, and only the one that settles. */
  BEGIN: 'WITH attempt AS',
  T2: 'UPDATE attempts a SET ended_at',
  /** Takes up an operation to look for it. */
  LOOK: 'UPDATE operations SET fence = $2, next_at = NULL, lease_until',
  LOOKED: 'INSERT INTO readings',
  /** Keeps callbacks of Klarna's. */
  INBOX: 'INSERT INTO callbacks AS c',
  /** Takes messages that are due, and writes down what came of one. */
  DUE: 'WITH RECURSIVE known (receiver)',
  DELIVERED: 'UPDATE delivery_attempts SET duration_ms',
} as const;
