import type { LoggerService } from '@nestjs/common';
import { ConfigurationError } from '../config/configuration-error.js';
import { DataFolderInUse } from '../persistence/embedded/data-lock.js';
import { CannotListen, PortTaken } from './ports.js';

/** What a person has to read of a start that was refused, when no stack helps them; undefined for what nobody expected. */
export function refusal(error: unknown): string | undefined {
  if (error instanceof ConfigurationError) {
    return error.problems.length === 1 ? `Cannot start: ${error.problems[0]}` : `Cannot start:\n  ${error.problems.join('\n  ')}`;
  }
  return error instanceof DataFolderInUse || error instanceof PortTaken || error instanceof CannotListen ? error.message : undefined;
}

/** Nest logs whatever ends its start, with its stack, before it throws it to main: a refusal is said once, by main. */
export function leaveRefusalsToMain(logger: LoggerService): void {
  const log = logger.error.bind(logger);
  logger.error = (message: unknown, ...rest: unknown[]) => {
    if (rest.at(-1) === 'ExceptionHandler' && refusal(message) !== undefined) return;
    log(message, ...rest);
  };
}
