import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { BodyBytes } from '../http/body-bytes.decorator.js';
import { CallbacksHeader, WireRefusals } from '../http/documented.js';
import { RequestAddress } from '../http/request-address.js';
import { type WireCall, WireCallOf } from '../http/wire-call.decorator.js';
import type { OperationReply } from '../operations/request.js';
import { PageCreated, PageShown } from './answers.dto.js';
import { CreatePageRequest, DistributePageRequest } from './hosted-payment-page.dto.js';
import { DISTRIBUTION_EXAMPLES, PAGE_EXAMPLES } from './hosted-payment-page.examples.js';
import { HostedPaymentPageService } from './hosted-payment-page.service.js';

const PAGE_ID = { name: 'session_id', description: "Klarna's id of the page, which is not that of the payment session" };

@ApiTags('Hosted Payment Page')
@Controller('hpp/v1/sessions')
export class PagesController {
  constructor(private readonly pages: HostedPaymentPageService) {}

  @ApiOperation({
    summary: 'Make a page on which the shopper pays',
    description:
      'For a payment session or a checkout order that is open. One page per purchase: after a 503 or 504 the page may have been made all the same (its words say so), and a repeat may make a second one.',
  })
  @ApiHeader({ name: 'User-Agent', required: false, description: 'Passed on to Klarna', schema: { type: 'string' } })
  @ApiBody({ type: CreatePageRequest, examples: PAGE_EXAMPLES })
  @ApiCreatedResponse({ type: PageCreated })
  @CallbacksHeader()
  @WireRefusals(
    ...(['BAD_VALUE', 'BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE'] as const),
    ...(['UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT'] as const),
  )
  @Post()
  create(
    @WireCallOf() call: WireCall,
    @RequestAddress() address: string,
    @Body() _judged: CreatePageRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.pages.createPage(call, address, body);
  }

  @ApiOperation({
    summary: 'Read a page',
    description: 'Once it is COMPLETED it shows the order_id, which is known at /orders from then on, or the authorization_token.',
  })
  @ApiParam(PAGE_ID)
  @ApiOkResponse({ type: PageShown })
  @WireRefusals('FORBIDDEN', 'NOT_FOUND', 'PROVIDER_CREDENTIALS')
  @Get(':session_id')
  read(@Param('session_id') pageId: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.pages.readPage(call, pageId);
  }

  @ApiOperation({ summary: 'Disable a page that was not completed', description: 'Final. A repeat does no harm.' })
  @ApiParam(PAGE_ID)
  @ApiNoContentResponse({ description: 'Disabled' })
  @WireRefusals('BAD_VALUE', 'FORBIDDEN', 'NOT_FOUND', 'PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT')
  @HttpCode(204)
  @Delete(':session_id')
  disable(@Param('session_id') pageId: string, @WireCallOf() call: WireCall): Promise<OperationReply> {
    return this.pages.disablePage(call, pageId);
  }

  @ApiOperation({
    summary: 'Send the shopper the link to a page',
    description:
      'By text message or mail. Each request is one message: it is never sent again by itself, and after a 503 or 504 that says that it may have been sent, a repeat may be a second one.',
  })
  @ApiParam(PAGE_ID)
  @ApiBody({ type: DistributePageRequest, examples: DISTRIBUTION_EXAMPLES })
  @ApiNoContentResponse({ description: 'On its way' })
  @WireRefusals(
    ...(['BAD_VALUE', 'BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'REQUEST_TOO_LARGE'] as const),
    ...(['UNSUPPORTED_MEDIA_TYPE', 'PROVIDER_CREDENTIALS', 'GATEWAY_TIMEOUT'] as const),
  )
  @HttpCode(204)
  @Post(':session_id/distribution')
  distribute(
    @Param('session_id') pageId: string,
    @WireCallOf() call: WireCall,
    @Body() _judged: DistributePageRequest,
    @BodyBytes() body: Buffer | null,
  ): Promise<OperationReply> {
    return this.pages.distributePage(call, pageId, body);
  }
}
