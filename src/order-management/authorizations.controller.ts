import { Body, Controller, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { DescribesWrite } from './api-documents.js';
import { UpdateAuthorizationRequest } from './authorizations.dto.js';
import { OrderAuthorizationsService } from './authorizations.service.js';
import { AUTHORIZATION_EXAMPLES } from './order-management.examples.js';

@ApiTags('Order Management: authorization')
@Controller('ordermanagement/v1/orders/:order_id')
export class OrderAuthorizationsController {
  constructor(private readonly authorizations: OrderAuthorizationsService) {}

  /** Replace the amount and the lines of an order. */
  @DescribesWrite('`NOT_ALLOWED`: less than was captured, over, or refused by the assessment that a higher amount needs.')
  @ApiBody({ type: UpdateAuthorizationRequest, examples: AUTHORIZATION_EXAMPLES })
  @ApiNoContentResponse({ description: 'Replaced.' })
  @HttpCode(204)
  @Patch('authorization')
  update(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
    @BodyBytes() bytes: Buffer | null,
    @Body() authorization: UpdateAuthorizationRequest,
  ): Promise<OperationReply> {
    return this.authorizations.update({ ...call, orderId, key }, authorization, bytes);
  }

  /** Keep an authorization for longer. Read the order to see until when. */
  @DescribesWrite('`NOT_ALLOWED`: expired, over, too old, or not to be extended with this way to pay.')
  @ApiNoContentResponse({ description: 'Extended.' })
  @HttpCode(204)
  @Post('extend-authorization-time')
  extend(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
  ): Promise<OperationReply> {
    return this.authorizations.extend({ ...call, orderId, key });
  }

  /** Let go of what was authorized and not captured. */
  @DescribesWrite('`NOT_ALLOWED`: fully captured, or not captured at all (then cancel).')
  @ApiNoContentResponse({ description: 'Released.' })
  @HttpCode(204)
  @Post('release-remaining-authorization')
  release(
    @WireCallOf() call: WireCall,
    @Param('order_id') orderId: string,
    @IdempotencyKey() key: string | undefined,
  ): Promise<OperationReply> {
    return this.authorizations.release({ ...call, orderId, key });
  }
}
