import { Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { HooksRepository } from '../../persistence/repositories/hooks.repository.js';
import { HookRetention } from './hook-retention.js';
import { Hooks } from './hooks.js';
import { OwnUrlsInterceptor } from './own-urls.interceptor.js';
import { OwnUrls } from './own-urls.js';

/** Our addresses in Klarna's callbacks: put into requests, and taken out of what merchants are shown. */
@Module({
  providers: [HooksRepository, Hooks, OwnUrls, HookRetention, { provide: APP_INTERCEPTOR, useClass: OwnUrlsInterceptor }],
  exports: [HooksRepository, Hooks, OwnUrls],
})
export class HooksModule implements OnApplicationBootstrap {
  readonly #logger = new Logger('Start');

  constructor(private readonly hooks: Hooks) {}

  onApplicationBootstrap(): void {
    const { off } = this.hooks;
    if (off !== undefined) this.#logger.log(`${off}: Klarna's callbacks go to the shops' own URLs`);
  }
}
