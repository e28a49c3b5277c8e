const FINAL = `('succeeded', 'rejected', 'abandoned', 'withdrawn')`;

/** What must never be seen, whatever died when: each query names rows that contradict each other. */
const CONTRADICTIONS: Record<string, string> = {
  'an operation is final and goes on, or has ended and is not final': `
    SELECT id FROM operations
    WHERE (state IN ${FINAL}) <> (finished_at IS NOT NULL) OR (state IN ${FINAL} AND (lease_until IS NOT NULL OR next_at IS NOT NULL))`,
  'an open operation has neither a time, nor a lease, nor somebody before it': `
    SELECT o.id FROM operations o
    WHERE state NOT IN ${FINAL} AND state <> 'manual' AND lease_until IS NULL AND next_at IS NULL
      AND NOT EXISTS (SELECT FROM operations b WHERE b.lane = o.lane AND b.position < o.position AND b.finished_at IS NULL)`,
  'a lane counts other operations than are open': `
    SELECT l.lane AS id FROM lanes l
    WHERE l.open <> (SELECT count(*) FROM operations o
                     WHERE o.provider_account_id = l.provider_account_id AND o.lane = l.lane AND o.finished_at IS NULL)`,
  'places in a lane are doubled or left out': `
    SELECT lane AS id FROM operations WHERE lane IS NOT NULL
    GROUP BY provider_account_id, lane HAVING count(DISTINCT position) <> count(*) OR max(position) <> count(*)`,
  'attempts are not numbered 1, 2, 3, or their fences fall': `
    SELECT operation_id AS id
    FROM (SELECT *, row_number() OVER w AS place, lag(fence, 1, 0) OVER w AS before FROM attempts WINDOW w AS (PARTITION BY operation_id ORDER BY number)) a
    WHERE number <> place OR fence < before`,
  'an attempt has ended without an outcome, or has one without an end': `
    SELECT operation_id AS id FROM attempts WHERE (outcome IS NULL) <> (ended_at IS NULL)`,
  'an operation has a newer attempt than it knows of': `
    SELECT o.id FROM operations o JOIN attempts a ON a.operation_id = o.id WHERE a.fence > o.fence OR a.generation > o.generation`,
  'a success has no evidence, or no answer of record': `
    SELECT o.id FROM operations o
    WHERE o.state = 'succeeded' AND (o.answer_status IS NULL OR o.answer_status >= 300
      OR NOT EXISTS (SELECT FROM attempts a WHERE a.operation_id = o.id AND a.outcome = 'succeeded')
        AND NOT EXISTS (SELECT FROM readings r WHERE r.operation_id = o.id AND r.finding = 'present'))`,
  'evidence of a success was kept, and the operation does not know': `
    SELECT o.id FROM operations o JOIN attempts a ON a.operation_id = o.id WHERE a.outcome = 'succeeded' AND o.state <> 'succeeded'`,
  'a key names another operation than the one that names it': `
    SELECT k.key AS id FROM idempotency_keys k JOIN operations o ON o.id = k.operation_id WHERE o.caller_key IS DISTINCT FROM k.key`,
  'two operations have one key': `
    SELECT caller_key AS id FROM operations WHERE caller_key IS NOT NULL AND state <> 'withdrawn' GROUP BY merchant_id, caller_key HAVING count(*) > 1`,
  'a capture is not linked to the operation that made it': movementsOf('capture'),
  'a refund is not linked to the operation that made it': movementsOf('refund'),
  'an order counts other amounts than its captures and refunds': `
    SELECT o.provider_order_id AS id FROM orders o
    WHERE o.captured_amount <> (SELECT coalesce(sum(amount), 0) FROM captures WHERE order_id = o.id)
       OR o.refunded_amount <> (SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_id = o.id)`,
  'something does not add up': `
    SELECT provider_order_id AS id FROM orders WHERE anomaly IS NOT NULL
    UNION ALL SELECT provider_capture_id FROM captures WHERE anomaly IS NOT NULL
    UNION ALL SELECT provider_refund_id FROM refunds WHERE anomaly IS NOT NULL`,
  'a timeline has a gap': `
    SELECT o.provider_order_id AS id FROM orders o LEFT JOIN timeline t ON t.order_id = o.id
    GROUP BY o.id HAVING o.timeline_sequence <> count(t.*) OR o.timeline_sequence <> coalesce(max(t.sequence), 0)`,
  'a timeline tells twice of one thing, or not at all': `
    SELECT o.id FROM operations o JOIN (VALUES
      ('order-management.capture', 'order.captured'), ('order-management.refund', 'order.refunded'), ('order-management.cancel', 'order.cancelled'),
      ('order-management.release', 'order.released'), ('order-management.authorization-update', 'order.authorization_updated'),
      ('order-management.extend-authorization', 'order.authorization_extended'), ('order-management.acknowledge', 'order.acknowledged'),
      ('order-management.merchant-references', 'order.references_updated'),
      ('order-management.customer-details', 'order.customer_details_updated'),
      ('order-management.shipping-info', 'order.shipping_info_added'),
      ('order-management.capture-shipping-info', 'order.shipping_info_added'),
      ('order-management.send-out', 'order.send_out_triggered'), ('order-management.extend-due-date', 'order.due_date_extended'),
      ('payments.create-order', 'order.created')) AS tells(kind, type) USING (kind)
    WHERE (SELECT count(*) FROM timeline t WHERE t.operation_id = o.id AND t.type = tells.type) <> (o.state = 'succeeded')::int`,
  'an operation was contradicted': `SELECT operation_id AS id FROM timeline WHERE type = 'operation.contradicted'`,
  'an order was placed and is not there': `
    SELECT o.id FROM operations o JOIN attempts a ON a.operation_id = o.id AND a.outcome = 'succeeded'
    WHERE o.kind = 'payments.create-order' AND NOT EXISTS (SELECT FROM orders WHERE provider_order_id = a.provider_id)`,
};

/** Every capture (refund) belongs to a succeeded operation of its order, and every succeeded operation to one of them. */
function movementsOf(kind: 'capture' | 'refund'): string {
  const operations = `SELECT * FROM operations WHERE kind = 'order-management.${kind}' AND state = 'succeeded'`;
  const movements = `SELECT m.operation_id, m.amount, o.provider_order_id FROM ${kind}s m JOIN orders o ON o.id = m.order_id`;
  return `
    SELECT coalesce(op.id, m.operation_id)::text AS id FROM (${operations}) op FULL JOIN (${movements}) m
      ON m.operation_id = op.id AND m.provider_order_id = op.lane AND m.amount = op.amount
    WHERE op.id IS NULL OR m.operation_id IS NULL`;
}

/** One statement that finds every contradiction: rows of (contradiction, id). */
export const FIND_CONTRADICTIONS = Object.entries(CONTRADICTIONS)
  .map(([what, sql]) => `SELECT '${what}' AS contradiction, found.id::text FROM (${sql}) AS found`)
  .join('\nUNION ALL\n');
