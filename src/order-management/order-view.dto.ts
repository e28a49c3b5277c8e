import { ManagedOrderLine } from './order-line.dto.js';
import { ManagedAddress } from './orders.dto.js';
import { ManagedShippingInfo } from './shipping-info.dto.js';

/**
 * Klarna's resources as reads show them. They are passed on byte by byte; these classes only describe them. Amounts in minor units of
 * the order's currency, times in ISO 8601. Klarna may add fields.
 */
export class ManagedCapture {
  /**
   * Klarna's id of the capture.
   * @example '4ba29b50-be7b-44f5-a492-113e6a865e22'
   */
  capture_id?: string;
  /**
   * The order's reference with a number.
   * @example 'K4MADNY-1'
   */
  klarna_reference?: string;
  /**
   * What was captured, in minor units.
   * @example 4000
   */
  captured_amount?: number;
  /**
   * When it was captured.
   * @example '2026-11-20T10:30:00Z'
   */
  captured_at?: string;
  /** What of this capture was refunded, in minor units. */
  refunded_amount?: number;
  /** The merchant's number of it. */
  reference?: string;
  /** What the shopper reads about it. */
  description?: string;
  /** What is in it. */
  order_lines?: ManagedOrderLine[];
  /** Who pays, and where they live. */
  billing_address?: ManagedAddress;
  /** Where it goes. */
  shipping_address?: ManagedAddress;
  /** The parcels in which it travels. */
  shipping_info?: ManagedShippingInfo[];
}

/** Names no capture. */
export class ManagedRefund {
  /**
   * Klarna's id of the refund.
   * @example 'b2cb4f2e-2781-4359-80ad-555735ebb8d8'
   */
  refund_id?: string;
  /**
   * What was given back, in minor units.
   * @example 1500
   */
  refunded_amount?: number;
  /**
   * When it was given back.
   * @example '2026-11-21T09:00:00Z'
   */
  refunded_at?: string;
  /** The merchant's number of it. */
  reference?: string;
  /** What the shopper reads about it. */
  description?: string;
  /** What came back. */
  order_lines?: ManagedOrderLine[];
  /** Business customers: the refund is a credit invoice. */
  credit_invoice?: boolean;
}

export class ManagedOrderCustomer {
  /**
   * Year, month, day.
   * @example '1981-09-06'
   */
  date_of_birth?: string;
  /** The number that the shopper's country has given them. */
  national_identification_number?: string;
}

export class InitialPaymentMethod {
  /**
   * Klarna's word for the method; new ones come without notice.
   * @example 'INVOICE'
   */
  type?: string;
  /** The method in words for people. */
  description?: string;
  /** In how many parts it is paid, where it is more than one. */
  number_of_installments?: number;
}

export class ShippingAddon {
  /** What it is, such as sms or entry-code. */
  type?: string;
  /** The shipping service's id of it. */
  external_id?: string;
  /** What it costs the shopper, in minor units. */
  price?: number;
  /** What the shopper entered for it. */
  user_input?: string;
}

export class CarrierProduct {
  /** The carrier's code of its product. */
  identifier?: string;
  /** The carrier's name of its product. */
  name?: string;
}

export class PickupAddress {
  /** Street and house number. */
  street_address?: string;
  /** What else leads to the place. Klarna spells this field with two underscores. */
  street_address__2?: string;
  /** As the country writes it. */
  postal_code?: string;
  /** Town of the postal code. */
  city?: string;
  /** State or province, where addresses have one. */
  region?: string;
  /** Two letters of ISO 3166 for the country. */
  country?: string;
}

export class PickupLocation {
  /** The carrier's code of the place. */
  id?: string;
  /** What the place is called, for the shopper. */
  name?: string;
  /** What fetching it there costs the shopper, in minor units. */
  price?: number;
  /** Where the place is. */
  address?: PickupAddress;
}

export class DeliveryTimeslot {
  /** The carrier's name of the time slot. */
  id?: string;
  /** When the delivery comes at the earliest. */
  start?: string;
  /** When the delivery comes at the latest. */
  end?: string;
  /** Until when the parcel has to be with the carrier to come in time. */
  cutoff?: string;
  /** What this time costs the shopper, in minor units. */
  price?: number;
}

