import { OneOf, Text } from '../http/fields.js';

const OUTCOMES = ['succeeded', 'rejected', 'new_key'] as const;

/** A person's word on an operation that the service could not settle. */
export class ResolveRequest {
  @OneOf(OUTCOMES, {
    required: true,
    description:
      'succeeded: it happened (give `provider_id`). rejected: it did not, and is not to be tried again. new_key: it did not; send it once more under a new idempotency key.',
    example: 'rejected',
  })
  outcome: (typeof OUTCOMES)[number];

  @Text({ min: 1, max: 255, description: "The provider's id of the capture, refund or order that was found." })
  provider_id?: string | null;

  @Text({
    required: true,
    min: 1,
    max: 1000,
    pattern: /\S/,
    description: 'Why, for whoever reads timeline and history later.',
    example: 'Not in the merchant portal.',
  })
  reason: string;
}
