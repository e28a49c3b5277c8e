import { ListOf, MinorUnits, Text, WholeNumber } from '../http/fields.js';
import { ManagedOrderLine } from './order-line.dto.js';
import { ManagedShippingInfo } from './shipping-info.dto.js';

/** What to capture. */
export class CaptureRequest {
  @MinorUnits({ description: 'Minor units of the order currency, at most the remaining authorized amount.', example: 4_000 })
  captured_amount: number;

  @Text({ max: 255, description: 'Yours: comes back in reads and in settlement files.', example: 'shipment-1' })
  reference?: string;

  @Text({ max: 255, description: 'Shown to the shopper.', example: 'First parcel' })
  description?: string;

  @ListOf(() => ManagedOrderLine, { max: 1000, description: 'What is in it, shown to the shopper.' })
  order_lines?: ManagedOrderLine[];

  @ListOf(() => ManagedShippingInfo, { max: 500, description: 'The parcels in which it travels; more can be added later.' })
  shipping_info?: ManagedShippingInfo[];

  @WholeNumber({ min: 0, description: 'Days until it is shipped. More than 0 has to be enabled by Klarna.', example: 0 })
  shipping_delay?: number;
}
