import { Injectable } from '@nestjs/common';

/** What became of this process's attempts since its start, for metrics. */
@Injectable()
export class DeliveryCounts {
  delivered = 0;
  /** Attempts that brought no success; the delivery goes on. */
  failed = 0;
  cancelled = 0;
  dead = 0;
  /** Answers that came too late to decide anything. */
  overtaken = 0;
  /** In the air now. */
  underWay = 0;
}
