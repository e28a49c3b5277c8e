import tests from './jest.config.mjs';

/** Figures take minutes and want the machine for themselves: they are not part of `npm test`. */
export default { ...tests, testRegex: 'test/figures/[^/]+\\.figure\\.ts$', maxWorkers: 1, testTimeout: 900_000 };
