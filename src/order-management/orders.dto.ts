import { ListOf, Nested, Text, withFields } from '../http/fields.js';
import { addressFields } from '../shapes/address.js';
import { ManagedShippingInfo } from './shipping-info.dto.js';

/** Where the goods go, or who pays. */
export class ManagedAddress extends withFields(addressFields('order-management')) {}

/** Parcels that are added to those that are listed already. */
export class ShippingInfoRequest {
  @ListOf(() => ManagedShippingInfo, {
    required: true,
    min: 1,
    max: 500,
    description: 'The parcels; they join those that are listed already',
  })
  shipping_info!: ManagedShippingInfo[];
}

/** References that are replaced; what is left out stays. */
export class MerchantReferencesRequest {
  @Text({ max: 255, description: 'Your number for the order, shown to the shopper; empty: none', example: 'ORDER-1001-B' })
  merchant_reference1?: string;

  @Text({ max: 255, description: 'Another one; empty: none', example: 'WAREHOUSE-7' })
  merchant_reference2?: string;
}

/** What may still change about the shopper: only where the goods go. */
export class CustomerDetailsRequest {
  @Nested(() => ManagedAddress, { description: 'The whole address. Klarna assesses a change and may refuse it' })
  shipping_address?: ManagedAddress;
}
