import { ApiProperty } from '@nestjs/swagger';
import { RULES, type Finding, type RuleName } from './finding.js';
import { LINE_APIS, type LineApi } from './form.js';

const MINOR_UNITS = { type: 'integer', format: 'int64', nullable: true } as const;

/** One thing that is wrong with an order line or a sum, or that may be. */
export class OrderLineFinding implements Finding {
  @ApiProperty({ example: 'order_lines[0].total_tax_amount', description: 'Which field it is about, as Klarna would name it.' })
  field: string;

  @ApiProperty({ enum: Object.keys(RULES), example: 'line_tax', description: 'The rule, as a word for programs.' })
  code: RuleName;

  @ApiProperty({
    enum: ['error', 'warning'],
    description: 'error: against what Klarna documents. warning: Klarna may accept it, or no document says.',
  })
  level: 'error' | 'warning';

  @ApiProperty({
    nullable: true,
    oneOf: [{ type: 'number' }, { type: 'string' }],
    example: 5_000,
    description: 'What was sent, where it is a number, a text that looks like one, or a word with a meaning.',
  })
  given: number | string | null;

  @ApiProperty({ ...MINOR_UNITS, example: 4_545, description: 'What it should be; null where only the sender can know.' })
  expected: number | null;

  @ApiProperty({
    ...MINOR_UNITS,
    example: 455,
    description: 'Minor units: given − expected, a tax that was left out counting as 0; null where these are no amounts.',
  })
  off_by: number | null;

  @ApiProperty({ description: 'The rule in plain words.' })
  rule: string;

  @ApiProperty({ nullable: true, type: String, description: 'What it looks like, when it looks like a well-known mistake.' })
  hint: string | null;
}

export class CheckedOrderLine {
  @ApiProperty({ type: 'integer', description: 'Its place in order_lines, from 0.' })
  index: number;

  @ApiProperty({ nullable: true, type: String, description: "The line's own reference." })
  reference: string | null;

  @ApiProperty({ type: [OrderLineFinding], description: 'What is wrong with this line; empty when nothing is.' })
  findings: OrderLineFinding[];

  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: true,
    description:
      'The whole line with corrected amounts, computed from quantity, unit_price, discount and rate; null where nothing is to be corrected.',
  })
  corrected: Readonly<Record<string, unknown>> | null;
}

/** What is wrong with the order lines of a body, line by line. */
export class OrderLinesCheck {
  @ApiProperty({ enum: LINE_APIS, description: 'By whose rules the lines were judged.' })
  api: LineApi;

  @ApiProperty({
    description:
      'Whether Klarna should accept the lines and their sums, as far as its documents say: there is no finding of the level error.',
  })
  passes: boolean;

  @ApiProperty({ type: [OrderLineFinding], description: 'About the body as a whole: its amounts, the number of lines.' })
  findings: OrderLineFinding[];

  @ApiProperty({
    nullable: true,
    type: 'object',
    additionalProperties: { type: 'integer', format: 'int64' },
    example: { order_tax_amount: 4_545 },
    description: 'The amounts of the body that differ from what the corrected lines add up to; null where none does.',
  })
  corrected: Readonly<Record<string, number>> | null;

  @ApiProperty({ type: [CheckedOrderLine], description: 'Every line, in order.' })
  lines: CheckedOrderLine[];
}
