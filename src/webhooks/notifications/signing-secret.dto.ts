import { ApiProperty } from '@nestjs/swagger';

/** What messages to the shop's own URLs from `merchant_urls` are signed with. */
export class SigningSecret {
  @ApiProperty({
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    description: 'Key of the signatures (Standard Webhooks): `whsec_` and 32 random bytes in base64. One for all of the merchant.',
  })
  secret: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when messages are signed with the secret before this one, too; null when it was not exchanged lately.',
  })
  previous_secret_until: string | null;
}
