import { WholeNumber } from '../http/fields.js';

/** By how long the shopper's payment is put off. */
export class ExtendDueDateRequest {
  @WholeNumber({ required: true, description: 'Days, one of those that the options list', example: 14 })
  number_of_days!: number;
}

/** One way to put a payment off. */
export class DueDateOption {
  /**
   * By how many days the payment is put off.
   * @example 14
   */
  number_of_days?: number;
  /**
   * What it costs the merchant, in minor units.
   * @example 495
   */
  amount?: number;
}

/** What Klarna offers for a capture. */
export class DueDateOptions {
  /**
   * Of the fees, ISO 4217.
   * @example 'SEK'
   */
  currency?: string;
  /** What can be chosen; no other number of days is allowed. */
  options?: DueDateOption[];
}
