import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallbacksHeader, WireRefusals } from '../http/documented.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { SessionCreated, SessionShown } from './answers.dto.js';
import { SESSION_EXAMPLES, UPDATE_EXAMPLES } from './payments.examples.js';
import { PaymentsService } from './payments.service.js';
import { CreateSessionRequest, UpdateSessionRequest } from './session-request.dto.js';

const SESSION_ID = { name: 'session_id', description: "Klarna's id of the session" };

@ApiTags('1 Payments: sessions')
@Controller('payments/v1/sessions')
export class SessionsController {
  constructor(private readonly payments: PaymentsService) {}

  @ApiOperation({ summary: 'Open a session for a cart', description: 'Then let the shopper authorize it.' })
  @ApiBody({ type: CreateSessionRequest, examples: SESSION_EXAMPLES })
  @ApiOkResponse({ type: SessionCreated })
  @CallbacksHeader()
  @WireRefusals(
    'BAD_VALUE',
    'BAD_REQUEST',
    'FORBIDDEN',
    'REQUEST_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'PROVIDER_CREDENTIALS',
    'GATEWAY_TIMEOUT',
  )
  @Post()
  create(@WireCallOf() call: WireCall, @Body() _judged: CreateSessionRequest, @BodyBytes() body: Buffer | null): Promise<OperationReply> {
    return this.payments.createSession(call, body);
  }

  @ApiOperation({ summary: 'Read a session', description: 'After the shopper authorized it, it shows the authorization_token.' })
  @ApiParam(SESSION_ID)
  @ApiOkResponse({ type: SessionShown })
  @WireRefusals('FORBIDDEN', 'NOT_FOUND', 'PROVIDER_CREDENTIALS')
  @Get(':session_id')
  read(@Param('session_id') sessionId: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.payments.readSession(call, sessionId);
  }

  @ApiOperation({ summary: 'Change the cart of a session', description: 'Fields that are left out stay as they are.' })
  @ApiParam(SESSION_ID)
  @ApiBody({ type: UpdateSessionRequest, examples: UPDATE_EXAMPLES })
  @ApiNoContentResponse({ description: 'Changed' })
  @CallbacksHeader()
  @WireRefusals(
    'BAD_VALUE',
    'BAD_REQUEST',
    'FORBIDDEN',
    'NOT_FOUND',
    'REQUEST_TOO_LARGE',
    'UNSUPPORTED_MEDIA_TYPE',
    'PROVIDER_CREDENTIALS',
    'GATEWAY_TIMEOUT',
  )
  @HttpCode(204)
  @Post(':session_id')
  update(
    @Param('session_id') sessionId: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: UpdateSessionRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.payments.updateSession(call, sessionId, body);
  }
}
