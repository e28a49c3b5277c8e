import { describe } from '@jest/globals';
import { describeFaults } from '../support/fault-stories.js';

describe('an Order Management write', () => describeFaults('order-management'));
