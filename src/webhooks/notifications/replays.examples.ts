export const REPLAY_EXAMPLES = {
  outage: {
    summary: 'All that was given up in a time',
    value: { from: '2026-11-20T10:00:00Z', to: '2026-11-20T11:00:00Z' },
  },
  type: { summary: 'Every capture again', value: { type: 'order.captured', from: '2026-11-20', include_delivered: true } },
};
