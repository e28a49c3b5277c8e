import { Module } from '@nestjs/common';
import { OrderLinesController } from './order-lines.controller.js';

/** What is wrong with the order lines of a body. */
@Module({ controllers: [OrderLinesController] })
export class OrderLinesModule {}
