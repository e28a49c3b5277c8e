import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import type { Settings } from '../config/settings.js';
import { createHttpAdapter } from '../http/adapter.js';
import { setUpOpenApi } from '../http/openapi.js';
import { Refusal } from '../operations/errors.js';

/** Makes the application of this process and listens. */
export async function startApplication(settings: Settings, port: number, logger: LoggerService): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(settings), createHttpAdapter(), {
    logger,
    // A start that fails is reported by main, in one line where one line says it.
    abortOnError: false,
  });
  try {
    if (settings.role === 'worker') serveHealthAndMetrics(app);
    else setUpOpenApi(app);
    await app.listen(port, settings.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  return app;
}

/** A worker finishes what the api began; nobody begins anything there. */
function serveHealthAndMetrics(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', (request, _reply, done) => {
    done(
      /^\/(?:health|metrics)(?:[/?]|$)/.test(request.url)
        ? undefined
        : new Refusal('NOT_FOUND', ['A worker serves /health and /metrics alone']),
    );
  });
}
