import { describe } from '@jest/globals';
import { describeFaults } from '../support/fault-stories.js';

describe('a Customer Token write', () => describeFaults('customer-token'));
