import { Module, type DynamicModule } from '@nestjs/common';
import { Settings } from './settings.js';

/** Hands the process's one `Settings` to whatever asks for it. */
@Module({})
export class ConfigModule {
  static forRoot(settings: Settings): DynamicModule {
    return { module: ConfigModule, global: true, providers: [{ provide: Settings, useValue: settings }], exports: [Settings] };
  }
}
