import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/public.decorator.js';
import { Metrics } from '../telemetry/metrics.js';

/** For Prometheus; without credentials, like health. It holds counts and durations by kind, and nothing of a merchant's. */
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** What this process counted since it started, and what waits in Postgres now. */
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: "Prometheus' text format" })
  @Header('Cache-Control', 'no-store')
  @Get()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('Content-Type', this.metrics.contentType);
    return this.metrics.text();
  }
}
