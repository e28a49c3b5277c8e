import { ApiProperty } from '@nestjs/swagger';
import { AnyList, Explained, OneOf } from '../http/fields.js';
import { LINE_APIS, type LineApi } from './form.js';

const AMOUNT = { type: 'integer', format: 'int64', required: false } as const;

/** A body as it is sent to Klarna, and the API that it is for. Further fields of the body may stay. Whatever else is wrong with it is a finding. */
@Explained()
export class CheckRequest {
  @OneOf(LINE_APIS, { required: true, description: 'The API of Klarna that the body is for.', example: 'payments' })
  api!: LineApi;

  @ApiProperty({ ...AMOUNT, description: 'Of a cart, an order or a changed authorization, in minor units.', example: 10_000 })
  order_amount?: unknown;

  @ApiProperty({ ...AMOUNT, description: 'Of a capture, instead of order_amount, in minor units.' })
  captured_amount?: unknown;

  @ApiProperty({ ...AMOUNT, description: 'Of a refund, instead of order_amount, in minor units.' })
  refunded_amount?: unknown;

  @ApiProperty({ ...AMOUNT, description: 'Tax of the whole, in minor units.', example: 2_000 })
  order_tax_amount?: unknown;

  @ApiProperty({ type: String, required: false, description: 'ISO 3166 alpha-2: in the US tax is a line of its own.', example: 'SE' })
  purchase_country?: unknown;

  @AnyList({ required: true, description: 'The lines, with the fields that they have at Klarna.' })
  order_lines!: unknown[];
}
