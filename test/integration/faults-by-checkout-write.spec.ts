import { describe } from '@jest/globals';
import { describeFaults } from '../support/fault-stories.js';

describe('a Checkout write', () => describeFaults('checkout'));
