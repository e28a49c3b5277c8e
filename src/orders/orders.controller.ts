import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { CallerOf } from '../http/caller.decorator.js';
import { OwnRefusals } from '../http/documented.js';
import { CURSOR_QUERY, LIMIT_QUERY } from '../http/list-parameters.js';
import { pageQueryIn } from '../http/list-query.js';
import type { Caller } from '../merchants/caller.js';
import { ORDER_STATUSES, ordersQueryIn } from './list-queries.js';
import { OrderComparisons } from './order-comparisons.js';
import { Order, OrderPage, OrderTimeline, Reconciliation } from './orders.dto.js';
import { OrdersService } from './orders.service.js';

const TIME_SCHEMA = { type: 'string', format: 'date-time' } as const;
const ORDER_ID = { name: 'id', description: "This service's id of the order, or the provider's." } as const;

@ApiTags('Orders')
@Controller('orders')
export class OrdersController {
  constructor(
    private readonly orders: OrdersService,
    private readonly comparisons: OrderComparisons,
  ) {}

  /** Search the merchant's orders, newest first. */
  @ApiQuery(CURSOR_QUERY)
  @ApiQuery(LIMIT_QUERY)
  @ApiQuery({
    name: 'expiring_within',
    required: false,
    schema: { type: 'string', pattern: '^[1-9][0-9]{0,4}[dhm]$', example: '7d' },
    description:
      'Only orders whose authorization ends within this time with money not captured, the soonest first, with what they come to (`at_risk`). Goes with `limit` and `cursor` alone.',
  })
  @ApiQuery({ name: 'created_to', required: false, schema: TIME_SCHEMA, description: 'Exclusive.' })
  @ApiQuery({ name: 'created_from', required: false, schema: TIME_SCHEMA, description: 'Inclusive.' })
  @ApiQuery({
    name: 'learned',
    required: false,
    enum: ['later'],
    description:
      'Only orders that became known later than they were placed (`origin` late or adopted), or on which something was captured or refunded elsewhere.',
  })
  @ApiQuery({ name: 'status', required: false, enum: ORDER_STATUSES })
  @ApiQuery({ name: 'reference', required: false, type: String, description: 'Equal to `merchant_reference1` or `merchant_reference2`.' })
  @ApiOkResponse({ type: OrderPage })
  @OwnRefusals('BAD_VALUE')
  @Get()
  list(@CallerOf() caller: Caller, @Query() query: Record<string, unknown>): Promise<OrderPage> {
    return this.orders.list(caller, ordersQueryIn(query));
  }

  /** Read an order as it is known here. */
  @ApiParam(ORDER_ID)
  @ApiOkResponse({ type: Order })
  @OwnRefusals('NO_SUCH_ORDER')
  @Get(':id')
  read(@CallerOf() caller: Caller, @Param('id') id: string): Promise<Order> {
    return this.orders.read(caller, id);
  }

  /** Read what happened to an order, oldest first. */
  @ApiParam(ORDER_ID)
  @ApiQuery(CURSOR_QUERY)
  @ApiQuery(LIMIT_QUERY)
  @ApiOkResponse({ type: OrderTimeline })
  @OwnRefusals('BAD_VALUE', 'NO_SUCH_ORDER')
  @Get(':id/timeline')
  timeline(@CallerOf() caller: Caller, @Param('id') id: string, @Query() query: Record<string, unknown>): Promise<OrderTimeline> {
    return this.orders.history(caller, id, pageQueryIn(query));
  }

  /** Compare an order with the provider's, now. Changes nothing there; ours becomes what the provider shows. */
  @ApiParam(ORDER_ID)
  @ApiOkResponse({ type: Reconciliation })
  @OwnRefusals('NO_SUCH_ORDER', 'PROVIDER_CREDENTIALS')
  @HttpCode(200)
  @Post(':id/reconcile')
  reconcile(@CallerOf() caller: Caller, @Param('id') id: string): Promise<Reconciliation> {
    return this.comparisons.reconcile(caller, id);
  }
}
