import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { createdHeaders, DescribesRead, DescribesWrite } from './api-documents.js';
import { REFUND_EXAMPLES } from './order-management.examples.js';
import { ManagedRefund } from './order-view.dto.js';
import { RefundRequest } from './refunds.dto.js';
import { RefundsService } from './refunds.service.js';

@ApiTags('Order Management: refunds')
@Controller('ordermanagement/v1/orders/:order_id/refunds')
export class RefundsController {
  constructor(private readonly refunds: RefundsService) {}

  /** Give back part or all of what was captured. */
  @DescribesWrite('`REFUND_NOT_ALLOWED`: more than was captured and not refunded.')
  @ApiBody({ type: RefundRequest, examples: REFUND_EXAMPLES })
  @ApiCreatedResponse({ description: 'Refunded. There is no body.', headers: createdHeaders('Refund-Id') })
  @Post()
  refund(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() refund: RefundRequest,
  ): Promise<OperationReply> {
    return this.refunds.request({ ...call, orderId, key }, refund, bytes);
  }

  /** Read one refund. There is no list: the order shows all. */
  @DescribesRead()
  @ApiOkResponse({ type: ManagedRefund })
  @Get(':refund_id')
  read(@WireCallOf() call: WireCall, @Param('order_id') orderId: string, @Param('refund_id') refundId: string): Promise<OperationReply> {
    return this.refunds.read({ ...call, orderId }, refundId);
  }
}
