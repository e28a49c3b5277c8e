import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBody, ApiConflictResponse, ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../http/caller.decorator.js';
import { OwnRefusals } from '../http/documented.js';
import type { Caller } from '../merchants/caller.js';
import { OperationView } from './operation-view.dto.js';
import { OperationDesk } from './operation-desk.js';
import type { OperationReply } from './request.js';
import { RESOLVE_EXAMPLES } from './resolve.examples.js';
import { ResolveRequest } from './resolve.dto.js';

@ApiTags('Operations')
@OwnRefusals()
@ApiNotFoundResponse({ description: 'There is no such operation of this merchant.' })
@Controller('operations/:id')
export class OperationsController {
  constructor(private readonly desk: OperationDesk) {}

  @ApiOperation({ summary: 'Read an operation: what was asked for and what became of it' })
  @ApiOkResponse({ type: OperationView })
  @Get()
  read(@Param('id') id: string, @CallerOf() caller: Caller): Promise<OperationView> {
    return this.desk.read(caller, id);
  }

  @ApiOperation({ summary: 'Read what is known of an operation in the state `manual`, and what a person can do: one page of text' })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'The member `explanation` of the operation, as a page.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  @ApiConflictResponse({ description: 'It is not in the state `manual`.' })
  @Get('explanation')
  explanation(@Param('id') id: string, @CallerOf() caller: Caller): Promise<OperationReply> {
    return this.desk.explanation(caller, id);
  }

  @ApiOperation({
    summary: 'Withdraw an operation that has not happened',
    description: 'A create order that may have happened is not sent again, and only found out.',
  })
  @ApiOkResponse({ type: OperationView })
  @ApiConflictResponse({ description: 'It is final, or may have been executed.' })
  @HttpCode(200)
  @Post('cancel')
  cancel(@Param('id') id: string, @CallerOf() caller: Caller): Promise<OperationView> {
    return this.desk.cancel(caller, id);
  }

  @ApiOperation({ summary: 'Run a waiting operation now, with the same key' })
  @ApiOkResponse({ type: OperationView })
  @ApiConflictResponse({ description: 'It is final, or a person has to resolve it.' })
  @HttpCode(200)
  @Post('retry')
  retry(@Param('id') id: string, @CallerOf() caller: Caller): Promise<OperationView> {
    return this.desk.retry(caller, id);
  }

  @ApiOperation({ summary: 'Settle an operation in the state `manual` by what a person found out' })
  @ApiOkResponse({ type: OperationView })
  @OwnRefusals('BAD_REQUEST', 'BAD_VALUE', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @ApiConflictResponse({ description: 'It is not in the state `manual`.' })
  @ApiBody({ type: ResolveRequest, examples: RESOLVE_EXAMPLES })
  @HttpCode(200)
  @Post('resolve')
  resolve(@Param('id') id: string, @CallerOf() caller: Caller, @Body() resolution: ResolveRequest): Promise<OperationView> {
    return this.desk.resolve(caller, id, resolution);
  }
}
