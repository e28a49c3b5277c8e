import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { OwnRefusals } from '../http/documented.js';
import { checkOrderLines } from './check.js';
import { OrderLinesCheck } from './check.dto.js';
import { CheckRequest } from './check-request.dto.js';
import { CHECK_EXAMPLES } from './order-lines.examples.js';

@ApiTags('Order lines')
@Controller('order-lines')
export class OrderLinesController {
  @ApiOperation({
    summary: 'Check the order lines of a body before it is sent to Klarna',
    description:
      "Line by line: what is wrong, by how many minor units, the corrected line, the rule. Nothing is stored and nothing is sent. A request that Klarna refused with BAD_VALUE has the same in its operation's order_lines_check.",
  })
  @ApiBody({ type: CheckRequest, examples: CHECK_EXAMPLES })
  @ApiOkResponse({ type: OrderLinesCheck })
  @OwnRefusals('BAD_REQUEST', 'BAD_VALUE', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @HttpCode(200)
  @Post('check')
  check(@Body() request: CheckRequest): OrderLinesCheck {
    return checkOrderLines(request.api, { ...request });
  }
}
