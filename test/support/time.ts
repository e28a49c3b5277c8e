import { Clock } from '../../src/clock/clock.js';
import type { SimulatorClock } from '../../src/clock/simulator-clock.js';
import type { TestGateway } from './gateway.js';

export const HOUR = 3_600;
export const DAY = 24 * HOUR;

/** Moves business time forward and makes sure that these gateways, which follow the simulator's clock, have noticed. */
export async function pass(seconds: number, ...gateways: TestGateway[]): Promise<void> {
  await gateways[0]?.advance(seconds);
  for (const { app } of gateways) await app.get<SimulatorClock>(Clock).refresh();
}
