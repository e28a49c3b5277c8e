type Scalar = string | number | boolean;

interface Choice<V extends Scalar> {
  values: readonly [V, ...V[]];
  default: V;
  question: string;
}

interface Quantity {
  values: null;
  default: number;
  question: string;
  /** The largest value; any by default. */
  max?: number;
}

/** A switch with named values; the first is the default. */
function choice<const V extends Scalar>(values: readonly [V, ...V[]], question: string): Choice<V> {
  return { values, default: values[0], question };
}

/** A switch that holds a whole number from 0. */
function quantity(initial: number, question: string): Quantity {
  return { values: null, default: initial, question };
}

/** A switch that holds how many of a hundred. */
function percent(question: string): Quantity {
  return { ...quantity(0, question), max: 100 };
}

/**
 * What nobody outside Klarna knows for certain, one switch per question. The defaults are the likelier answers; a promise
 * counts as proven when it holds on every value.
 */
export const SWITCHES = {
  concurrent_key: choice(['waits', 'conflict'], 'What does a second call get while the first with the same key still runs?'),
  replay_4xx: choice([true, false], 'Is a definite 4xx remembered under its key?'),
  remember_5xx: choice([false, true], 'Is a 5xx answer remembered under its key?'),
  payments_keys: choice(['ignored', 'honoured'], 'Does an idempotency key on Payments writes count?'),
  repeated_token: choice(
    ['same_order', 'consumed', 'session_completed', 'already_completed'],
    'What does create order answer to the same token and the same bytes once the order exists?',
  ),
  repeated_customer_token: choice(
    ['same_token', 'consumed'],
    'What does the same authorization token with the same bytes get once it has made a customer token?',
  ),
  token_and_order: choice(
    ['both', 'either', 'token_first', 'order_first'],
    'Does one authorization make an order and a customer token, or does one use it up for the other?',
  ),
  token_cancel_seconds: quantity(0, 'How long is a cancelled customer token still shown, and charged, as before?'),
  repeated_token_cancel: choice(['accepted', 'forbidden'], 'What does a cancelled customer token answer to another cancel?'),
  unknown_token_code: choice(['TOKEN_NOT_FOUND', 'NOT_FOUND'], 'Code of an unknown customer token?'),
  unknown_step_up: choice(['ignored', 'refused'], 'What becomes of a session that names a step-up nobody was offered?'),
  step_up_intent: choice(['same', 'any'], 'Must the session of a step-up have the intent that the customer token was made with?'),
  sticky_errors: choice([false, true], 'Does a failed create order make the same error come back for its token?'),
  read_lag_seconds: quantity(0, 'How long is a new order unknown to Order Management?'),
  stale_read_seconds: quantity(0, 'How far behind may reads of an order be?'),
  status_after_release: choice(['CAPTURED', 'CLOSED'], 'Status after release-remaining-authorization on a part-captured order?'),
  status_after_expiry: choice(['EXPIRED', 'PART_CAPTURED', 'CLOSED'], 'Status of a part-captured order once it has expired?'),
  release_on_expired: choice(['forbidden', 'no_content'], 'Can the rest of an expired, part-captured order be released?'),
  cancel_on_cancelled: choice(['forbidden', 'no_content'], 'What does cancel answer on a cancelled order?'),
  expires_after_capture: choice(['unchanged', 'renewed'], 'Does a partial capture give the rest a fresh 28 days?'),
  zero_amount_capture: choice(['accepted', 'rejected'], 'May a capture be of 0?'),
  capture_line_sums: choice(['ignored', 'checked'], 'Are order lines of captures, refunds and authorization updates added up?'),
  order_tax_tolerance: choice(['lines', 'quantity', 'exact'], 'By how much may order_tax_amount miss the sum of the lines?'),
  whole_decimals: choice(['accepted', 'rejected'], 'Is 100.0 (or 1e2) an integer?'),
  references_on_expired: choice(['no_content', 'forbidden'], 'Can the merchant references of an expired order be changed?'),
  address_when_captured: choice(['forbidden', 'no_content'], 'Can the shipping address of a part-captured order be changed?'),
  due_date_again: choice(['accepted', 'refused'], 'Can the due date of one capture be extended a second time?'),
  max_captures_and_refunds: quantity(0, 'How many captures, and how many refunds, may an order have? (0: any number)'),
  shipping_delay: choice(['refused', 'enabled'], 'Is shipping_delay above 0 enabled for this merchant?'),
  capture_while_pending: choice(['refused', 'accepted'], 'May an order be captured while its fraud status is PENDING?'),
  pending_decision_seconds: quantity(14_400, 'After how long is a pending order decided?'),
  invalid_order_id_status: choice([400, 404], 'Status of INVALID_ORDER_ID?'),
  unknown_refund_status: choice([404, 400], 'Status of an unknown refund id?'),
  foreign_orders: choice(['not_found', 'forbidden'], 'What does a merchant get for an id that belongs to another?'),
  checkout_status_case: choice(['lower', 'upper'], 'In which case are the statuses of Checkout written?'),
  completed_checkout: choice(['shown', 'gone'], 'Is a checkout still shown once it is completed?'),
  aborted_checkout: choice(['marked', 'unmarked', 'gone'], 'How does an aborted checkout show?'),
  silent_cart_callback: choice(['blocks', 'goes_on'], 'May the shopper go on when the shop does not answer for a new cart?'),
  authorized_payment_method: choice(['object', 'string'], 'Form of authorized_payment_method?'),
  push_repeats: choice(['until_200', 'until_acknowledged', 'once'], 'What stops the Payments push?'),
  notification_stops_on: choice(['only_200', 'any_2xx'], 'Which answer stops a fraud notification?'),
  cart_callback_ms: quantity(10_000, 'How long does Klarna wait for a new cart, in real milliseconds?'),
  moved_checkout: choice(['answered', 'forbidden', 'not_found'], 'Does a host that Checkout has moved away from still answer for it?'),
  checkout_callbacks_from: choice(['127.0.0.1', '127.0.0.2'], 'From which address do the callbacks of Checkout come?'),
  checkout_page_order: choice(['shown', 'left_out'], 'Does the read of a completed hosted page tell the order of its checkout?'),
  notification_ms: quantity(5_000, 'How long does Klarna wait for the answer to a fraud notification, in real milliseconds?'),
  authorization_references: choice(['left_out', 'told'], 'Does the authorization callback tell the merchant references of the session?'),
  other_placeholders: choice(['filled', 'left'], "Are the placeholders of the other API filled in, as Checkout's in a URL of Payments?"),
  merchant_urls_again: choice(
    ['replaced', 'merged'],
    'Do merchant URLs that are given again (in an update, in create order) replace those before as a whole, or one by one?',
  ),
  stopped_order: choice(['REJECTED', 'ACCEPTED'], 'Which fraud status does an order show that was stopped?'),
  page_timeout_callback: choice(['sent', 'not_sent'], 'Is there a status_update when a hosted page expires?'),
  expired_page: choice(['not_found', 'timeout'], 'What does the read of an expired hosted page answer?'),
  disable_on_disabled: choice(['no_content', 'bad_request'], 'What does disable answer on a disabled hosted page?'),
  distribution_status: choice([204, 201], 'Status of a distribution?'),
  rate_limit: choice(['off', 'production', 'playground'], 'Which rate limits apply?'),
  callbacks_http_loopback: choice([true, false], 'May merchant URLs be plain http when they point to this machine?'),
  callbacks_hold: choice([false, true], 'Are new callbacks held back until they are released?'),
  callbacks_lost: percent('How many of a hundred callbacks never come?'),
  callbacks_doubled: percent('How many of a hundred callbacks come twice, each with its repeats?'),
  callbacks_delayed: percent('How many of a hundred callbacks are late?'),
  callbacks_delay_seconds: quantity(30, 'By how much are they late at most, in virtual seconds?'),
  callbacks_seed: quantity(0, 'What are lost, doubled and late callbacks drawn with?'),
};

