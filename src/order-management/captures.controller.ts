import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { createdHeaders, DescribesRead, DescribesWrite } from './api-documents.js';
import { CaptureRequest } from './captures.dto.js';
import { CapturesService } from './captures.service.js';
import { CAPTURE_EXAMPLES } from './order-management.examples.js';
import { ManagedCapture } from './order-view.dto.js';

@ApiTags('Order Management: captures')
@Controller('ordermanagement/v1/orders/:order_id/captures')
export class CapturesController {
  constructor(private readonly captures: CapturesService) {}

  /** Capture part or all of an order. */
  @DescribesWrite('`CAPTURE_NOT_ALLOWED`: more than remains, cancelled, expired.')
  @ApiBody({ type: CaptureRequest, examples: CAPTURE_EXAMPLES })
  @ApiCreatedResponse({ description: 'Captured. There is no body.', headers: createdHeaders('Capture-Id') })
  @Post()
  capture(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() capture: CaptureRequest,
  ): Promise<OperationReply> {
    return this.captures.request({ ...call, orderId, key }, capture, bytes);
  }

  /** List the captures of an order. */
  @DescribesRead()
  @ApiOkResponse({ type: [ManagedCapture] })
  @Get()
  list(@WireCallOf() call: WireCall, @Param('order_id') orderId: string): Promise<OperationReply> {
    return this.captures.list({ ...call, orderId });
  }

  /** Read one capture. */
  @DescribesRead()
  @ApiOkResponse({ type: ManagedCapture })
  @Get(':capture_id')
  read(@WireCallOf() call: WireCall, @Param('order_id') orderId: string, @Param('capture_id') captureId: string): Promise<OperationReply> {
    return this.captures.read({ ...call, orderId }, captureId);
  }
}
