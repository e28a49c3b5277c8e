import { isObject, type JsonObject } from '../json.js';
import { judgeSums } from './cart-rules.js';
import type { OrderLinesCheck } from './check.dto.js';
import type { Finding } from './finding.js';
import { formFindings, openFindings, type LineApi } from './form.js';
import { judgeLine, type CartFacts } from './line-rules.js';

/**
 * Judges the order lines of a body as one of Klarna's APIs would, line by line: what is wrong, by how many minor units, the corrected line,
 * the rule in plain words. Pure; never throws, whatever the body is like.
 * @param cart the body as its caller sends it to Klarna: `order_lines` and `order_amount`, `captured_amount` or `refunded_amount`, with
 *   `order_tax_amount` and `purchase_country` where there are any; amounts in minor units
 */
export function checkOrderLines(api: LineApi, cart: JsonObject): OrderLinesCheck {
  const given: unknown = cart['order_lines'];
  const values: unknown[] = Array.isArray(given) ? given : [];
  const lines = values.map((line) => (isObject(line) ? line : {}));
  const facts = factsOf(cart, lines);
  const form = formFindings(api, cart);
  const judged = lines.map((line, index) => judgeLine(line, `order_lines[${index}]`, facts));
  // What is no list of lines adds up to nothing that could be told.
  const sums = Array.isArray(given) ? judgeSums(cart, lines, judged, facts, api !== 'order-management') : { findings: [], corrected: null };
  const checked = judged.map(({ findings, corrected }, index) => {
    const path = `order_lines[${index}]`;
    const own = form.filter(({ field }) => field === path || field.startsWith(`${path}.`));
    const named = new Set(own.map(({ field }) => field));
    const open = openFindings(lines[index] ?? {}, path).filter(({ field }) => !named.has(field));
    return { index, reference: referenceOf(lines[index]), findings: [...own, ...open, ...findings], corrected };
  });
  const whole = [...form.filter(({ field }) => !field.startsWith('order_lines[')), ...sums.findings];
  const passes = [...whole, ...checked.flatMap(({ findings }) => findings)].every(({ level }) => level !== 'error');
  return { api, passes, findings: whole, corrected: changed(cart, sums.corrected), lines: checked };
}

/** Everything that was found. */
export function findingsIn(check: OrderLinesCheck): Finding[] {
  return [...check.findings, ...check.lines.flatMap(({ findings }) => findings)];
}

function factsOf(cart: JsonObject, lines: readonly JsonObject[]): CartFacts {
  const { purchase_country: country } = cart;
  return {
    taxIsALine: lines.some(({ type }) => type === 'sales_tax'),
    isRefund: (cart['refunded_amount'] ?? null) !== null,
    country: typeof country === 'string' ? country.toUpperCase() : null,
  };
}

function referenceOf(line: JsonObject | undefined): string | null {
  const reference = line?.['reference'];
  return typeof reference === 'string' ? reference : null;
}

/** The sums of the corrected lines, where they are not what was sent. */
function changed(cart: JsonObject, sums: Record<string, number | null> | null): Record<string, number> | null {
  const different = Object.entries(sums ?? {}).filter(
    (entry): entry is [string, number] => entry[1] !== null && entry[1] !== cart[entry[0]],
  );
  return different.length === 0 ? null : Object.fromEntries(different);
}
