import { Flag, ListOf, Nested, Text, WholeNumber } from '../http/fields.js';
import { CheckoutAddress } from './checkout-people.dto.js';

export class CheckoutCarrierProduct {
  @Text()
  name?: string;

  @Text()
  identifier?: string;
}

export class CheckoutTimeslot {
  @Text()
  id?: string;

  @Text()
  start?: string;

  @Text()
  end?: string;
}

export class CheckoutPickupLocation {
  @Text()
  id?: string;

  @Text()
  name?: string;

  @Nested(() => CheckoutAddress)
  address?: CheckoutAddress;
}

/** What the shopper chose of a delivery. */
export class CheckoutDeliveryDetails {
  @Text({ description: 'The carrier' })
  carrier?: string;

  @Text({ description: 'The kind of shipping' })
  class?: string;

  @Nested(() => CheckoutCarrierProduct)
  product?: CheckoutCarrierProduct;

  @Nested(() => CheckoutTimeslot)
  timeslot?: CheckoutTimeslot;

  @Nested(() => CheckoutPickupLocation)
  pickup_location?: CheckoutPickupLocation;
}

export class CheckoutShippingAddon {
  @Text()
  type?: string;

  @WholeNumber({ description: 'Minor units' })
  price?: number;

  @Text()
  external_id?: string;

  @Text({ description: 'What the shopper entered' })
  user_input?: string;
}

/** One way of shipping that the shopper can choose. */
export class CheckoutShippingOption {
  @Text({ required: true, example: 'home' })
  id!: string;

  @Text({ required: true, min: 1, max: 255, example: 'To your door' })
  name!: string;

  @Text()
  description?: string;

  @Text({ description: 'Name of the promotion that it belongs to' })
  promo?: string;

  @WholeNumber({ required: true, description: 'Minor units, with tax', example: 0 })
  price!: number;

  @Flag({ description: 'Chosen when the checkout opens' })
  preselected?: boolean;

  @WholeNumber({ required: true, description: 'Minor units: the tax in price', example: 0 })
  tax_amount!: number;

  @WholeNumber({ required: true, description: 'Hundredths of a percent: 2500 is 25 %', example: 0 })
  tax_rate!: number;

  @Text({ description: "One of Klarna's words, such as Home or PickUpStore", example: 'Home' })
  shipping_method?: string;

  @Nested(() => CheckoutDeliveryDetails)
  delivery_details?: CheckoutDeliveryDetails;

  @Text({ description: 'The shipment reserved with the transport system' })
  tms_reference?: string;

  @ListOf(() => CheckoutShippingAddon)
  selected_addons?: CheckoutShippingAddon[];
}
