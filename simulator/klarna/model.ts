import type { JsonObject } from '../json.js';
import type { Answer } from './answers.js';

/** All times are milliseconds of the virtual clock; all amounts are whole minor units of the order's currency. */

export interface OrderLine extends JsonObject {
  type?: string;
  reference?: string;
  name: string;
  quantity: number;
  unit_price: number;
  tax_rate?: number;
  total_amount: number;
  total_discount_amount?: number;
  total_tax_amount?: number;
}

export interface MerchantUrls extends JsonObject {
  confirmation?: string;
  notification?: string;
  push?: string;
  authorization?: string;
  /** Checkout's. */
  checkout?: string;
  terms?: string;
  validation?: string;
  address_update?: string;
  country_change?: string;
  shipping_option_update?: string;
}

/** The fields that session and create order share, as the merchant sent them; members we do not know are left out. */
export interface Purchase extends JsonObject {
  purchase_country: string;
  purchase_currency: string;
  order_amount: number;
  order_lines: OrderLine[];
  order_tax_amount?: number;
  locale?: string;
  intent?: string;
  auto_capture?: boolean;
  merchant_reference1?: string;
  merchant_reference2?: string;
  merchant_data?: string;
  merchant_urls?: MerchantUrls;
  billing_address?: JsonObject;
  shipping_address?: JsonObject;
  customer?: JsonObject;
}

export interface Session {
  session_id: string;
  merchant: string;
  client_token: string;
  created_at: number;
  expires_at: number;
  status: 'incomplete' | 'complete';
  purchase: Purchase;
  /** The newest authorization; older ones are superseded by it. */
  authorization_token?: string;
  order_id?: string;
}

export interface Authorization {
  authorization_token: string;
  session_id: string;
  merchant: string;
  authorized_at: number;
  state: 'open' | 'cancelled' | 'consumed';
  /** What the shopper agreed to; create order is compared with it. */
  purchase: Purchase;
  payment_method_category: string;
  order_id?: string;
  /** SHA-256 of the bytes that placed the order, and what was answered to them. */
  placed?: { body_sha256: string; answer: Answer };
  /** SHA-256 of the bytes that made a customer token, and what was answered to them. */
  tokenized?: { body_sha256: string; answer: Answer };
  /** The first refusal of create order, for the switch `sticky_errors`. */
  refused?: Answer;
}

export type TokenStatus = 'ACTIVE' | 'SUSPENDED' | 'CANCELLED';

/** What a shopper agreed to be charged by. */
export interface CustomerToken {
  token_id: string;
  merchant: string;
  /** Null: it came with a checkout. */
  authorization_token: string | null;
  created_at: number;
  status: TokenStatus;
  /** Cancelled, but shown as before until then. */
  cancelled_from?: number;
  /** What becomes of charges, as a test orders it. */
  charges: 'accepted' | 'declined' | 'unavailable';
  purchase_country: string;
  purchase_currency: string;
  locale: string;
  payment_method_category: string;
  billing_address?: JsonObject;
  customer?: JsonObject;
  /** Of the session that it was made with, where that named one. */
  intent?: string;
}

/** A declined charge that the shopper may repair. */
export interface StepUp {
  step_up_id: string;
  merchant: string;
  customer_token: string;
  /** The order with which it was repaired. */
  order_id?: string;
}

/** A checkout before it is an order. */
export interface Checkout {
  order_id: string;
  merchant: string;
  started_at: number;
  /** By the shop or the shopper; 48 hours later it is gone. */
  last_modified_at: number;
  completed_at?: number;
  aborted?: true;
  purchase: CheckoutPurchase;
  recurring_token?: string;
}

/** The members of a checkout that Klarna knows, as the merchant sent them and the shopper completed them. */
export interface CheckoutPurchase extends Purchase {
  order_tax_amount: number;
  locale: string;
  recurring?: boolean;
  options?: JsonObject & { auto_capture?: boolean; require_validate_callback_success?: boolean };
  shipping_options?: JsonObject[];
  selected_shipping_option?: JsonObject;
}

export type FraudStatus = 'ACCEPTED' | 'PENDING' | 'REJECTED';
export type OrderStatus = 'AUTHORIZED' | 'PART_CAPTURED' | 'CAPTURED' | 'CANCELLED' | 'EXPIRED' | 'CLOSED';

