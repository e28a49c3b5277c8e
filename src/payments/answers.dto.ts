import { ApiProperty } from '@nestjs/swagger';

/** What Klarna answers to a new session. */
export class SessionCreated {
  @ApiProperty({ description: "Klarna's id of the session" })
  session_id!: string;

  @ApiProperty({ description: "Starts Klarna's widget in the browser" })
  client_token!: string;

  @ApiProperty({ type: 'array', items: { type: 'object' }, required: false, description: 'The ways to pay that this cart allows' })
  payment_method_categories?: object[];
}

/** A session as Klarna shows it, with the fields it was made with and these. */
export class SessionShown {
  @ApiProperty({ enum: ['incomplete', 'complete'], description: 'complete: an order was placed' })
  status!: string;

  @ApiProperty({ required: false, description: 'After the shopper authorized: places one order within 60 minutes' })
  authorization_token?: string;

  @ApiProperty({ format: 'date-time' })
  expires_at!: string;

  @ApiProperty({ type: 'integer', format: 'int64', description: 'Minor units' })
  order_amount!: number;
}

/** What Klarna answers to a placed order. */
export class OrderPlaced {
  @ApiProperty({ description: 'Names the order in Order Management' })
  order_id!: string;

  @ApiProperty({ enum: ['ACCEPTED', 'PENDING'], required: false, description: 'PENDING: keep the goods until it is decided' })
  fraud_status?: string;

  @ApiProperty({ required: false, description: 'Where the shopper goes next; absent without a confirmation URL' })
  redirect_url?: string;

  @ApiProperty({ type: Object, required: false, description: 'How the shopper pays' })
  authorized_payment_method?: object;
}
