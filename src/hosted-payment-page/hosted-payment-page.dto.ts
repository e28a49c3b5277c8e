import { ListOf, Nested, OneOf, Text, WholeNumber, WordList } from '../http/fields.js';

const CATEGORIES = ['DIRECT_DEBIT', 'DIRECT_BANK_TRANSFER', 'PAY_NOW', 'PAY_LATER', 'PAY_OVER_TIME', 'KLARNA'] as const;

/** Where the shopper, or Klarna itself, goes; `{{session_id}}`, `{{order_id}}` and `{{authorization_token}}` are filled in by Klarna. */
export class PageUrls {
  @Text({
    description: 'Where the shopper goes after paying; the redirect proves nothing, read the page',
    example: 'https://shop.example/paid?page={{session_id}}',
  })
  success?: string;

  @Text({ description: 'Where the shopper goes who gives up; the page is over then' })
  cancel?: string;

  @Text({ description: 'Where the shopper goes who turns back; the page stays open' })
  back?: string;

  @Text({ description: 'Where the shopper goes when the payment was declined; the page stays open' })
  failure?: string;

  @Text({ description: 'Where the shopper goes when something broke; without it, `failure`' })
  error?: string;

  @Text({ description: 'Told by Klarna of each change of status: a POST with event_id and the page, up to four times per event' })
  status_update?: string;
}

export class BackgroundImage {
  @Text({ description: 'Where the image is' })
  url?: string;

  @WholeNumber({ description: 'Pixels; the image that fits the screen best is taken' })
  width?: number;
}

export class PageOptions {
  @OneOf(['PLACE_ORDER', 'CAPTURE_ORDER', 'NONE'], {
    description:
      'Who places the order once the shopper has agreed. NONE, the default: you, with the authorization_token that the page then shows. PLACE_ORDER, CAPTURE_ORDER: Klarna, which captures it, too, in the latter',
  })
  place_order_mode?: string;

  @OneOf(['BUY', 'RENT', 'BOOK', 'SUBSCRIBE', 'DOWNLOAD', 'ORDER', 'CONTINUE'], { description: 'The word on the button' })
  purchase_type?: string;

  @OneOf(CATEGORIES, { description: 'The one way to pay that is offered; for payment sessions' })
  payment_method_category?: string;

  @WordList(CATEGORIES, { description: 'The ways to pay that are offered; all when neither member is there; for payment sessions' })
  payment_method_categories?: string[];

  @Text({ description: "Where the shop's logo is, which heads the page; https" })
  logo_url?: string;

  @ListOf(() => BackgroundImage, { description: 'What is behind the page: one image in several sizes' })
  background_images?: BackgroundImage[];

  @Text({ description: "The page's headline, in the shopper's language" })
  page_title?: string;

  @OneOf(['HIDE'], { description: 'HIDE: the cart without its subtotals' })
  show_subtotal_detail?: string;
}

export class CreatePageRequest {
  @Text({
    required: true,
    description: 'Names what is to be paid: the URL of a payment session or of a checkout order, at Klarna or at this service',
    example: 'https://api.klarna.com/payments/v1/sessions/0b1d9815-165e-42e2-8867-35bc03789e00',
  })
  payment_session_url!: string;

  @Nested(() => PageUrls, {
    description: 'Where the shopper goes from the page; where an address is missing, Klarna shows a page of its own',
  })
  merchant_urls?: PageUrls;

  @Nested(() => PageOptions, { description: 'How the page looks, and who places the order' })
  options?: PageOptions;

  @Text({ description: 'A set of options kept at Klarna, for what `options` leaves out' })
  profile_id?: string;
}

export class DistributionContact {
  @Text({ description: 'Where the mail goes; for the method email' })
  email?: string;

  @Text({ description: 'Where the text message goes; for the method sms' })
  phone?: string;

  @Text({ description: 'The country of `phone`, ISO 3166 alpha-2; for the method sms', example: 'SE' })
  phone_country?: string;

  @Text({ description: 'Names the access to the page; for the method token' })
  access_id?: string;
}

export class DistributePageRequest {
  @OneOf(['sms', 'email', 'token'], { required: true, description: 'How the link reaches the shopper' })
  method!: string;

  @Nested(() => DistributionContact, { required: true, description: 'Whom it reaches; which member is needed depends on `method`' })
  contact_information!: DistributionContact;

  @OneOf(['INSTORE_PURCHASE'], { description: 'Without effect today' })
  template?: string;
}
