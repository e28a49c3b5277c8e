import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';

const OUTCOMES = ['succeeded', 'rejected', 'new_key'] as const;

/** A person's word on an operation that the service could not settle. */
export class ResolveRequest {
  @ApiProperty({
    enum: OUTCOMES,
    description:
      'succeeded: it happened (give `provider_id`). rejected: it did not, and is not to be tried again. new_key: it did not; send it once more under a new idempotency key.',
    example: 'rejected',
  })
  @IsIn(OUTCOMES)
  outcome: (typeof OUTCOMES)[number];

  @ApiPropertyOptional({ description: "The provider's id of the capture, refund or order that was found.", maxLength: 255 })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  provider_id?: string | null;

  @ApiProperty({ description: 'Why, for whoever reads the timeline later.', maxLength: 1000, example: 'Not in the merchant portal.' })
  @IsString()
  @MinLength(1)
  @MaxLength(1000)
  reason: string;
}
