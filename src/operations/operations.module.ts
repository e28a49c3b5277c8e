import { Module } from '@nestjs/common';
import { Cursors } from '../http/cursors.js';
import { OperationListRepository } from '../persistence/repositories/operation-list.repository.js';
import { AcceptanceRepository } from '../persistence/repositories/acceptance.repository.js';
import { AccountHealthRepository } from '../persistence/repositories/account-health.repository.js';
import { OperationsRepository } from '../persistence/repositories/operations.repository.js';
import { TimelineRepository } from '../persistence/repositories/timeline.repository.js';
import { KlarnaModule } from '../klarna/klarna.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { QueueModule } from '../queue/queue.module.js';
import { Answers } from './answers.js';
import { BodyRetention } from './body-retention.js';
import { Controls } from './controls.js';
import { Drafts } from './draft.js';
import { Driver } from './driver.js';
import { Findings } from './findings.js';
import { HandlerRegistry } from './handler-registry.js';
import { HeldBack } from './held-back.js';
import { LaneTurns } from './lane-turns.js';
import { Leases } from './leases.js';
import { OperationViews } from './operation-views.js';
import { OperationDesk } from './operation-desk.js';
import { OperationListController } from './operation-list.controller.js';
import { OperationList } from './operation-list.service.js';
import { OperationStory } from './operation-story.js';
import { OperationsController } from './operations.controller.js';
import { Operations } from './operations.service.js';
import { OwnOperations } from './own-operations.js';
import { OperationRecords } from './record.js';
import { Recovery } from './recovery.js';
import { Refusals } from './refusals.js';
import { Sending } from './sending.js';
import { Settlement } from './settlement.js';
import { Signals } from './signals.js';
import { Sweep } from './sweep.js';
import { Transitions } from './transitions.js';
import { Watch } from './watch.js';

@Module({
  imports: [QueueModule, KlarnaModule, MerchantsModule],
  controllers: [OperationListController, OperationsController],
  providers: [
    AcceptanceRepository,
    AccountHealthRepository,
    OperationsRepository,
    TimelineRepository,
    OperationStory,
    OperationRecords,
    Drafts,
    Signals,
    HandlerRegistry,
    Sending,
    Refusals,
    LaneTurns,
    Settlement,
    Recovery,
    Transitions,
    Leases,
    Driver,
    Watch,
    Controls,
    Answers,
    BodyRetention,
    OperationViews,
    OperationDesk,
    OperationListRepository,
    Cursors,
    OperationList,
    Operations,
    OwnOperations,
    HeldBack,
    Findings,
    Sweep,
  ],
  exports: [Operations, OwnOperations, HeldBack, Findings, HandlerRegistry, Sending, Refusals, OperationsRepository, TimelineRepository],
})
export class OperationsModule {}
