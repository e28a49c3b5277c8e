import { ListOf, MinorUnits, Text } from '../http/fields.js';
import { ManagedOrderLine } from './order-line.dto.js';

/** What an authorization is to be from now on, all of it. */
export class UpdateAuthorizationRequest {
  @MinorUnits({ description: 'The new total in minor units, not the difference; at least what was captured.', example: 9_000 })
  order_amount: number;

  @ListOf(() => ManagedOrderLine, { max: 1000, description: 'All lines from now on. Leave them out, and the old ones are deleted.' })
  order_lines?: ManagedOrderLine[];

  @Text({ max: 255, description: 'Why, shown to the shopper.', example: 'One pair was sold out' })
  description?: string;
}
