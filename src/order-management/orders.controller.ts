import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../http/caller.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { PassedHeaders } from '../http/passed-headers.decorator.js';
import { Prefer } from '../http/prefer.decorator.js';
import type { Caller } from '../merchants/caller.js';
import type { OperationReply, Preference } from '../operations/request.js';
import { DescribesRead, DescribesWrite } from './api-documents.js';
import { ManagedOrder } from './order-view.dto.js';
import { ManagedOrdersService } from './orders.service.js';

@ApiTags('Order Management: orders')
@Controller('ordermanagement/v1/orders/:order_id')
export class ManagedOrdersController {
  constructor(private readonly orders: ManagedOrdersService) {}

  /** Read an order as Klarna shows it now. */
  @DescribesRead()
  @ApiHeader({ name: 'Klarna-Integrator', description: 'Passed on.', required: false })
  @ApiOkResponse({ type: ManagedOrder })
  @Get()
  read(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.orders.read({ caller, orderId, headers });
  }

  /** Cancel an order that has no captures. Captures that were never sent are withdrawn. */
  @DescribesWrite('`CANCEL_NOT_ALLOWED`: it has captures, or is closed.')
  @ApiNoContentResponse({ description: 'Cancelled.' })
  @HttpCode(204)
  @Post('cancel')
  cancel(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.orders.cancel({ caller, orderId, key, prefer, headers });
  }

  /** Let go of what was authorized and not captured. */
  @DescribesWrite('`NOT_ALLOWED`: fully captured, or not captured at all (then cancel).')
  @ApiNoContentResponse({ description: 'Released.' })
  @HttpCode(204)
  @Post('release-remaining-authorization')
  release(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.orders.release({ caller, orderId, key, prefer, headers });
  }
}
