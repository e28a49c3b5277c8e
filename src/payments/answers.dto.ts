import { ApiProperty } from '@nestjs/swagger';
import { ListOf, Nested, Text } from '../http/fields.js';
import { PaymentsAddress } from './address.dto.js';
import { Cart } from './session-request.dto.js';

/** Pictures of a way to pay. */
export class AssetUrls {
  @Text({ description: 'With the name of the way to pay' })
  descriptive?: string;

  @Text({ description: 'The badge alone' })
  standard?: string;
}

/** A way to pay that this cart allows. */
export class PaymentMethodCategory {
  @Text({ description: 'What the widget in the browser is told to show', example: 'pay_later' })
  identifier?: string;

  @Text({ description: "In the shopper's language", example: 'Pay later' })
  name?: string;

  @Nested(() => AssetUrls, { description: 'Pictures of it for your page; Klarna keeps them up to date' })
  asset_urls?: AssetUrls;
}

/** What Klarna answers to a new session. */
export class SessionCreated {
  @ApiProperty({ description: "Klarna's id of the session" })
  session_id!: string;

  @ApiProperty({ description: "Starts Klarna's widget in the browser" })
  client_token!: string;

  @ListOf(() => PaymentMethodCategory, { description: 'The ways to pay that this cart allows' })
  payment_method_categories?: PaymentMethodCategory[];
}

/** A session as Klarna shows it, with the fields it was made with. Who the shopper is comes after the authorization. */
export class SessionShown extends Cart {
  @ApiProperty({ enum: ['incomplete', 'complete'], description: 'complete: an order was placed' })
  status!: string;

  @ApiProperty({
    required: false,
    description: 'After the shopper authorized: places one order, or makes a customer token, within 60 minutes',
  })
  authorization_token?: string;

  @ApiProperty({ format: 'date-time', description: 'When the session ends: 48 hours after it was opened' })
  expires_at!: string;

  @ApiProperty({ required: false, description: "Starts Klarna's widget in the browser" })
  client_token?: string;

  @ListOf(() => PaymentMethodCategory, { description: 'The ways to pay that this cart allows' })
  payment_method_categories?: PaymentMethodCategory[];
}

/** Whose customer token it is. */
export class TokenCustomer {
  @Text({ format: 'date', description: 'Year, month, day', example: '1941-03-21' })
  date_of_birth?: string;

  @Text({ description: 'male or female' })
  gender?: string;
}

/** What Klarna answers to a customer token that was made. */
export class CustomerTokenCreated {
  @ApiProperty({ description: 'The customer token: keep it as a secret, it charges the shopper' })
  token_id!: string;

  @Text({ description: 'Where the shopper goes next' })
  redirect_url?: string;

  @Text({ description: "Klarna's reference of the shopper's payment method" })
  payment_method_reference?: string;

  @Nested(() => PaymentsAddress, { description: 'Whom the token charges' })
  billing_address?: PaymentsAddress;

  @Nested(() => TokenCustomer, { description: 'More about whom the token charges' })
  customer?: TokenCustomer;
}
