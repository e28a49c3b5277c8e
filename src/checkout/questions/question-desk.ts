import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { atMost } from '../../clock/at-most.js';
import { Clock } from '../../clock/clock.js';
import { Settings } from '../../config/settings.js';
import { objectIn } from '../../json.js';
import { Metrics } from '../../telemetry/metrics.js';
import { Alerts } from '../../telemetry/alerts.js';
import { Hooks } from '../../webhooks/hooks/hooks.js';
import { OwnUrls } from '../../webhooks/hooks/own-urls.js';
import { filledIn } from '../../webhooks/hooks/templates.js';
import { ShopHttp } from '../../webhooks/deliveries/shop-http.js';
import type { Answerer, AskedQuestion, GivenAnswer } from '../../webhooks/inbox/questions.js';
import { judge } from './answer-rules.js';
import { fallbackAnswer } from './fallback.js';
import type { QuestionAnswer, QuestionEntry } from './question-entries.js';
import { QuestionLog } from './question-log.js';

type Outcome = { by: 'shop'; answer: QuestionAnswer } | { by: 'fallback'; answer: QuestionAnswer; reason: string };

/**
 * Klarna's questions about a checkout, for merchants who let this service stand in between: passed on to the shop as they came, within a
 * budget that ends before Klarna's patience; the answer is held against Klarna's document before it goes back. A shop that is slow or wrong
 * is answered for, by the configured fallback and this question alone. Each answer is counted and goes into the order's timeline.
 */
@Injectable()
export class QuestionDesk implements Answerer {
  readonly #logger = new Logger('Questions');
  readonly #answered;
  readonly #seconds;

  constructor(
    private readonly shops: ShopHttp,
    private readonly hooks: Hooks,
    private readonly ownUrls: OwnUrls,
    private readonly log: QuestionLog,
    private readonly clock: Clock,
    private readonly settings: Settings,
    private readonly alerts: Alerts,
    metrics: Metrics,
  ) {
    const labels = ['entry', 'answered_by'] as const;
    this.#answered = metrics.counter('questions', "Klarna's questions, by who answered them and with which status", [...labels, 'status']);
    this.#seconds = metrics.duration('question', 'How long an answer to a question of Klarna took', labels);
  }

  /** Never throws, and answers within QUESTION_BUDGET_MS of its arrival. */
  async answer(question: AskedQuestion): Promise<GivenAnswer> {
    const { hook, providerOrderId } = question;
    const entry = hook.entry as QuestionEntry;
    const askedAt = this.clock.now();
    const outcome = await this.#outcome(entry, question).catch((error: unknown) => {
      this.#logger.error(`A question of ${entry} could not be passed on: ${(error as Error).name}`);
      return this.#instead(entry, question.body, 'it could not be passed on');
    });
    const durationMs = Math.round(performance.now() - question.arrivedAt);
    const reason = outcome.by === 'fallback' ? outcome.reason : null;
    this.#answered.inc({ entry, answered_by: outcome.by, status: String(outcome.answer.status) });
    this.#seconds.observe({ entry, answered_by: outcome.by }, durationMs / 1_000);
    if (reason !== null) this.alerts.raise('question.fallback', { entry, checkout: providerOrderId, reason });
    const { id: hookId, merchantId, providerAccountId } = hook;
    this.log.add({
      ...{ id: uuidv7({ msecs: askedAt.getTime() }), merchantId, providerAccountId, hookId, entry, providerOrderId },
      ...{ answeredBy: outcome.by, status: outcome.answer.status, reason, durationMs, askedAt },
    });
    return outcome.answer;
  }

  async #outcome(entry: QuestionEntry, { hook, providerOrderId, body, arrivedAt }: AskedQuestion): Promise<Outcome> {
    const template = this.hooks.templateOf(hook);
    if (template === null) return this.#instead(entry, body, 'the shop named no address');
    // Finding the address has taken of the time, too.
    const leftMs = () => Math.round(this.settings.questionBudgetMs - (performance.now() - arrivedAt));
    // Klarna sends the whole checkout, with our addresses in its merchant_urls. Postgres has no more time than the shop.
    const words = await atMost(Math.max(0, leftMs()), this.ownUrls.restored(hook.merchantId, body));
    if (words === undefined) return this.#instead(entry, body, 'what Klarna asked could not be made ready in time');
    const exchange = await this.shops.exchange({
      url: filledIn(template, providerOrderId === null ? {} : { orderId: providerOrderId }),
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: words,
      totalMs: Math.max(1, leftMs()),
    });
    if (exchange.kind === 'none') return this.#instead(entry, body, `no answer (${exchange.code})`);
    if (!exchange.whole) return this.#instead(entry, body, 'its answer was cut short, or is longer than 64 KiB');
    const { status, headers } = exchange;
    const judged = judge(entry, objectIn(body), { status, location: headers.location ?? null, body: exchange.body });
    return judged.fits ? { by: 'shop', answer: judged.answer } : this.#instead(entry, body, judged.reason);
  }

  #instead(entry: QuestionEntry, body: Buffer, reason: string): Outcome {
    return { by: 'fallback', answer: fallbackAnswer(entry, body, this.settings.questionFallback), reason };
  }
}
