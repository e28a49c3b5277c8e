const line = (quantity: number) => ({
  type: 'physical',
  reference: 'SHOE-42',
  name: 'Running shoes',
  quantity,
  unit_price: 10_000,
  tax_rate: 2_500,
  total_amount: quantity * 10_000,
  total_discount_amount: 0,
  total_tax_amount: quantity * 2_000,
});

/** Amounts in minor units. */
const cart = (quantity: number) => ({
  order_amount: quantity * 10_000,
  order_tax_amount: quantity * 2_000,
  order_lines: [line(quantity)],
});

export const CHECKOUT_EXAMPLES = {
  cart: {
    summary: 'A pair of shoes for SEK 100.00',
    value: {
      purchase_country: 'SE',
      purchase_currency: 'SEK',
      locale: 'en-SE',
      ...cart(1),
      merchant_urls: {
        terms: 'https://shop.example/terms',
        checkout: 'https://shop.example/checkout?order={checkout.order.id}',
        confirmation: 'https://shop.example/thanks?order={checkout.order.id}',
        push: 'https://shop.example/push?order={checkout.order.id}',
      },
    },
  },
};
export const CHECKOUT_UPDATE_EXAMPLES = {
  second: { summary: 'A second pair', value: { ...cart(2), merchant_reference1: 'ORDER-1002' } },
  reference: { summary: 'Your order number alone', value: { merchant_reference1: 'ORDER-1002' } },
};
