import { Body, Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallbacksHeader, PendingAnswer, PreferHeader, WireRefusals } from '../http/documented.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { OrderPlaced } from '../shapes/order-placed.dto.js';
import { CustomerTokenCreated } from './answers.dto.js';
import { CreateCustomerTokenRequest } from './create-customer-token-request.dto.js';
import { CreateOrderRequest } from './create-order-request.dto.js';
import { CUSTOMER_TOKEN_EXAMPLES, ORDER_EXAMPLES } from './payments.examples.js';
import { PaymentsService } from './payments.service.js';

@ApiTags('2 Payments: authorizations')
@ApiParam({ name: 'authorizationToken', description: 'From the browser, or from the session once the shopper has authorized it' })
@Controller('payments/v1/authorizations/:authorizationToken')
export class AuthorizationsController {
  constructor(private readonly payments: PaymentsService) {}

  @ApiOperation({
    summary: 'Place the order that the shopper authorized',
    description:
      'The authorization token is the idempotency key: an equal repeat gets the first answer. After a 503 the order may have been placed: repeat the same bytes, or look at the operation.',
  })
  @ApiBody({ type: CreateOrderRequest, examples: ORDER_EXAMPLES })
  @ApiOkResponse({ type: OrderPlaced })
  @CallbacksHeader()
  @PreferHeader()
  @WireRefusals(
    'BAD_VALUE',
    'BAD_REQUEST',
    'FORBIDDEN',
    'NOT_FOUND',
    'OPERATION_PENDING',
    'REQUEST_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'PROVIDER_CREDENTIALS',
  )
  @HttpCode(200)
  @Post('order')
  createOrder(
    @Param('authorizationToken') authorizationToken: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: CreateOrderRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.payments.createOrder(call, authorizationToken, body);
  }

  @ApiOperation({
    summary: 'Make a customer token of what the shopper authorized',
    description:
      'For sessions with the intent tokenize or buy_and_tokenize. The authorization token is the idempotency key: an equal repeat gets the first answer. After a 503 a token may have been made, and nothing at Klarna shows it: repeat the same bytes while the authorization lives (60 minutes).',
  })
  @ApiBody({ type: CreateCustomerTokenRequest, examples: CUSTOMER_TOKEN_EXAMPLES })
  @ApiOkResponse({ type: CustomerTokenCreated })
  @PreferHeader()
  @WireRefusals(
    'BAD_VALUE',
    'BAD_REQUEST',
    'FORBIDDEN',
    'NOT_FOUND',
    'OPERATION_PENDING',
    'REQUEST_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'PROVIDER_CREDENTIALS',
  )
  @HttpCode(200)
  @Post('customer-token')
  createCustomerToken(
    @Param('authorizationToken') authorizationToken: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: CreateCustomerTokenRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.payments.createCustomerToken(call, authorizationToken, body);
  }

  @ApiOperation({ summary: 'Release an authorization that will not become an order' })
  @ApiNoContentResponse({ description: 'Released' })
  @PendingAnswer()
  @WireRefusals('FORBIDDEN', 'NOT_FOUND', 'OPERATION_PENDING', 'PROVIDER_CREDENTIALS')
  @HttpCode(204)
  @Delete()
  cancel(@Param('authorizationToken') authorizationToken: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.payments.cancelAuthorization(call, authorizationToken);
  }
}
