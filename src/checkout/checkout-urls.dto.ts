import { Text, TextList, WholeNumber } from '../http/fields.js';

const url = (description: string, required = false) => Text({ max: 2000, required, description });

/** Addresses that Klarna sends the shopper or itself to; `{checkout.order.id}` in them is filled in by Klarna. */
export class CheckoutMerchantUrls {
  @url('Your terms, linked from the checkout', true)
  terms!: string;

  @url('Your page with the snippet: the shopper is sent back to it', true)
  checkout!: string;

  @url('Where the shopper goes after the purchase; show the snippet again there', true)
  confirmation!: string;

  @url('Told, without a body, that an order was completed; until it is acknowledged', true)
  push!: string;

  @url('Asked with the whole order when the shopper buys; https')
  validation?: string;

  @url('Told when a pending order was decided')
  notification?: string;

  @url('Your terms for returns, linked from the mail after a capture')
  cancellation_terms?: string;

  @url('Asked for a cart when the shopper chooses a shipping option; https')
  shipping_option_update?: string;

  @url('Asked for a cart when the shopper changes an address; https')
  address_update?: string;

  @url('Asked for a cart when the shopper changes the country; https')
  country_change?: string;
}

/** A way to pay, or another checkout, that is not Klarna's and is offered beside it. */
export class CheckoutPaymentProvider {
  @Text({ required: true, max: 255, description: 'What the shopper reads for it', example: 'PayPal' })
  name!: string;

  @WholeNumber({ description: 'What it costs the shopper, in minor units, with tax' })
  fee?: number;

  @Text({ max: 500, description: 'Shown below its name when it is chosen' })
  description?: string;

  @TextList({ description: 'Where it is offered, ISO 3166 alpha-2; everywhere when absent' })
  countries?: string[];

  @Text({ description: 'Word on the button: continue or complete' })
  label?: string;

  @Text({ required: true, min: 7, max: 2000, description: 'Where the shopper is sent; https', example: 'https://shop.example/paypal' })
  redirect_url!: string;

  @Text({ max: 2000, description: 'Where its picture is; https. A checkout needs one, of 276 × 48 pixels' })
  image_url?: string;
}
