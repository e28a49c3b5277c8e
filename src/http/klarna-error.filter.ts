import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { writeRefusal } from './refusal-body.js';
import { refusalOf } from './refusal-of.js';

/** The one place where errors become answers: Klarna's shape on Klarna's routes, problem+json on ours. */
@Catch()
export class KlarnaErrorFilter implements ExceptionFilter {
  readonly #logger = new Logger('Request');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const refusal = refusalOf(error);
    const { status, headers, body } = writeRefusal(refusal, request.url, request.id);
    if (status === 500) this.#logger.error(`${request.id} failed: ${describe(error)}`, error instanceof Error ? error.stack : undefined);
    // What is left of an unread body must not be taken for the next request.
    if (status === 413 || status === 415) headers['Connection'] = 'close';
    // As bytes: to a text Fastify would add a charset, and an unknown order of Klarna's comes without.
    if (!reply.sent) void reply.code(status).headers(headers).send(Buffer.from(body));
  }
}

/** Database errors carry the values of a row in `detail`; only name, code and message are logged. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is not an error was thrown';
  const { code } = error as { code?: unknown };
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}: ${error.message}`;
}
