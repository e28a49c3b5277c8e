import { Module, type OnModuleInit } from '@nestjs/common';
import { OrdersModule } from '../../orders/orders.module.js';
import { QuestionAnswersRepository } from '../../persistence/repositories/question-answers.repository.js';
import { TimelineRepository } from '../../persistence/repositories/timeline.repository.js';
import { DeliveriesModule } from '../../webhooks/deliveries/deliveries.module.js';
import { HooksModule } from '../../webhooks/hooks/hooks.module.js';
import { InboxModule } from '../../webhooks/inbox/inbox.module.js';
import { Questions } from '../../webhooks/inbox/questions.js';
import { QuestionDesk } from './question-desk.js';
import { QuestionLog } from './question-log.js';
import { QuestionUpkeep } from './question-upkeep.js';

/** Klarna's questions while a shopper checks out. */
@Module({
  imports: [DeliveriesModule, HooksModule, InboxModule, OrdersModule],
  providers: [QuestionAnswersRepository, TimelineRepository, QuestionDesk, QuestionLog, QuestionUpkeep],
})
export class QuestionsModule implements OnModuleInit {
  constructor(
    private readonly questions: Questions,
    private readonly desk: QuestionDesk,
  ) {}

  onModuleInit(): void {
    this.questions.register(this.desk);
  }
}
