/** The cart of payments.examples.ts as it is charged every month. */
const MONTHLY = {
  purchase_currency: 'SEK',
  order_amount: 10_000,
  order_tax_amount: 2_000,
  order_lines: [
    {
      type: 'physical',
      reference: 'SHOE-42',
      name: 'Running shoes',
      quantity: 1,
      unit_price: 10_000,
      tax_rate: 2_500,
      total_amount: 10_000,
      total_discount_amount: 0,
      total_tax_amount: 2_000,
      subscription: { name: 'Shoes every month', interval: 'MONTH', interval_count: 1 },
    },
  ],
};

export const TOKEN_ORDER_EXAMPLES = {
  month: { summary: "This month's pair of shoes, SEK 100.00", value: { ...MONTHLY, merchant_reference1: 'SUB-1-2026-11' } },
  stepUp: {
    summary: 'The same, by a shop that can ask the shopper for another method',
    value: { ...MONTHLY, merchant_reference1: 'SUB-1-2026-12', step_up: 'SUPPORTED' },
  },
};
export const STATUS_EXAMPLES = { cancel: { summary: 'No more charges', value: { status: 'CANCELLED' } } };
