import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { requestContext } from './request-context.js';

/** From the most important level to the least, in Nest's words. */
const LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];
/** What Nest says of its own start, a line per module and route: of interest only to whoever debugs it. */
const NEST_START = ['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication'];
type JsonLine = ReturnType<ConsoleLogger['getJsonLogObject']>;

/** Nest's logger whose JSON lines name the request they belong to. */
export class GatewayLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (NEST_START.includes(String(rest.at(-1))) && !this.isLevelEnabled('debug')) return;
    super.log(message, ...rest);
  }

  protected override getJsonLogObject(...line: Parameters<ConsoleLogger['getJsonLogObject']>): JsonLine {
    const context = requestContext.current();
    const named = context && { request_id: context.requestId, operation_id: context.operationId, merchant_id: context.merchantId };
    return { ...super.getJsonLogObject(...line), ...named };
  }
}

/** JSON lines for machines (production, or no terminal), readable lines for a person at a terminal. */
export function createLogger(settings: Settings, isTerminal = process.stdout.isTTY): GatewayLogger {
  const least: LogLevel = settings.logLevel === 'info' ? 'log' : settings.logLevel;
  const logLevels = LEVELS.slice(0, LEVELS.indexOf(least) + 1);
  const json = settings.production || !isTerminal;
  return new GatewayLogger({ json, colors: !json, logLevels });
}
