/** Of the cart in payments.examples.ts: a pair of running shoes for SEK 100.00, paid for in two parts. */
const line = (amount: number, tax: number) => ({
  type: 'physical',
  reference: 'SHOE-42',
  name: 'Running shoes',
  quantity: 1,
  unit_price: amount,
  tax_rate: 2_500,
  total_amount: amount,
  total_discount_amount: 0,
  total_tax_amount: tax,
});

export const CAPTURE_EXAMPLES = {
  part: { summary: 'SEK 40.00 of it', value: { captured_amount: 4_000, reference: 'shipment-1', description: 'First parcel' } },
  shipped: {
    summary: 'SEK 40.00 of it, with its lines and the parcel',
    value: {
      captured_amount: 4_000,
      reference: 'shipment-1',
      description: 'First parcel',
      order_lines: [line(4_000, 800)],
      shipping_info: [{ shipping_company: 'dhl-express', shipping_method: 'Home', tracking_number: '63456415674545679874' }],
    },
  },
};
export const REFUND_EXAMPLES = {
  part: { summary: 'SEK 15.00 back', value: { refunded_amount: 1_500, reference: 'return-1', description: 'A scratch' } },
  line: {
    summary: 'SEK 15.00 back, with its lines',
    value: { refunded_amount: 1_500, reference: 'return-1', description: 'A scratch', order_lines: [line(1_500, 300)] },
  },
};
export const AUTHORIZATION_EXAMPLES = {
  less: {
    summary: 'SEK 90.00 in all, with its lines',
    value: { order_amount: 9_000, description: 'A discount', order_lines: [line(9_000, 1_800)] },
  },
};
export const SHIPPING_EXAMPLES = {
  parcel: {
    summary: 'One parcel',
    value: {
      shipping_info: [
        {
          shipping_company: 'dhl-express',
          shipping_method: 'Home',
          tracking_number: '63456415674545679874',
          tracking_uri: 'https://carrier.example/parcels/63456415674545679874',
        },
      ],
    },
  },
};
export const REFERENCES_EXAMPLES = {
  both: { summary: 'Both', value: { merchant_reference1: 'ORDER-1001-B', merchant_reference2: 'WAREHOUSE-7' } },
  clear: { summary: 'No second one', value: { merchant_reference2: '' } },
};
export const CUSTOMER_DETAILS_EXAMPLES = {
  moved: {
    summary: 'Another address',
    value: {
      shipping_address: {
        given_name: 'Testperson-se',
        family_name: 'Approved',
        street_address: 'Lillgatan 2',
        postal_code: '12345',
        city: 'Ankeborg',
        country: 'SE',
        email: 'youremail@email.com',
        phone: '+46701740615',
      },
    },
  },
};
export const DUE_DATE_EXAMPLES = { fortnight: { summary: 'Two weeks', value: { number_of_days: 14 } } };
