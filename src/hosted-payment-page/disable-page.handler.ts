import { Injectable } from '@nestjs/common';
import { codeOf, notAsked } from '../klarna/exchange.js';
import { HostedPaymentPageClient } from '../klarna/hosted-payment-page.client.js';
import { ProviderAccounts } from '../merchants/provider-accounts.js';
import type { OperationContext, OperationHandler, ReadResult, SendCall, SendResult, Success } from '../operations/handler.js';
import type { RecordedAnswer } from '../operations/operation.js';
import { Sending, targetOf } from '../operations/sending.js';
import { bareAnswer } from '../operations/recorded-answers.js';
import type { Transaction } from '../persistence/database.js';
import { adoptedBy, HostedPagesRepository } from './hosted-pages.repository.js';
import { DISABLED } from './page-facts.js';
import { PageReader } from './page-reader.js';

/** Disables a page. Harmless twice, but what Klarna answers to a repeat is not documented: a refusal then is looked into. */
@Injectable()
export class DisablePageHandler implements OperationHandler {
  readonly kind = 'hosted-payment-page.disable-session';

  constructor(
    private readonly sending: Sending,
    private readonly client: HostedPaymentPageClient,
    private readonly accounts: ProviderAccounts,
    private readonly pages: HostedPagesRepository,
    private readonly reader: PageReader,
  ) {}

  send(call: SendCall): Promise<SendResult> {
    return this.sending.send(call, (account, extras) => this.client.disableSession(account, targetOf(call, 'pageId'), extras));
  }

  /** Present: the page is disabled. Absent: it is open, or was completed or cancelled before. */
  async read(operation: OperationContext): Promise<ReadResult> {
    const account = await this.accounts.byId(operation.providerAccountId);
    const { exchange, shown } = await this.reader.look(account, targetOf(operation, 'pageId'));
    const nothing = { providerId: null, answer: null };
    if (shown === undefined) {
      const code = codeOf(exchange);
      return { finding: 'unreadable', ...nothing, data: { code }, ...notAsked(exchange) };
    }
    const data = { status: shown.status };
    if (shown.status !== DISABLED) return { finding: 'absent', ...nothing, data };
    return { finding: 'present', providerId: null, answer: bareAnswer(204), data };
  }

  answerFor(): RecordedAnswer {
    return bareAnswer(204);
  }

  async succeeded(tx: Transaction, operation: OperationContext, { at }: Success): Promise<void> {
    const page = adoptedBy(operation, targetOf(operation, 'pageId'), at);
    await this.pages.insert(tx, page);
    await this.pages.update(tx, page, { status: DISABLED, statusAt: null, expiresAt: null, providerOrderId: null }, at);
  }
}
