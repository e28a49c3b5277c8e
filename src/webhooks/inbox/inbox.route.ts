import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Settings } from '../../config/settings.js';
import { BODY_LIMIT } from '../../http/adapter.js';
import { ANY_BODY } from '../../http/raw-body.js';
import { writeRefusal } from '../../http/refusal-body.js';
import { refusalOf } from '../../http/refusal-of.js';
import { Refusal } from '../../operations/errors.js';
import type { Hook } from '../../persistence/repositories/hooks.repository.js';
import { wordsOf } from './callback-words.js';
import { Inbox } from './inbox.js';
import { TooManyWaiting } from './group-commit.js';
import { type Answerer, Questions } from './questions.js';

/** What is told and kept: far more than any callback of Klarna's. */
const MOST_KEPT = 65_536;
const ROUTE = '/webhooks/klarna/:hookId/:secret';

/**
 * Where Klarna's callbacks arrive. Not a controller: bodies of any type are taken as they are, and an answer has none. The answer is 200,
 * which is what every callback takes for "received"; 404 says nothing about why.
 */
@Injectable()
export class InboxRoute implements OnModuleInit {
  readonly #logger = new Logger('Inbox');
  readonly #hooks = new WeakMap<FastifyRequest, Hook>();
  readonly #arrivals = new WeakMap<FastifyRequest, number>();

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly inbox: Inbox,
    private readonly questions: Questions,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    if (this.settings.role === 'worker') return;
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    // A scope of its own: parsers and errors of the rest of the service don't apply.
    void fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, parsed) => parsed(null, bytes));
      scope.setErrorHandler((error, request, reply) => this.#failed(error, request, reply));
      // A question carries the whole checkout.
      const options = { bodyLimit: BODY_LIMIT, config: ANY_BODY, onRequest: this.#authenticate };
      scope.post<{ Params: { hookId: string; secret: string } }>(ROUTE, options, this.#receive);
      done();
    });
  }

  /** Before the body is read: for nobody's address nothing is done. */
  readonly #authenticate = async (request: FastifyRequest): Promise<void> => {
    this.#arrivals.set(request, performance.now());
    const { hookId, secret } = request.params as { hookId: string; secret: string };
    const hook = await this.inbox.authenticate(hookId, secret);
    if (hook === undefined) throw new Refusal('NOT_FOUND', ['There is no such resource']);
    this.#hooks.set(request, hook);
    // A type that can't be read is no reason not to take the bytes.
    request.headers['content-type'] = 'application/octet-stream';
  };

  readonly #receive = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const hook = this.#hooks.get(request);
    if (hook === undefined) throw new Error('A callback was let in without an address');
    const body = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : null;
    const answerer = this.questions.answererOf(hook.entry);
    if (answerer !== undefined) return this.#answer(answerer, hook, request, reply);
    if (body !== null && body.length > MOST_KEPT) throw new Refusal('REQUEST_TOO_LARGE', ['The body is too large']);
    const kept = await this.inbox.keep(hook, request.query, body);
    // 200 would tell Klarna to forget it. What is refused here comes again, and is taken when the flood is over.
    return kept === 'kept' ? reply.code(200).send() : reply.code(429).header('Retry-After', '600').send();
  };

  async #answer(answerer: Answerer, hook: Hook, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { query, body } = request;
    const asked = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const { providerOrderId } = wordsOf(query, asked);
    const answer = await answerer.answer({
      hook,
      providerOrderId,
      body: asked,
      arrivedAt: this.#arrivals.get(request) ?? performance.now(),
    });
    if (answer.location !== null) void reply.header('Location', answer.location);
    if (answer.body !== null) void reply.header('Content-Type', 'application/json');
    return reply.code(answer.status).send(answer.body ?? undefined);
  }

  /** Without the address: its path holds the secret. */
  #failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = error instanceof TooManyWaiting ? new Refusal('TEMPORARILY_UNAVAILABLE', ['Too many at once']) : refusalOf(error);
    if (refusal.status === 404) {
      const { headers, body } = writeRefusal(refusal, ROUTE, request.id);
      void reply.code(404).headers(headers).send(Buffer.from(body));
      return;
    }
    if (refusal.status === 500) this.#logger.error(`${request.id} failed: ${named(error)}`);
    // What is left of an unread body must not be taken for the next request.
    if (refusal.status === 413) void reply.header('Connection', 'close');
    void reply.code(refusal.status).send();
  }
}

/** Name and code alone: messages of libraries may quote addresses and rows. */
function named(error: unknown): string {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  return [name, code].filter((each) => typeof each === 'string').join(' ');
}
