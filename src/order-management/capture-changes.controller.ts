import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { DescribesRead, DescribesWrite } from './api-documents.js';
import { CapturesService } from './captures.service.js';
import { DueDateOptions, ExtendDueDateRequest } from './due-dates.dto.js';
import { DUE_DATE_EXAMPLES, SHIPPING_EXAMPLES } from './order-management.examples.js';
import { ShippingInfoRequest } from './orders.dto.js';

@ApiTags('Order Management: captures')
@Controller('ordermanagement/v1/orders/:order_id/captures/:capture_id')
export class CaptureChangesController {
  constructor(private readonly captures: CapturesService) {}

  /** Add parcels to a capture. A second request adds them again. */
  @DescribesWrite('`NOT_ALLOWED`: the order has no captures.')
  @ApiBody({ type: ShippingInfoRequest, examples: SHIPPING_EXAMPLES })
  @ApiNoContentResponse({ description: 'Added.' })
  @HttpCode(204)
  @Post('shipping-info')
  addShippingInfo(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ShippingInfoRequest,
  ): Promise<OperationReply> {
    return this.captures.addShippingInfo({ ...call, orderId, key }, captureId, bytes);
  }

  /** Send the shopper Klarna's message about a capture again. */
  @DescribesWrite('`NOT_ALLOWED`: the order has no captures.')
  @ApiNoContentResponse({ description: 'Sent.' })
  @HttpCode(204)
  @Post('trigger-send-out')
  triggerSendOut(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
  ): Promise<OperationReply> {
    return this.captures.triggerSendOut({ ...call, orderId, key }, captureId);
  }

  /** List by how long the payment of a capture can be put off, and what each costs. */
  @DescribesRead()
  @ApiOkResponse({ type: DueDateOptions })
  @Get('extend-due-date-options')
  extendDueDateOptions(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
  ): Promise<OperationReply> {
    return this.captures.extendDueDateOptions({ ...call, orderId }, captureId);
  }

  /** Put the shopper's payment off, for a fee. This can't be undone. */
  @DescribesWrite('`NOT_ALLOWED`: not with this way to pay, or not by so many days.')
  @ApiBody({ type: ExtendDueDateRequest, examples: DUE_DATE_EXAMPLES })
  @ApiNoContentResponse({ description: 'Put off.' })
  @HttpCode(204)
  @Patch('extend-due-date')
  extendDueDate(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ExtendDueDateRequest,
  ): Promise<OperationReply> {
    return this.captures.extendDueDate({ ...call, orderId, key }, captureId, bytes);
  }
}
