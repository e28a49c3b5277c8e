import { ListOf, MinorUnits, Text } from '../http/fields.js';
import { ManagedOrderLine } from './order-line.dto.js';

/** What to give back. */
export class RefundRequest {
  @MinorUnits({ description: 'Minor units of the order currency, at most what was captured and not refunded.', example: 1_500 })
  refunded_amount: number;

  @Text({ max: 255, description: 'Yours: comes back in reads and in settlement files.', example: 'return-1' })
  reference?: string;

  @Text({ max: 255, description: 'Shown to the shopper.', example: 'One pair returned' })
  description?: string;

  @ListOf(() => ManagedOrderLine, { max: 1000, description: 'What came back. Equal references assign the refund to the right capture.' })
  order_lines?: ManagedOrderLine[];
}
