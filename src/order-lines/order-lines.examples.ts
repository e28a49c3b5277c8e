const shoes = { type: 'physical', reference: 'SHOE-42', name: 'Running shoes', quantity: 1, unit_price: 10_000, tax_rate: 2_500 };

export const CHECK_EXAMPLES = {
  tax_on_top: {
    summary: 'Tax computed on a price that includes it, and an order tax that misses the sum',
    value: {
      api: 'payments',
      purchase_country: 'SE',
      order_amount: 18_000,
      order_tax_amount: 4_000,
      order_lines: [
        { ...shoes, total_amount: 10_000, total_tax_amount: 2_000 },
        {
          type: 'shipping_fee',
          name: 'Express',
          quantity: 1,
          unit_price: 8_000,
          tax_rate: 2_500,
          total_amount: 8_000,
          total_tax_amount: 2_000,
        },
      ],
    },
  },
  discount: {
    summary: 'A discount line, all in order',
    value: {
      api: 'checkout',
      order_amount: 9_000,
      order_tax_amount: 1_800,
      order_lines: [
        { ...shoes, total_amount: 10_000, total_tax_amount: 2_000 },
        {
          type: 'discount',
          name: 'Welcome',
          quantity: 1,
          unit_price: -1_000,
          tax_rate: 2_500,
          total_amount: -1_000,
          total_tax_amount: -200,
        },
      ],
    },
  },
};