export type SwitchName = keyof typeof SWITCHES;
export type SwitchValues = { [Name in SwitchName]: (typeof SWITCHES)[Name] extends Choice<infer V> ? V : number };

/** A switch or value that does not exist; the message names what does. */
export class UnknownSwitch extends Error {}

const isSwitch = (name: string): name is SwitchName => Object.hasOwn(SWITCHES, name);

/** The positions of all switches. */
export class Switches {
  private readonly set = new Map<string, Scalar>();

  get<Name extends SwitchName>(name: Name): SwitchValues[Name] {
    return (this.set.get(name) ?? SWITCHES[name].default) as SwitchValues[Name];
  }

  /**
   * Sets several switches, all or none.
   * @throws UnknownSwitch when a name or value does not exist
   */
  apply(wanted: Record<string, unknown>): void {
    const checked = Object.entries(wanted).map(([name, value]) => [name, this.allowed(name, value)] as const);
    for (const [name, value] of checked) this.set.set(name, value);
  }

  reset(): void {
    this.set.clear();
  }

  /** The switches that differ from their defaults. */
  changed(): Record<string, Scalar> {
    return Object.fromEntries(this.set);
  }

  /** Every switch with its value, the allowed values (null: any whole number from 0), its default and its question. */
  describe(): Record<string, { value: Scalar; allowed: readonly Scalar[] | null; default: Scalar; question: string }> {
    return Object.fromEntries(
      Object.entries(SWITCHES).map(([name, known]) => [
        name,
        { value: this.set.get(name) ?? known.default, allowed: known.values, default: known.default, question: known.question },
      ]),
    );
  }

  private allowed(name: string, value: unknown): Scalar {
    if (!isSwitch(name)) throw new UnknownSwitch(`Unknown switch ${name}. Allowed: ${Object.keys(SWITCHES).join(', ')}`);
    const known: Choice<Scalar> | Quantity = SWITCHES[name];
    const { values } = known;
    if (values === null) {
      const { max } = known;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= (max ?? value)) return value;
      throw new UnknownSwitch(`Switch ${name} takes a whole number from 0${max === undefined ? '' : ` to ${max}`}`);
    }
    // "true" and "400" are what a shell script writes; they mean the same as true and 400.
    const found = values.find((each) => each === value || String(each) === value);
    if (found === undefined) throw new UnknownSwitch(`Switch ${name} takes ${values.join(', ')}`);
    return found;
  }
}
