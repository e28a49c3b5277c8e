import { ApiProperty } from '@nestjs/swagger';
import { type AuthorizedPaymentMethod, EitherPaymentMethod } from './authorized-payment-method.js';

/** What Klarna answers to a placed order, whether it came from an authorization or from a customer token. */
export class OrderPlaced {
  @ApiProperty({ description: 'Names the order in Order Management' })
  order_id!: string;

  @ApiProperty({ enum: ['ACCEPTED', 'PENDING'], required: false, description: 'PENDING: keep the goods until it is decided' })
  fraud_status?: string;

  @ApiProperty({ required: false, description: 'Where the shopper goes next; absent without a confirmation URL' })
  redirect_url?: string;

  @EitherPaymentMethod()
  authorized_payment_method?: AuthorizedPaymentMethod | string;
}
