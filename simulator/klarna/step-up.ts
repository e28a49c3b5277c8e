import { randomUUID } from 'node:crypto';
import type { Problem } from './fields.js';
import type { Authorization, CustomerToken, Purchase, StepUp } from './model.js';
import type { Change, Work, World } from './work.js';

/** Offers the shopper another method for a charge that failed. @returns the id that a new session names */
export function offerStepUp(work: Work, token: CustomerToken): string {
  const stepUp = { step_up_id: randomUUID(), merchant: work.merchant, customer_token: token.token_id };
  work.put('step_ups', stepUp.step_up_id, stepUp);
  return stepUp.step_up_id;
}

/** What is wrong with a session that names a step-up of this merchant's: it must be unused, and its customer token be named too. */
export function stepUpProblems(work: Work, { step_up_id: id, customer }: Purchase): Problem[] {
  if (typeof id !== 'string') return [];
  const wrong: Problem[] = [{ path: 'step_up_id', reason: 'value' }];
  const stepUp = offered(work.world, work.merchant, id);
  if (stepUp === undefined) return work.world.switches.get('unknown_step_up') === 'refused' ? wrong : [];
  if (stepUp.order_id !== undefined) return wrong;
  return customer?.customer_token === stepUp.customer_token ? [] : [{ path: 'customer.customer_token', reason: 'value' }];
}

/** After the order of a step-up its token charges the method that the shopper chose. */
export function repairToken({ world, puts }: Change, authorization: Authorization, orderId: string): void {
  const { merchant, purchase, payment_method_category } = authorization;
  const stepUp = offered(world, merchant, purchase.step_up_id);
  const token = stepUp && world.store.rows.customer_tokens.get(stepUp.customer_token);
  if (stepUp === undefined || token === undefined) return;
  puts.push(['step_ups', stepUp.step_up_id, { ...stepUp, order_id: orderId }]);
  puts.push(['customer_tokens', token.token_id, { ...token, payment_method_category, charges: 'accepted' }]);
}

function offered(world: World, merchant: string, id: unknown): StepUp | undefined {
  const stepUp = typeof id === 'string' ? world.store.rows.step_ups.get(id) : undefined;
  return stepUp?.merchant === merchant ? stepUp : undefined;
}
