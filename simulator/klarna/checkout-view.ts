import type { JsonObject } from '../json.js';
import type { Answer } from './answers.js';
import type { Checkout } from './model.js';
import type { World } from './work.js';

/** A checkout is gone so long after the last change, the shop's or the shopper's. */
export const CHECKOUT_LIFETIME_MS = 48 * 3_600_000;

/** Whether Klarna still has it: an unfinished one for 48 hours after its last change, a completed or aborted one as the switches say. */
export function isShown({ switches, clock }: World, checkout: Checkout): boolean {
  if (clock.now() >= checkout.last_modified_at + CHECKOUT_LIFETIME_MS) return false;
  if (checkout.completed_at !== undefined) return switches.get('completed_checkout') === 'shown';
  return checkout.aborted !== true || switches.get('aborted_checkout') !== 'gone';
}

/** A checkout as Klarna shows it to its merchant. @param baseUrl where the snippet's frame is */
export function checkoutView(world: World, checkout: Checkout, baseUrl: string): JsonObject {
  const { clock } = world;
  const completed = checkout.completed_at !== undefined;
  const time = (at: number) => clock.iso(at).replace(/\.\d+Z$/, 'Z');
  return {
    order_id: checkout.order_id,
    name: 'Simulated shop',
    status: statusOf(world, checkout),
    ...checkout.purchase,
    html_snippet: snippet(checkout, baseUrl),
    started_at: time(checkout.started_at),
    ...(completed && { completed_at: time(checkout.completed_at ?? 0) }),
    last_modified_at: time(checkout.last_modified_at),
    ...(checkout.recurring_token !== undefined && { recurring_token: checkout.recurring_token }),
  };
}

/** The JSON is written with escaped slashes, as servers that think of `</script>` do: who writes it anew does not get these bytes. */
export function checkoutAnswer(status: number, view: JsonObject, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(view).replaceAll('</', '<\\/') };
}

function statusOf({ switches }: World, checkout: Checkout): string {
  const marked = checkout.aborted === true && switches.get('aborted_checkout') === 'marked';
  const status = checkout.completed_at !== undefined ? 'checkout_complete' : marked ? 'checkout_aborted' : 'checkout_incomplete';
  return switches.get('checkout_status_case') === 'upper' ? status.toUpperCase() : status;
}

/** A frame with the page on which a person plays the shopper; after the purchase the same frame shows the confirmation. */
function snippet({ order_id: id }: Checkout, baseUrl: string): string {
  return `<div id="klarna-checkout-container" style="overflow: hidden;">\n  <iframe title="Klarna Checkout – säker betalning" src="${baseUrl}/shopper/${id}" width="100%" height="1100" style="border: 0"></iframe>\n</div>`;
}
