import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../http/caller.decorator.js';
import { OwnRefusals } from '../http/documented.js';
import { CURSOR_QUERY, LIMIT_QUERY } from '../http/list-parameters.js';
import type { Caller } from '../merchants/caller.js';
import { KINDS } from './kinds.js';
import { OPERATION_STATES } from './operation.js';
import { OperationPage, OperationSummary } from './operation-list.dto.js';
import { OperationList } from './operation-list.service.js';
import { operationsQueryIn } from './operations-query.js';

@ApiTags('Operations')
@Controller('operations')
export class OperationListController {
  constructor(private readonly operations: OperationList) {}

  @ApiOperation({ summary: "Search the merchant's operations, newest first" })
  @ApiQuery(CURSOR_QUERY)
  @ApiQuery(LIMIT_QUERY)
  @ApiQuery({
    name: 'older_than',
    required: false,
    type: String,
    example: '15m',
    description:
      'Accepted at least so long ago (a whole number and `s`, `m`, `h` or `d`), or before a time (ISO 8601 with its zone, or a day).',
  })
  @ApiQuery({ name: 'kind', required: false, enum: Object.keys(KINDS) })
  @ApiQuery({
    name: 'state',
    required: false,
    isArray: true,
    schema: { type: 'array', items: { type: 'string', enum: ['open', ...OPERATION_STATES] } },
    description: 'Repeated, or separated by commas. `open`: every state that is not final. Without it: all.',
  })
  @ApiOkResponse({ type: OperationPage })
  @OwnRefusals('BAD_VALUE')
  @Get()
  list(@CallerOf() caller: Caller, @Query() query: Record<string, unknown>): Promise<OperationPage> {
    return this.operations.list(caller, operationsQueryIn(query));
  }

  @ApiOperation({ summary: 'Count operations and their money by state: every unfinished one, and the finished ones of the last 24 hours' })
  @ApiOkResponse({ type: OperationSummary })
  @OwnRefusals()
  @Get('summary')
  summary(@CallerOf() caller: Caller): Promise<OperationSummary> {
    return this.operations.summary(caller);
  }
}
