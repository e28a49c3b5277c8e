import { randomUUID } from 'node:crypto';
import type { Problem } from './fields.js';
import type { Authorization, CustomerToken, Purchase } from './model.js';
import type { Change, Work } from './work.js';

/** Offers the shopper another method for a charge that failed. @returns the id that a new session names */
export function offerStepUp(work: Work, token: CustomerToken): string {
  const stepUp = { step_up_id: randomUUID(), merchant: work.merchant, customer_token: token.token_id };
  work.put('step_ups', stepUp.step_up_id, stepUp);
  return stepUp.step_up_id;
}

/** What is wrong with a session that names a step-up: it must be this merchant's, unused, and name its customer token too. */
export function stepUpProblems(work: Work, { step_up_id: id, customer }: Purchase): Problem[] {
  if (typeof id !== 'string') return [];
  const stepUp = work.world.store.rows.step_ups.get(id);
  if (stepUp === undefined || stepUp.merchant !== work.merchant || stepUp.order_id !== undefined) {
    return [{ path: 'step_up_id', reason: 'value' }];
  }
  return customer?.customer_token === stepUp.customer_token ? [] : [{ path: 'customer.customer_token', reason: 'value' }];
}

/** After the order of a step-up its token charges the method that the shopper chose. */
export function repairToken({ world, puts }: Change, { purchase, payment_method_category }: Authorization, orderId: string): void {
  const { step_ups, customer_tokens } = world.store.rows;
  const { step_up_id: id } = purchase;
  const stepUp = typeof id === 'string' ? step_ups.get(id) : undefined;
  const token = stepUp && customer_tokens.get(stepUp.customer_token);
  if (stepUp === undefined || token === undefined) return;
  puts.push(['step_ups', stepUp.step_up_id, { ...stepUp, order_id: orderId }]);
  puts.push(['customer_tokens', token.token_id, { ...token, payment_method_category, charges: 'accepted' }]);
}
