import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Leases } from '../../src/operations/leases.js';

/** From here on this process renews no lease, as if it were stopped. What it has under way goes on, with leases that run out. */
export function renewsNoLease(app: NestFastifyApplication): void {
  const leases = app.get(Leases);
  // One renewal may be under way, and would plan the next.
  Object.assign(leases, { renew: () => Promise.resolve() });
  leases.onModuleDestroy();
}
