import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../../http/caller.decorator.js';
import { OwnRefusals } from '../../http/documented.js';
import type { Caller } from '../../merchants/caller.js';
import {
  EndpointChangeRequest,
  NewEndpointRequest,
  NotificationEndpoint,
  NotificationEndpointList,
  NotificationEndpointWithSecret,
} from './endpoints.dto.js';
import { ENDPOINT_CHANGE_EXAMPLES, ENDPOINT_EXAMPLES } from './endpoints.examples.js';
import { EndpointsService } from './endpoints.service.js';

const ENDPOINT_ID = { name: 'endpoint_id', schema: { type: 'string', format: 'uuid' }, description: 'Of the endpoint.' } as const;

@ApiTags('Notifications: endpoints')
@Controller('notifications/endpoints')
export class EndpointsController {
  constructor(private readonly endpoints: EndpointsService) {}

  @ApiOperation({
    summary: 'Register a URL that is told of events',
    description: 'The answer shows the secret that verifies their signatures; nothing shows it again.',
  })
  @ApiBody({ type: NewEndpointRequest, examples: ENDPOINT_EXAMPLES })
  @ApiCreatedResponse({ type: NotificationEndpointWithSecret })
  @OwnRefusals('BAD_REQUEST', 'BAD_VALUE', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'TOO_MANY_ENDPOINTS')
  @Post()
  create(@CallerOf() caller: Caller, @Body() request: NewEndpointRequest): Promise<NotificationEndpointWithSecret> {
    return this.endpoints.create(caller, request);
  }

  @ApiOperation({ summary: "List the merchant's endpoints" })
  @ApiOkResponse({ type: NotificationEndpointList })
  @OwnRefusals()
  @Get()
  list(@CallerOf() caller: Caller): Promise<NotificationEndpointList> {
    return this.endpoints.list(caller);
  }

  @ApiOperation({ summary: 'Read an endpoint and how it is doing' })
  @ApiParam(ENDPOINT_ID)
  @ApiOkResponse({ type: NotificationEndpoint })
  @OwnRefusals('NOT_FOUND')
  @Get(':endpoint_id')
  read(@CallerOf() caller: Caller, @Param('endpoint_id') id: string): Promise<NotificationEndpoint> {
    return this.endpoints.read(caller, id);
  }

  @ApiOperation({
    summary: 'Change an endpoint, disable it or enable it again',
    description:
      'With another URL, or enabled again, it starts anew: what is due is sent now. What became due or dead meanwhile can be replayed.',
  })
  @ApiParam(ENDPOINT_ID)
  @ApiBody({ type: EndpointChangeRequest, examples: ENDPOINT_CHANGE_EXAMPLES })
  @ApiOkResponse({ type: NotificationEndpoint })
  @OwnRefusals('BAD_REQUEST', 'BAD_VALUE', 'NOT_FOUND', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @Patch(':endpoint_id')
  change(
    @CallerOf() caller: Caller,
    @Param('endpoint_id') id: string,
    @Body() request: EndpointChangeRequest,
  ): Promise<NotificationEndpoint> {
    return this.endpoints.change(caller, id, request);
  }

  @ApiOperation({
    summary: 'Exchange the secret of an endpoint',
    description: 'For 24 hours every message carries two signatures, with the new secret and with the one before.',
  })
  @ApiParam(ENDPOINT_ID)
  @ApiOkResponse({ type: NotificationEndpointWithSecret })
  @OwnRefusals('NOT_FOUND', 'SECRET_IN_EXCHANGE')
  @HttpCode(200)
  @Post(':endpoint_id/rotate-secret')
  rotateSecret(@CallerOf() caller: Caller, @Param('endpoint_id') id: string): Promise<NotificationEndpointWithSecret> {
    return this.endpoints.rotateSecret(caller, id);
  }

  @ApiOperation({ summary: 'Remove an endpoint', description: 'What is still due for it is cancelled, and can not be replayed.' })
  @ApiParam(ENDPOINT_ID)
  @ApiNoContentResponse({ description: 'Removed.' })
  @OwnRefusals('NOT_FOUND')
  @HttpCode(204)
  @Delete(':endpoint_id')
  delete(@CallerOf() caller: Caller, @Param('endpoint_id') id: string): Promise<void> {
    return this.endpoints.delete(caller, id);
  }
}
