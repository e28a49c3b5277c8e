import { CreateMerchants1795000000000 } from './1795000000000-CreateMerchants.js';
import { CreateOrders1795000000001 } from './1795000000001-CreateOrders.js';
import { CreateOperations1795000000002 } from './1795000000002-CreateOperations.js';
import { CreateRetryBudgets1795000000003 } from './1795000000003-CreateRetryBudgets.js';
import { CompareOrders1795000000004 } from './1795000000004-CompareOrders.js';
import { KeepOperations1795000000005 } from './1795000000005-KeepOperations.js';
import { CreateCustomerTokens1795000000006 } from './1795000000006-CreateCustomerTokens.js';
import { CreateHostedPages1795000000007 } from './1795000000007-CreateHostedPages.js';
import { CreateCheckoutOrders1795000000008 } from './1795000000008-CreateCheckoutOrders.js';
import { FindLongReferences1795000000010 } from './1795000000010-FindLongReferences.js';
import { ReportLimits1795000000011 } from './1795000000011-ReportLimits.js';
import { RetireAccounts1795000000014 } from './1795000000014-RetireAccounts.js';
import { CreateEvents1795000000020 } from './1795000000020-CreateEvents.js';
import { CreateCallbacks1795000000021 } from './1795000000021-CreateCallbacks.js';
import { AnnounceOnce1795000000022 } from './1795000000022-AnnounceOnce.js';
import { EraseDeliveries1795000000023 } from './1795000000023-EraseDeliveries.js';
import { ListNotifications1795000000024 } from './1795000000024-ListNotifications.js';
import { DeliverInTurn1795000000026 } from './1795000000026-DeliverInTurn.js';
import { DirectCallbacks1795000000028 } from './1795000000028-DirectCallbacks.js';
import { FindCallbacks1795000000030 } from './1795000000030-FindCallbacks.js';
import { LookForCallbacks1795000000032 } from './1795000000032-LookForCallbacks.js';
import { OwnOperations1795000000034 } from './1795000000034-OwnOperations.js';
import { WatchExpiry1795000000035 } from './1795000000035-WatchExpiry.js';
import { CreateQuestionAnswers1795000000036 } from './1795000000036-CreateQuestionAnswers.js';
import { FindPassedAuthorizations1795000000037 } from './1795000000037-FindPassedAuthorizations.js';

export const migrations = [
  CreateMerchants1795000000000,
  CreateOrders1795000000001,
  CreateOperations1795000000002,
  CreateRetryBudgets1795000000003,
  CompareOrders1795000000004,
  KeepOperations1795000000005,
  CreateCustomerTokens1795000000006,
  CreateHostedPages1795000000007,
  CreateCheckoutOrders1795000000008,
  FindLongReferences1795000000010,
  ReportLimits1795000000011,
  RetireAccounts1795000000014,
  CreateEvents1795000000020,
  CreateCallbacks1795000000021,
  AnnounceOnce1795000000022,
  EraseDeliveries1795000000023,
  ListNotifications1795000000024,
  DeliverInTurn1795000000026,
  DirectCallbacks1795000000028,
  FindCallbacks1795000000030,
  LookForCallbacks1795000000032,
  OwnOperations1795000000034,
  WatchExpiry1795000000035,
  CreateQuestionAnswers1795000000036,
  FindPassedAuthorizations1795000000037,
];
