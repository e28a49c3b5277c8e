import { ManagedOrderLine } from './order-line.dto.js';
import { ManagedShippingInfo } from './shipping-info.dto.js';

/**
 * Klarna's resources as reads show them. They are passed on byte by byte; these classes only describe them. Amounts in minor units of
 * the order's currency, times in ISO 8601. Klarna may add fields.
 */
export class ManagedOrderAddress {
  title?: string;
  given_name?: string;
  family_name?: string;
  organization_name?: string;
  attention?: string;
  street_address?: string;
  street_address2?: string;
  postal_code?: string;
  city?: string;
  region?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
  email?: string;
  phone?: string;
}

export class ManagedCapture {
  /** @example '4ba29b50-be7b-44f5-a492-113e6a865e22' */
  capture_id?: string;
  /**
   * The order's reference with a number.
   * @example 'K4MADNY-1'
   */
  klarna_reference?: string;
  /** @example 4000 */
  captured_amount?: number;
  /** @example '2026-11-20T10:30:00Z' */
  captured_at?: string;
  /** What of this capture was refunded. */
  refunded_amount?: number;
  /** The merchant's. */
  reference?: string;
  description?: string;
  order_lines?: ManagedOrderLine[];
  billing_address?: ManagedOrderAddress;
  shipping_address?: ManagedOrderAddress;
  shipping_info?: ManagedShippingInfo[];
}

/** Names no capture. */
export class ManagedRefund {
  /** @example 'b2cb4f2e-2781-4359-80ad-555735ebb8d8' */
  refund_id?: string;
  /** @example 1500 */
  refunded_amount?: number;
  /** @example '2026-11-21T09:00:00Z' */
  refunded_at?: string;
  /** The merchant's. */
  reference?: string;
  description?: string;
  order_lines?: ManagedOrderLine[];
  /** Business customers: the refund is a credit invoice. */
  credit_invoice?: boolean;
}

export class ManagedOrderCustomer {
  /** @example '1981-09-06' */
  date_of_birth?: string;
  national_identification_number?: string;
}

export class InitialPaymentMethod {
  /** @example 'INVOICE' */
  type?: string;
  description?: string;
  number_of_installments?: number;
}

export class ShippingAddon {
  type?: string;
  external_id?: string;
  price?: number;
  user_input?: string;
}

export class CarrierProduct {
  identifier?: string;
  name?: string;
}

export class PickupAddress {
  street_address?: string;
  street_address__2?: string;
  postal_code?: string;
  city?: string;
  region?: string;
  country?: string;
}

export class PickupLocation {
  id?: string;
  name?: string;
  price?: number;
  address?: PickupAddress;
}

export class DeliveryTimeslot {
  id?: string;
  start?: string;
  end?: string;
  cutoff?: string;
  price?: number;
}

export class SelectedShippingOption {
  id?: string;
  name?: string;
  type?: string;
  class?: string;
  method?: string;
  carrier?: string;
  carrier_product?: CarrierProduct;
  price?: number;
  tax_amount?: number;
  tax_rate?: number;
  location?: PickupLocation;
  timeslot?: DeliveryTimeslot;
  selected_addons?: ShippingAddon[];
  /** The shipping service's reference of the shipment. */
  tms_reference?: string;
}

export class ManagedOrder {
  /** @example 'f3392f8b-6116-4073-ab96-e330819e2c07' */
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
  /** @example 10000 */
  order_amount?: number;
  /** @example 10000 */
  original_order_amount?: number;
  /**
   * Sum of all captures.
   * @example 4000
   */
  captured_amount?: number;
  /** Sum of all refunds. */
  refunded_amount?: number;
  /**
   * What can still be captured.
   * @example 6000
   */
  remaining_authorized_amount?: number;
  /** @example 'SE' */
  purchase_country?: string;
  /** @example 'SEK' */
  purchase_currency?: string;
  /** @example 'sv-SE' */
  locale?: string;
  /** @example 'K4MADNY' */
  klarna_reference?: string;
  /** @example '10001' */
  merchant_reference1?: string;
  merchant_reference2?: string;
  merchant_data?: string;
  /** @example '2026-11-20T10:25:40Z' */
  created_at?: string;
  /**
   * The last moment to capture.
   * @example '2026-12-18T00:00:00Z'
   */
  expires_at?: string;
  order_lines?: ManagedOrderLine[];
  captures?: ManagedCapture[];
  refunds?: ManagedRefund[];
  customer?: ManagedOrderCustomer;
  billing_address?: ManagedOrderAddress;
  shipping_address?: ManagedOrderAddress;
  shipping_info?: ManagedShippingInfo[];
  selected_shipping_option?: SelectedShippingOption;
  initial_payment_method?: InitialPaymentMethod;
}
