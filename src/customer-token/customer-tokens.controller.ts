import { Body, Controller, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiForbiddenResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallbacksHeader, KeyHeader, PendingAnswer, WireRefusals } from '../http/documented.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { OrderPlaced } from '../shapes/order-placed.dto.js';
import { TokenOrderRefused, TokenShown } from './answers.dto.js';
import { STATUS_EXAMPLES, TOKEN_ORDER_EXAMPLES } from './customer-token.examples.js';
import { CustomerTokensService } from './customer-tokens.service.js';
import { TokenOrderRequest } from './order-request.dto.js';
import { TokenStatusRequest } from './status-request.dto.js';

@ApiTags('Customer tokens')
@ApiParam({ name: 'customerToken', description: 'The `token_id` that was made from an authorization' })
@Controller('customer-token/v1/tokens/:customerToken')
export class CustomerTokensController {
  constructor(private readonly tokens: CustomerTokensService) {}

  @ApiOperation({ summary: 'Read a customer token', description: 'Its status, and the method that it charges.' })
  @ApiOkResponse({ type: TokenShown })
  @WireRefusals('FORBIDDEN', 'TOKEN_NOT_FOUND', 'PROVIDER_CREDENTIALS')
  @Get()
  read(@Param('customerToken') customerToken: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.tokens.read({ ...call, customerToken });
  }

  @ApiOperation({
    summary: 'Charge a customer token: place an order without the shopper',
    description:
      'Send one idempotency key per intended charge. A declined charge is final for its key: charge again later with a new one, or let the shopper choose another method (step_up).',
  })
  @ApiBody({ type: TokenOrderRequest, examples: TOKEN_ORDER_EXAMPLES })
  @ApiOkResponse({ type: OrderPlaced })
  @KeyHeader()
  @CallbacksHeader()
  @PendingAnswer()
  @WireRefusals(
    ...(['TOKEN_NOT_FOUND', 'OPERATION_PENDING', 'OPERATION_WITHDRAWN', 'IDEMPOTENCY_KEY_REUSED'] as const),
    ...(['REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS'] as const),
  )
  @ApiBadRequestResponse({ type: TokenOrderRefused, description: 'BAD_VALUE, BAD_REQUEST' })
  @ApiForbiddenResponse({
    type: TokenOrderRefused,
    description: 'PAYMENT_METHOD_FAILED, UNAVAILABLE_PAYMENT_METHOD, TOKEN_SUSPENDED, TOKEN_CANCELED',
  })
  @HttpCode(200)
  @Post('order')
  createOrder(
    @Param('customerToken') customerToken: string,
    @WireCallOf() call: WireCall,
    @IdempotencyKey() key: string | undefined,
    @Body() order: TokenOrderRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.tokens.createOrder({ ...call, customerToken, key }, order, body);
  }

  @ApiOperation({
    summary: 'Cancel a customer token',
    description: 'Final. Klarna answers 202 without a body and does it soon after: read the token to see it.',
  })
  @ApiBody({ type: TokenStatusRequest, examples: STATUS_EXAMPLES })
  @PendingAnswer()
  @WireRefusals(
    ...(['BAD_VALUE', 'BAD_REQUEST', 'FORBIDDEN', 'TOKEN_NOT_FOUND', 'OPERATION_PENDING', 'OPERATION_WITHDRAWN'] as const),
    ...(['REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS'] as const),
  )
  @HttpCode(202)
  @Patch('status')
  updateStatus(
    @Param('customerToken') customerToken: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: TokenStatusRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.tokens.updateStatus({ ...call, customerToken }, body);
  }
}
