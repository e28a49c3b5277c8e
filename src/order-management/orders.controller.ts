import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
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
  read(@WireCallOf() call: WireCall, @Param('order_id') orderId: string): Promise<OperationReply> {
    return this.orders.read({ ...call, orderId });
  }

  /** Cancel an order that has no captures. Captures that were never sent are withdrawn. */
  @DescribesWrite('`CANCEL_NOT_ALLOWED`: it has captures, or is closed.')
  @ApiNoContentResponse({ description: 'Cancelled.' })
  @HttpCode(204)
  @Post('cancel')
  cancel(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
  ): Promise<OperationReply> {
    return this.orders.cancel({ ...call, orderId, key });
  }

  /** Say that the order has arrived. */
  @DescribesWrite('`NOT_ALLOWED`: it is cancelled.')
  @ApiNoContentResponse({ description: 'Acknowledged.' })
  @HttpCode(204)
  @Post('acknowledge')
  acknowledge(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
  ): Promise<OperationReply> {
    return this.orders.acknowledge({ ...call, orderId, key });
  }

  /** Replace your references. Those that are left out stay. */
  @DescribesWrite('`NOT_ALLOWED`: it is cancelled.')
  @ApiBody({ type: MerchantReferencesRequest, examples: REFERENCES_EXAMPLES })
  @ApiNoContentResponse({ description: 'Replaced.' })
  @HttpCode(204)
  @Patch('merchant-references')
  updateReferences(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: MerchantReferencesRequest,
  ): Promise<OperationReply> {
    return this.orders.updateReferences({ ...call, orderId, key }, bytes);
  }

  /** Change where the goods go. The billing address stays. */
  @DescribesWrite('`NOT_ALLOWED`: captured or over, or refused by the assessment that a change needs.')
  @ApiBody({ type: CustomerDetailsRequest, examples: CUSTOMER_DETAILS_EXAMPLES })
  @ApiNoContentResponse({ description: 'Changed.' })
  @HttpCode(204)
  @Patch('customer-details')
  updateCustomerDetails(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: CustomerDetailsRequest,
  ): Promise<OperationReply> {
    return this.orders.updateCustomerDetails({ ...call, orderId, key }, bytes);
  }

  /** Add parcels to an order. A second request adds them again. */
  @DescribesWrite()
  @ApiBody({ type: ShippingInfoRequest, examples: SHIPPING_EXAMPLES })
  @ApiNoContentResponse({ description: 'Added.' })
  @HttpCode(204)
  @Post('shipping-info')
  addShippingInfo(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() _judged: ShippingInfoRequest,
  ): Promise<OperationReply> {
    return this.orders.addShippingInfo({ ...call, orderId, key }, bytes);
  }
}
