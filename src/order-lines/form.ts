import { ListOf, withFields, WholeNumber, type Dto } from '../http/fields.js';
import { brokenRules } from '../http/judging.js';
import type { JsonObject } from '../json.js';
import { ORDER_LINE_TYPES, orderLineFields } from '../shapes/order-line.js';
import { subscriptionFields } from '../shapes/subscription.js';
import { finding, type Finding } from './finding.js';
import { whole } from './line.js';

/** Klarna's APIs that take order lines. */
export const LINE_APIS = ['payments', 'customer-token', 'checkout', 'order-management'] as const;
export type LineApi = (typeof LINE_APIS)[number];

interface CartLimits {
  readonly lines: { readonly min: number; readonly max: number };
  /** Minor units, of every amount of the whole. */
  readonly amount: { readonly min: number; readonly max?: number };
}

/** How many lines there may be, and how much they may come to. */
const LIMITS = {
  payments: { lines: { min: 1, max: 1000 }, amount: { min: 0 } },
  'customer-token': { lines: { min: 1, max: 1000 }, amount: { min: 1 } },
  checkout: { lines: { min: 0, max: 1000 }, amount: { min: 0 } },
  'order-management': { lines: { min: 0, max: 1000 }, amount: { min: 0, max: 200_000_000 } },
} as const satisfies Record<LineApi, CartLimits>;

/** The amounts and lines of a body by the rules that judge requests for this API. */
const CARTS: Readonly<Record<LineApi, Dto>> = {
  payments: cartOf('payments'),
  'customer-token': cartOf('customer-token'),
  checkout: cartOf('checkout'),
  'order-management': cartOf('order-management'),
};

/** What is not as the API's document wants it: types, ranges, lengths, words. Findings name fields by their path from the body. */
export function formFindings(api: LineApi, cart: JsonObject): Finding[] {
  const broken = brokenRules(CARTS[api], cart).map(({ path, says }) => {
    const { given, not } = shownOf(path, valueAt(cart, path));
    return finding({ field: path, code: 'form', given, amounts: false, rule: `${path.replace(/^.*\./, '')} must be ${says}${not}.` });
  });
  return broken;
}

/** What the document leaves open, and Klarna may not. */
export function openFindings(line: JsonObject, path: string): Finding[] {
  const { type } = line;
  const rate = whole(line['tax_rate']);
  const words = typeof type !== 'string' || ORDER_LINE_TYPES.includes(type) || type === 'return_fee' ? [] : [type];
  return [
    ...words.map(() => finding({ field: `${path}.type`, code: 'unknown_type', level: 'warning' })),
    ...(rate !== null && (rate < 0n || rate > 10_000n)
      ? [finding({ field: `${path}.tax_rate`, code: 'rate_range', level: 'warning', given: rate, amounts: false })]
      : []),
  ];
}

function cartOf(api: LineApi): Dto {
  const { lines, amount }: CartLimits = LIMITS[api];
  const Subscription = withFields(subscriptionFields(api));
  const Line = withFields(orderLineFields(api, () => Subscription));
  return withFields({
    order_amount: WholeNumber(amount),
    captured_amount: WholeNumber(amount),
    refunded_amount: WholeNumber(amount),
    order_tax_amount: WholeNumber({ min: 0 }),
    order_lines: ListOf(() => Line, { required: true, ...lines }),
  });
}

/** Fields that hold a number, by their name. */
const NUMERIC = /(?:^|[._])(?:amount|price|rate|quantity)$/;
/** What somebody may have written for a number: "100", "1 000,00", "-5.50 SEK". */
const LIKE_A_NUMBER = /^[+-]?[\d\s.,'’]{1,30}(?:[A-Z]{3}|%)?$/i;

/** What was sent where a number has to be, as far as it is one or looks like one; of anything else, which may be about a person, its type alone. */
function shownOf(path: string, value: unknown): { given: number | bigint | string | null; not: string } {
  if (typeof value === 'number') {
    // A whole number that was rounded when it was read is not the one that was sent.
    return { given: whole(value) ?? (Number.isInteger(value) ? null : value), not: '' };
  }
  if (!NUMERIC.test(path) || value === undefined || value === null) return { given: null, not: '' };
  if (typeof value === 'string' && LIKE_A_NUMBER.test(value)) return { given: value, not: ', not a text' };
  return { given: null, not: `, not ${typeInWords(value)}` };
}

function typeInWords(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'true or false' : 'an object';
}

function valueAt(cart: JsonObject, path: string): unknown {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], cart);
}
