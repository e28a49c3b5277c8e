/** `{session_id}` is the payment session's; the page of Swagger UI fills it in. */
export const PAGE_EXAMPLES = {
  page: {
    summary: 'A page on which Klarna places the order',
    value: {
      payment_session_url: 'https://api.klarna.com/payments/v1/sessions/{session_id}',
      merchant_urls: {
        success: 'https://shop.example/paid?page={{session_id}}&order={{order_id}}',
        cancel: 'https://shop.example/cart',
        back: 'https://shop.example/cart',
        failure: 'https://shop.example/declined',
      },
      options: { place_order_mode: 'PLACE_ORDER', purchase_type: 'BUY', page_title: 'Your running shoes' },
    },
  },
};

export const DISTRIBUTION_EXAMPLES = {
  email: {
    summary: 'A mail to the shopper: each press is one more',
    value: { method: 'email', contact_information: { email: 'alva@example.com' } },
  },
};
