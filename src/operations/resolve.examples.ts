export const RESOLVE_EXAMPLES = {
  rejected: {
    summary: 'It did not happen, and is not to be tried again',
    value: { outcome: 'rejected', reason: 'Not in the merchant portal.' },
  },
  succeeded: {
    summary: 'It did happen',
    value: { outcome: 'succeeded', provider_id: '4ba29b50-be7b-44f5-a492-113e6a865e22', reason: 'Seen in the merchant portal.' },
  },
  new_key: { summary: 'It did not happen: send it once more', value: { outcome: 'new_key', reason: 'Not in the merchant portal.' } },
};
