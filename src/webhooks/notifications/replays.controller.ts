import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../../http/caller.decorator.js';
import { OwnRefusals } from '../../http/documented.js';
import type { Caller } from '../../merchants/caller.js';
import { ReplayRequest, ReplayResult } from './replays.dto.js';
import { REPLAY_EXAMPLES } from './replays.examples.js';
import { ReplaysService } from './replays.service.js';

@ApiTags('Notifications')
@Controller('notifications')
export class ReplaysController {
  constructor(private readonly replays: ReplaysService) {}

  @ApiOperation({
    summary: 'Send many messages again: dead letters, those of an endpoint, an order, a type or a time',
    description:
      'With the same `webhook-id`, for seven days from now. A receiver that has seen a `webhook-id` before need not do anything.',
  })
  @ApiBody({ type: ReplayRequest, examples: REPLAY_EXAMPLES })
  @ApiAcceptedResponse({ type: ReplayResult })
  @OwnRefusals('BAD_REQUEST', 'BAD_VALUE', 'NOT_FOUND', 'NO_SUCH_ORDER', 'REQUEST_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  @HttpCode(202)
  @Post('replay')
  replayMany(@CallerOf() caller: Caller, @Body() request: ReplayRequest): Promise<ReplayResult> {
    return this.replays.replayMany(caller, request);
  }

  @ApiOperation({ summary: 'Send one message again, now', description: 'In whatever state it is; its attempts stay visible.' })
  @ApiParam({ name: 'notification_id', schema: { type: 'string', format: 'uuid' }, description: 'Of the message.' })
  @ApiAcceptedResponse({ type: ReplayResult })
  @OwnRefusals('NOT_FOUND', 'NOT_REPLAYABLE')
  @HttpCode(202)
  @Post(':notification_id/replay')
  replayOne(@CallerOf() caller: Caller, @Param('notification_id') id: string): Promise<ReplayResult> {
    return this.replays.replayOne(caller, id);
  }
}
