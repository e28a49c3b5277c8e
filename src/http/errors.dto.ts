import { ApiProperty } from '@nestjs/swagger';

/** A refusal on Klarna's routes, in Klarna's shape. One that Klarna made is passed on as it is. */
export class KlarnaErrorBody {
  @ApiProperty({ example: 'BAD_VALUE', description: 'What went wrong, in one word: programs decide by it' })
  error_code!: string;

  @ApiProperty({
    isArray: true,
    type: String,
    description: 'What went wrong, for people; may be empty',
    example: ['Bad value: order_lines[2].total_tax_amount'],
  })
  error_messages!: string[];

  @ApiProperty({ description: "The request's id, here or at Klarna; also in the Klarna-Correlation-Id header" })
  correlation_id!: string;
}

/** A refusal on this service's own routes (RFC 9457). */
export class Problem {
  @ApiProperty({ example: 'about:blank', description: 'Always about:blank: `code` tells what went wrong' })
  type!: string;

  @ApiProperty({ example: 'Not Found', description: 'The status in words' })
  title!: string;

  @ApiProperty({ type: 'integer', example: 404, description: 'HTTP status of this answer' })
  status!: number;

  @ApiProperty({ example: 'There is no such resource', description: 'What went wrong, for people' })
  detail!: string;

  @ApiProperty({ example: 'NOT_FOUND', description: 'Stable: programs decide by it' })
  code!: string;

  @ApiProperty({ description: 'Also in the Klarna-Correlation-Id header' })
  request_id!: string;

  @ApiProperty({ type: Boolean, description: 'Whether the same request may be sent again as it is' })
  retryable!: boolean;

  @ApiProperty({ type: String, required: false, description: 'The operation to look at: GET /operations/{id}' })
  operation_id?: string;
}
