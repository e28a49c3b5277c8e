import { RetryPermits } from '../../src/klarna/retry-budget.js';

/** Permits that a test hands out. */
export class TestPermits extends RetryPermits {
  /** What was reported with each request for a permit. */
  readonly reported: number[] = [];
  /** What other processes see, and how often it was asked. */
  sickElsewhere = false;
  looks = 0;

  /** @param left how many there are */
  constructor(public left = Infinity) {
    super();
  }

  override take(_accountId: string, _api: string, firstAttempts: number): Promise<boolean> {
    this.reported.push(firstAttempts);
    if (this.left <= 0) return Promise.resolve(false);
    this.left -= 1;
    return Promise.resolve(true);
  }

  override seenSick(): Promise<boolean> {
    this.looks += 1;
    return Promise.resolve(this.sickElsewhere);
  }
}