export interface Order {
  order_id: string;
  merchant: string;
  /** Null for orders that came from somewhere else than a payment session. */
  session_id: string | null;
  authorization_token: string | null;
  /** The customer token that was charged for it. */
  customer_token?: string;
  klarna_reference: string;
  created_at: number;
  expires_at: number;
  purchase: Purchase;
  order_amount: number;
  original_order_amount: number;
  captured_amount: number;
  refunded_amount: number;
  fraud_status: FraudStatus;
  /** How a pending order is going to be decided, and when. */
  decision?: { outcome: 'ACCEPTED' | 'REJECTED'; at: number };
  /** Klarna has stopped it, as a test ordered. */
  stopped?: true;
  cancelled: boolean;
  /** The status that releasing the rest gave the order. */
  released?: 'CAPTURED' | 'CLOSED';
  acknowledged: boolean;
  payment_method: string;
  /** Parcels of the order as a whole; those of captures are theirs. */
  shipping_info?: JsonObject[];
  capture_ids: string[];
  refund_ids: string[];
}

export interface Capture {
  capture_id: string;
  order_id: string;
  klarna_reference: string;
  captured_amount: number;
  refunded_amount: number;
  captured_at: number;
  idempotency_key: string | null;
  reference?: string;
  description?: string;
  order_lines: OrderLine[];
  shipping_info: JsonObject[];
  /** By how many days the payment was put off, once per extension. Klarna shows none of it. */
  due_date_extensions?: number[];
  /** How often Klarna's message to the shopper was sent again. */
  send_outs?: number;
}

export interface Refund {
  refund_id: string;
  order_id: string;
  refunded_amount: number;
  refunded_at: number;
  idempotency_key: string | null;
  reference?: string;
  description?: string;
  order_lines: OrderLine[];
}

export type PageStatus = 'WAITING' | 'IN_PROGRESS' | 'BACK' | 'FAILED' | 'ERROR' | 'COMPLETED' | 'CANCELLED' | 'DISABLED';
export type PlaceOrderMode = 'NONE' | 'PLACE_ORDER' | 'CAPTURE_ORDER';

export type PageUrlName = 'success' | 'cancel' | 'back' | 'failure' | 'error' | 'status_update';
export type PageUrls = { [Name in PageUrlName]?: string };

/** What is paid on a hosted page: a payment session, or a checkout. */
export interface PaidOnPage {
  api: 'payments' | 'checkout';
  id: string;
}

/** A hosted payment page. Its id is called session_id, too, and is not that of the payment session. */
export interface HostedPage {
  session_id: string;
  merchant: string;
  paid: PaidOnPage;
  created_at: number;
  updated_at: number;
  expires_at: number;
  status: PageStatus;
  /** The merchant was called about its end. */
  timeout_told?: true;
  place_order_mode: PlaceOrderMode;
  merchant_urls: PageUrls;
  options: JsonObject;
  /** The shopper has paid: one of the two, by place_order_mode. A checkout has become an order in any case. */
  authorization_token?: string;
  order_id?: string;
}

/** One message with the link to a page. */
export interface Distribution {
  distribution_id: string;
  session_id: string;
  method: string;
  contact: JsonObject;
  distributed_at: number;
}

/** The answer that a key replays for 24 hours from its first attempt. */
export interface RememberedAnswer {
  first_at: number;
  answer: Answer;
}

/** One request to a Klarna path, as the ledger keeps it. */
export interface RequestRecord {
  sequence: number;
  at: number;
  merchant: string | null;
  method: string;
  path: string;
  idempotency_key: string | null;
  body_sha256: string;
  body_bytes: number;
  order_id: string | null;
  authorization_token: string | null;
  /** This very request did what it asked for. A refusal, a replay and a call that never ran are all false. */
  executed: boolean;
  /** The answer came from an earlier call (same key, or same authorization token). */
  replayed: boolean;
  /** The status Klarna's rules arrived at, whatever was sent; null when the call never ran. */
  outcome: number | null;
  /** The status that was sent; null when no complete answer was delivered. */
  status: number | null;
  fault: string | null;
}
