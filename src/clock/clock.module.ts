import { Global, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Clock, SystemClock } from './clock.js';
import { SimulatorClock } from './simulator-clock.js';

/** Makes the clock that CLOCK names; the simulator's is asked once before anything reads it. */
export async function createClock(settings: Settings): Promise<Clock> {
  if (settings.clock === 'system' || settings.simulatorUrl === undefined) return new SystemClock();
  const clock = new SimulatorClock(settings.simulatorUrl);
  await clock.refresh();
  return clock;
}

@Injectable()
class ClockShutdown implements OnApplicationShutdown {
  constructor(private readonly clock: Clock) {}

  onApplicationShutdown(): void {
    this.clock.close();
  }
}

@Global()
@Module({
  providers: [{ provide: Clock, inject: [Settings], useFactory: createClock }, ClockShutdown],
  exports: [Clock],
})
export class ClockModule {}
