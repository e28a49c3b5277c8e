import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallbacksHeader, WireRefusals } from '../http/documented.js';
import { OptionalKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { CreateCheckoutRequest, CheckoutOrder, UpdateCheckoutRequest } from './checkout.dto.js';
import { CHECKOUT_EXAMPLES, CHECKOUT_UPDATE_EXAMPLES } from './checkout.examples.js';
import { CheckoutService } from './checkout.service.js';

const ORDER_ID = { name: 'order_id', description: "Klarna's id of the checkout, which the order keeps" };
const NOT_THERE = { status: 404, description: 'There is none, or none any more: make a new one. Klarna sends no body with it.' };
const READ_ONLY = { status: 403, description: 'READ_ONLY_ORDER: the shopper has completed it, or it was aborted' };
const LOCATION = { Location: { description: 'Its address here', schema: { type: 'string' } } } as const;

@ApiTags('Checkout')
@Controller('checkout/v3/orders')
export class CheckoutController {
  constructor(private readonly checkout: CheckoutService) {}

  @ApiOperation({
    summary: 'Open a checkout for a cart',
    description:
      'Put html_snippet into your page. Without an answer open another one: an unfinished checkout lapses by itself after 48 hours.',
  })
  @ApiHeader({ name: 'Klarna-Partner', required: false, description: 'Passed on' })
  @ApiHeader({
    name: 'Klarna-Idempotency-Key',
    required: false,
    description: "Known here, not at Klarna: while the checkout lives, an equal request with the same key gets the first one's answer",
  })
  @ApiBody({ type: CreateCheckoutRequest, examples: CHECKOUT_EXAMPLES })
  @ApiCreatedResponse({ type: CheckoutOrder, headers: LOCATION })
  @CallbacksHeader()
  @WireRefusals('BAD_VALUE', 'BAD_REQUEST', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT')
  @Post()
  create(
    @WireCallOf() call: WireCall,
    @OptionalKey() key: string | undefined,
    @Body() _judged: CreateCheckoutRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.checkout.create(call, key, body);
  }

  @ApiOperation({
    summary: 'Read a checkout',
    description: 'Once the shopper has completed it, it is an order: from then on use Order Management with the same id.',
  })
  @ApiParam(ORDER_ID)
  @ApiOkResponse({ type: CheckoutOrder })
  @WireRefusals('PROVIDER_CREDENTIALS')
  @ApiResponse({ status: 403, description: 'The merchant is not activated' })
  @ApiResponse(NOT_THERE)
  @Get(':order_id')
  read(@Param('order_id') orderId: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.checkout.read(call, orderId);
  }

  @ApiOperation({ summary: 'Change a checkout', description: 'Properties that are left out stay as they are; lists are replaced whole.' })
  @ApiParam(ORDER_ID)
  @ApiBody({ type: UpdateCheckoutRequest, examples: CHECKOUT_UPDATE_EXAMPLES })
  @CallbacksHeader()
  @ApiOkResponse({ type: CheckoutOrder })
  @WireRefusals('BAD_VALUE', 'BAD_REQUEST', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT')
  @ApiResponse(READ_ONLY)
  @ApiResponse(NOT_THERE)
  @HttpCode(200)
  @Post(':order_id')
  update(
    @Param('order_id') orderId: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: UpdateCheckoutRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.checkout.update(call, orderId, body);
  }

  @ApiOperation({ summary: 'End a checkout that the shopper has not completed' })
  @ApiParam(ORDER_ID)
  @ApiOkResponse({ type: CheckoutOrder })
  @WireRefusals('PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT')
  @ApiResponse(READ_ONLY)
  @ApiResponse(NOT_THERE)
  @HttpCode(200)
  @Post(':order_id/abort')
  abort(@Param('order_id') orderId: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.checkout.abort(call, orderId);
  }
}
