import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { PassedHeaders } from '../http/passed-headers.decorator.js';
import { Prefer } from '../http/prefer.decorator.js';
import type { Caller } from '../merchants/caller.js';
import type { OperationReply, Preference } from '../operations/request.js';
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
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() refund: RefundRequest,
  ): Promise<OperationReply> {
    return this.refunds.request({ caller, orderId, key, prefer, headers }, refund, bytes);
  }

  /** Read one refund. There is no list: the order shows all. */
  @DescribesRead()
  @ApiOkResponse({ type: ManagedRefund })
  @Get(':refund_id')
  read(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @Param('refund_id') refundId: string,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.refunds.read({ caller, orderId, headers }, refundId);
  }
}