export class SelectedShippingOption {
  /** The shipping service's id of the option. */
  id?: string;
  /** What the shopper read when choosing it. */
  name?: string;
  /** Type of shipping, in the word of the shipping service. */
  type?: string;
  /** Kind of shipping, in the word of the shipping service. */
  class?: string;
  /** How the shopper gets it, such as to the door. */
  method?: string;
  /** Who brings it, by name. */
  carrier?: string;
  /** Which product of the carrier it is. */
  carrier_product?: CarrierProduct;
  /** What it costs the shopper, in minor units, with tax. */
  price?: number;
  /** The tax in price, in minor units. */
  tax_amount?: number;
  /** Hundredths of a percent: 2500 is 25 %. */
  tax_rate?: number;
  /** Where the shopper fetches it, when it is not brought to the door. */
  location?: PickupLocation;
  /** When it comes, where the shopper could choose. */
  timeslot?: DeliveryTimeslot;
  /** Extras that the shopper chose, such as a message before the delivery. */
  selected_addons?: ShippingAddon[];
  /** The shipping service's reference of the shipment. */
  tms_reference?: string;
}

export class ManagedOrder {
  /**
   * Klarna's id of the order.
   * @example 'f3392f8b-6116-4073-ab96-e330819e2c07'
   */
  order_id?: string;
  /**
   * AUTHORIZED, PART_CAPTURED, CAPTURED, CANCELLED, EXPIRED or CLOSED.
   * @example 'PART_CAPTURED'
   */
  status?: string;
  /**
   * ACCEPTED, PENDING (hold the goods) or REJECTED.
   * @example 'ACCEPTED'
   */
  fraud_status?: string;
  /**
   * What is authorized, with what was captured of it, in minor units.
   * @example 10000
   */
  order_amount?: number;
  /**
   * What was authorized when the order was placed, in minor units.
   * @example 10000
   */
  original_order_amount?: number;
  /**
   * Sum of all captures, in minor units.
   * @example 4000
   */
  captured_amount?: number;
  /** Sum of all refunds, in minor units. */
  refunded_amount?: number;
  /**
   * What can still be captured, in minor units.
   * @example 6000
   */
  remaining_authorized_amount?: number;
  /**
   * Country of the sale, ISO 3166 alpha-2.
   * @example 'SE'
   */
  purchase_country?: string;
  /**
   * ISO 4217; every amount of the order is in minor units of it.
   * @example 'SEK'
   */
  purchase_currency?: string;
  /**
   * Language and country of the texts that the shopper sees.
   * @example 'sv-SE'
   */
  locale?: string;
  /**
   * What the shopper knows the order by.
   * @example 'K4MADNY'
   */
  klarna_reference?: string;
  /**
   * The merchant's number for the order, shown to the shopper.
   * @example '10001'
   */
  merchant_reference1?: string;
  /** Another number of the merchant's. */
  merchant_reference2?: string;
  /** The merchant's own data, as it was sent. */
  merchant_data?: string;
  /**
   * When the order was placed.
   * @example '2026-11-20T10:25:40Z'
   */
  created_at?: string;
  /**
   * The last moment to capture.
   * @example '2026-12-18T00:00:00Z'
   */
  expires_at?: string;
  /** What was bought, line by line. */
  order_lines?: ManagedOrderLine[];
  /** What was captured, each with its own id. */
  captures?: ManagedCapture[];
  /** What was given back; a refund belongs to the order, not to a capture. */
  refunds?: ManagedRefund[];
  /** Who bought. */
  customer?: ManagedOrderCustomer;
  /** Who pays, and where they live. */
  billing_address?: ManagedAddress;
  /** Where the goods go. */
  shipping_address?: ManagedAddress;
  /** The parcels of the whole order; those of a capture are with it. */
  shipping_info?: ManagedShippingInfo[];
  /** The way of shipping that the shopper chose. */
  selected_shipping_option?: SelectedShippingOption;
  /** How the shopper chose to pay when placing the order. */
  initial_payment_method?: InitialPaymentMethod;
}
