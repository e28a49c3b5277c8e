export const ENDPOINT_EXAMPLES = {
  everything: { summary: 'Every event', value: { url: 'https://shop.example/klarna-events' } },
  money: {
    summary: 'Some types, strictly in order',
    value: {
      url: 'https://books.example/klarna',
      events: ['order.created', 'order.captured', 'order.refunded', 'order.cancelled', 'order.released'],
      strict_order: true,
    },
  },
};

export const ENDPOINT_CHANGE_EXAMPLES = {
  moved: { summary: 'Another address', value: { url: 'https://shop.example/klarna' } },
  disabled: { summary: 'Nothing for now', value: { disabled: true } },
  enabled: { summary: 'Again', value: { disabled: false } },
};
