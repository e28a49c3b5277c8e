import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse } from '@nestjs/swagger';
import { DataSource } from 'typeorm';
import { Public } from '../http/public.decorator.js';
import { pendingMigrations } from '../persistence/data-source.js';

/** For orchestrators; without credentials. */
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly dataSource: DataSource) {}

  /** Whether the process runs. It does not look at Postgres: a restart would not bring Postgres back. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Whether requests can be served: Postgres answers and has every migration. The queue is not needed for that. */
  @ApiOkResponse()
  @ApiServiceUnavailableResponse({ description: 'Postgres does not answer, or migrations are pending.' })
  @Get('ready')
  async ready(): Promise<{ status: 'ok' }> {
    const pending = await pendingMigrations(this.dataSource).catch(() => undefined);
    if (pending === undefined) throw new ServiceUnavailableException({ status: 'unavailable', reason: 'Postgres does not answer' });
    if (pending.length > 0) throw new ServiceUnavailableException({ status: 'unavailable', reason: 'migrations are pending' });
    return { status: 'ok' };
  }
}
