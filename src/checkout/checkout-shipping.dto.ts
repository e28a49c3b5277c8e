import { Flag, ListOf, Nested, Text, WholeNumber } from '../http/fields.js';
import { CheckoutAddress } from './checkout-people.dto.js';

export class CheckoutCarrierProduct {
  @Text({ description: "The carrier's name of its product" })
  name?: string;

  @Text({ description: "The carrier's code of its product" })
  identifier?: string;
}

export class CheckoutTimeslot {
  @Text({ description: "The carrier's name of the time slot" })
  id?: string;

  @Text({ description: 'When the delivery comes at the earliest' })
  start?: string;

  @Text({ description: 'When the delivery comes at the latest' })
  end?: string;
}

export class CheckoutPickupLocation {
  @Text({ description: "The carrier's code of the place" })
  id?: string;

  @Text({ description: 'What the place is called, for the shopper' })
  name?: string;

  @Nested(() => CheckoutAddress, { description: 'Where the place is' })
  address?: CheckoutAddress;
}

/** What the shopper chose of a delivery. */
export class CheckoutDeliveryDetails {
  @Text({ description: 'Who brings it, by name' })
  carrier?: string;

  @Text({ description: 'Kind of shipping, in the word of your shipping service' })
  class?: string;

  @Nested(() => CheckoutCarrierProduct, { description: 'Which product of the carrier it is' })
  product?: CheckoutCarrierProduct;

  @Nested(() => CheckoutTimeslot, { description: 'When it comes, where the shopper could choose' })
  timeslot?: CheckoutTimeslot;

  @Nested(() => CheckoutPickupLocation, { description: 'Where the shopper fetches it, when it is not brought to the door' })
  pickup_location?: CheckoutPickupLocation;
}

export class CheckoutShippingAddon {
  @Text({ description: 'What it is, such as sms or entry-code' })
  type?: string;

  @WholeNumber({ description: 'What it costs the shopper, in minor units' })
  price?: number;

  @Text({ description: "Your shipping service's id of it" })
  external_id?: string;

  @Text({ description: 'What the shopper entered' })
  user_input?: string;
}

/** One way of shipping that the shopper can choose. */
export class CheckoutShippingOption {
  @Text({ required: true, description: 'Yours: names the option in callbacks and in selected_shipping_option', example: 'home' })
  id!: string;

  @Text({ required: true, min: 1, max: 255, description: 'What the shopper reads for it', example: 'To your door' })
  name!: string;

  @Text({ description: 'More words for the shopper, below the name' })
  description?: string;

  @Text({ description: 'Name of the promotion that it belongs to' })
  promo?: string;

  @WholeNumber({ required: true, description: 'Minor units, with tax', example: 0 })
  price!: number;

  @Flag({ description: 'Chosen when the checkout opens. Default: no' })
  preselected?: boolean;

  @WholeNumber({ required: true, description: 'Minor units: the tax in price', example: 0 })
  tax_amount!: number;

  @WholeNumber({ required: true, description: 'Hundredths of a percent: 2500 is 25 %', example: 0 })
  tax_rate!: number;

  @Text({ description: "One of Klarna's words, such as Home or PickUpStore", example: 'Home' })
  shipping_method?: string;

  @Nested(() => CheckoutDeliveryDetails, { description: 'Carrier, time and place, as the shopper chose them' })
  delivery_details?: CheckoutDeliveryDetails;

  @Text({ description: 'The shipment that is reserved with your shipping service; leads from the order to it' })
  tms_reference?: string;

  @ListOf(() => CheckoutShippingAddon, { description: 'Extras that the shopper chose, such as a message before the delivery' })
  selected_addons?: CheckoutShippingAddon[];
}
