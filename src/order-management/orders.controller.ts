import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallerOf } from '../http/caller.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { PassedHeaders } from '../http/passed-headers.decorator.js';
import { Prefer } from '../http/prefer.decorator.js';
import type { Caller } from '../merchants/caller.js';
import type { OperationReply, Preference } from '../operations/request.js';
import { DescribesRead, DescribesWrite } from './api-documents.js';
import { CUSTOMER_DETAILS_EXAMPLES, REFERENCES_EXAMPLES, SHIPPING_EXAMPLES } from './order-management.examples.js';
import { ManagedOrder } from './order-view.dto.js';
import { CustomerDetailsRequest, MerchantReferencesRequest, ShippingInfoRequest } from './orders.dto.js';
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

  /** Say that the order has arrived. */
  @DescribesWrite('`NOT_ALLOWED`: it is cancelled.')
  @ApiNoContentResponse({ description: 'Acknowledged.' })
  @HttpCode(204)
  @Post('acknowledge')
  acknowledge(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
  ): Promise<OperationReply> {
    return this.orders.acknowledge({ caller, orderId, key, prefer, headers });
  }

  /** Replace your references. Those that are left out stay. */
  @DescribesWrite('`NOT_ALLOWED`: it is cancelled.')
  @ApiBody({ type: MerchantReferencesRequest, examples: REFERENCES_EXAMPLES })
  @ApiNoContentResponse({ description: 'Replaced.' })
  @HttpCode(204)
  @Patch('merchant-references')
  updateReferences(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: MerchantReferencesRequest,
  ): Promise<OperationReply> {
    return this.orders.updateReferences({ caller, orderId, key, prefer, headers }, bytes);
  }

  /** Change where the goods go. The billing address stays. */
  @DescribesWrite('`NOT_ALLOWED`: captured or over, or refused by the assessment that a change needs.')
  @ApiBody({ type: CustomerDetailsRequest, examples: CUSTOMER_DETAILS_EXAMPLES })
  @ApiNoContentResponse({ description: 'Changed.' })
  @HttpCode(204)
  @Patch('customer-details')
  updateCustomerDetails(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: CustomerDetailsRequest,
  ): Promise<OperationReply> {
    return this.orders.updateCustomerDetails({ caller, orderId, key, prefer, headers }, bytes);
  }

  /** Add parcels to an order. A second request adds them again. */
  @DescribesWrite()
  @ApiBody({ type: ShippingInfoRequest, examples: SHIPPING_EXAMPLES })
  @ApiNoContentResponse({ description: 'Added.' })
  @HttpCode(204)
  @Post('shipping-info')
  addShippingInfo(
    @CallerOf() caller: Caller,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @Prefer() prefer: Preference,
    @PassedHeaders() headers: Record<string, string>,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ShippingInfoRequest,
  ): Promise<OperationReply> {
    return this.orders.addShippingInfo({ caller, orderId, key, prefer, headers }, bytes);
  }
}
