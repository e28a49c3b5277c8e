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

/**
 * What is wrong with a session that names a step-up of this merchant's: it must be unused, its customer token be named too, and the intent
 * be that of the session which made the token.
 */
export function stepUpProblems({ world, merchant }: Work, { step_up_id: id, customer, intent }: Purchase): Problem[] {
  if (typeof id !== 'string') return [];
  const wrong = (path: string): Problem[] => [{ path, reason: 'value' }];
  const stepUp = offered(world, merchant, id);
  if (stepUp === undefined) return world.switches.get('unknown_step_up') === 'refused' ? wrong('step_up_id') : [];
  if (stepUp.order_id !== undefined) return wrong('step_up_id');
  if (customer?.customer_token !== stepUp.customer_token) return wrong('customer.customer_token');
  const original = world.store.rows.customer_tokens.get(stepUp.customer_token)?.intent;
  const differs = original !== undefined && intent !== original && world.switches.get('step_up_intent') === 'same';
  return differs ? wrong('intent') : [];
}

/** Whether an authorization is for a step-up: it ends with an order, whatever the intent that its session had to repeat. */
export function isStepUp(world: World, { merchant, purchase }: Authorization): boolean {
  return offered(world, merchant, purchase.step_up_id) !== undefined;
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
