import { describe } from '@jest/globals';
import { describeFaults } from '../support/fault-stories.js';

describe('a Payments write', () => describeFaults('payments'));
