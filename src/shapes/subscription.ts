import { OneOf, Text, WholeNumber, type FieldTable } from '../http/fields.js';

interface SubscriptionLimits {
  readonly name: { readonly required?: boolean; readonly min?: number; readonly max?: number };
}

/** What differs between Klarna's APIs. */
const LIMITS = {
  payments: { name: { required: true, min: 1, max: 255 } },
  'customer-token': { name: { required: true } },
  checkout: { name: {} },
  'order-management': { name: { required: true, max: 255 } },
} as const satisfies Record<string, SubscriptionLimits>;

/** What a line subscribes the shopper to, by the limits of one of Klarna's APIs. */
export function subscriptionFields(api: keyof typeof LIMITS): FieldTable {
  const { name }: SubscriptionLimits = LIMITS[api];
  return {
    name: Text({ ...name, description: 'What is subscribed to, as the shopper reads it', example: 'Coffee every month' }),
    interval: OneOf(['DAY', 'WEEK', 'MONTH', 'YEAR'], {
      required: true,
      description: 'Unit of the time between two payments',
      example: 'MONTH',
    }),
    interval_count: WholeNumber({ required: true, min: 1, description: 'How many such units: 2 and WEEK is every other week', example: 1 }),
  };
}
