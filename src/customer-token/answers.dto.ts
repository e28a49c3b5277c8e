import { ApiProperty } from '@nestjs/swagger';
import { Nested, Text } from '../http/fields.js';
import { KlarnaErrorBody } from '../http/errors.dto.js';
import { type AuthorizedPaymentMethod, EitherPaymentMethod } from '../shapes/authorized-payment-method.js';

export class TokenCard {
  @Text({ description: 'Who issues the card', example: 'VISA' })
  brand?: string;

  @Text({ description: 'The number of the card, all but its end blotted out', example: '************1234' })
  masked_number?: string;

  @Text({ description: 'Month and year in which the card ends', example: '12/2030' })
  expiry_date?: string;
}

export class TokenDirectDebit {
  @Text({ description: 'The number of the bank account, all but its end blotted out', example: '**********124' })
  masked_number?: string;
}

/** A customer token as Klarna shows it. */
export class TokenShown {
  @ApiProperty({ description: 'ACTIVE, SUSPENDED (by Klarna) or CANCELLED; compare without regard to case', example: 'ACTIVE' })
  status!: string;

  @ApiProperty({ description: 'How the shopper pays', example: 'INVOICE' })
  payment_method_type!: string;

  @Nested(() => TokenCard, { description: 'When a card is charged' })
  card?: TokenCard;

  @Nested(() => TokenDirectDebit, { description: 'When a bank account is charged' })
  direct_debit?: TokenDirectDebit;
}

/** A charge that Klarna refused, with what it may say beside the code. */
export class TokenOrderRefused extends KlarnaErrorBody {
  @ApiProperty({ required: false, description: 'How the assessment ended', example: 'REJECTED' })
  fraud_status?: string;

  @ApiProperty({ required: false, description: "Why, in Klarna's words" })
  reason?: string;

  @EitherPaymentMethod()
  authorized_payment_method?: AuthorizedPaymentMethod | string;

  @ApiProperty({
    required: false,
    description:
      'After a declined charge with step_up SUPPORTED: give it to a new session with customer.customer_token, and the shopper can choose another method',
  })
  step_up_id?: string;
}
