/** A cart that passes Klarna's checks; the order is made with the same lines, because Klarna compares them. */
const CART = {
  purchase_country: 'SE',
  purchase_currency: 'SEK',
  locale: 'en-SE',
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
    },
  ],
};

export const SESSION_EXAMPLES = {
  cart: { summary: 'A pair of shoes for SEK 100.00', value: { ...CART, intent: 'buy' } },
  subscription: { summary: 'The same, now and every month', value: { ...CART, intent: 'buy_and_tokenize' } },
};
export const UPDATE_EXAMPLES = { reference: { summary: 'Your order number', value: { merchant_reference1: 'ORDER-1001' } } };
export const ORDER_EXAMPLES = { order: { summary: 'The cart of the session', value: { ...CART, merchant_reference1: 'ORDER-1001' } } };

export const CUSTOMER_TOKEN_EXAMPLES = {
  subscription: {
    summary: 'For charges every month',
    value: {
      purchase_country: 'SE',
      purchase_currency: 'SEK',
      locale: 'en-SE',
      description: 'Shoes every month',
      intended_use: 'SUBSCRIPTION',
    },
  },
};
