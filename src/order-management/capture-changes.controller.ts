import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { PassedHeaders } from '../http/passed-headers.decorator.js';
import { Prefer } from '../http/prefer.decorator.js';
import type { Caller } from '../merchants/caller.js';
import type { OperationReply, Preference } from '../operations/request.js';
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
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ShippingInfoRequest,
  ): Promise<OperationReply> {
    return this.captures.addShippingInfo({ caller, orderId, key, prefer, headers }, captureId, bytes);
  }

  /** Send the shopper Klarna's message about a capture again. */
  @DescribesWrite('`NOT_ALLOWED`: the order has no captures.')
  @ApiNoContentResponse({ description: 'Sent.' })
  @HttpCode(204)
  @Post('trigger-send-out')
  triggerSendOut(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.captures.triggerSendOut({ caller, orderId, key, prefer, headers }, captureId);
  }

  /** List by how long the payment of a capture can be put off, and what each costs. */
  @DescribesRead()
  @ApiOkResponse({ type: DueDateOptions })
  @Get('extend-due-date-options')
  extendDueDateOptions(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.captures.extendDueDateOptions({ caller, orderId, headers }, captureId);
  }

  /** Put the shopper's payment off, for a fee. This can't be undone. */
  @DescribesWrite('`NOT_ALLOWED`: not with this way to pay, or not by so many days.')
  @ApiBody({ type: ExtendDueDateRequest, examples: DUE_DATE_EXAMPLES })
  @ApiNoContentResponse({ description: 'Put off.' })
  @HttpCode(204)
  @Patch('extend-due-date')
  extendDueDate(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @Param('capture_id') captureId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ExtendDueDateRequest,
  ): Promise<OperationReply> {
    return this.captures.extendDueDate({ caller, orderId, key, prefer, headers }, captureId, bytes);
  }
}
