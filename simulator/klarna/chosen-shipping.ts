import type { JsonObject } from '../json.js';
import type { CheckoutPurchase } from './model.js';
import { totalOfLines } from './order-line-arithmetic.js';

/** Amounts in minor units, with tax. */
export interface ShippingOption {
  id: string;
  name: string;
  description?: string;
  price: number;
  tax_amount: number;
  tax_rate: number;
  preselected?: boolean;
}

export function shippingOptions(purchase: CheckoutPurchase): (JsonObject & ShippingOption)[] {
  return (purchase.shipping_options ?? []) as (JsonObject & ShippingOption)[];
}

/** How the order is shipped: as the shopper chose, else as the shop preselected, else the first way. */
export function chosenShipping(purchase: CheckoutPurchase): (JsonObject & ShippingOption) | undefined {
  const options = shippingOptions(purchase);
  const chosen = purchase.selected_shipping_option?.id;
  return options.find(({ id }) => id === chosen) ?? options.find(({ preselected }) => preselected === true) ?? options[0];
}

/** What is bought, with the shipping as a line of its own. A shop that ships by lines of its own has put the fee in already. */
export function withShipping(purchase: CheckoutPurchase): CheckoutPurchase {
  const option = chosenShipping(purchase);
  if (option === undefined || purchase.order_lines.some(({ type }) => type === 'shipping_fee')) return purchase;
  const order_lines = [...purchase.order_lines, shippingLine(option)];
  const order_tax_amount = purchase.order_tax_amount + option.tax_amount;
  return { ...purchase, selected_shipping_option: option, order_lines, order_amount: totalOfLines(order_lines), order_tax_amount };
}

function shippingLine({ id, name, price, tax_amount, tax_rate }: ShippingOption) {
  const amounts = { unit_price: price, tax_rate, total_amount: price, total_discount_amount: 0, total_tax_amount: tax_amount };
  return { type: 'shipping_fee', reference: id, name, quantity: 1, ...amounts };
}
