import { Logger, type LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { within } from '../queue/nudges.js';
import { createLogger } from '../telemetry/logger.js';
import { startApplication } from './application.js';
import { choosePort } from './ports.js';
import { leaveRefusalsToMain, refusal } from './refusal.js';
import { Resources } from './resources.js';
import { stopOnSignals } from './shutdown.js';
import { welcome } from './welcome.js';

/** The application gets so long to finish what runs; then the simulator and Postgres are stopped all the same. */
const CLOSE_WITHIN_MS = 5_500;
/** A start that is stopped gets so long to finish its step. */
const START_WITHIN_MS = 6_000;

/** The whole program: starts what the environment asks for and serves until a signal. */
export async function run(): Promise<void> {
  try {
    await start(loadSettings());
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

async function start(settings: Settings): Promise<void> {
  const logger = createLogger(settings);
  leaveRefusalsToMain(logger);
  Logger.overrideLogger(logger);
  const note = (line: string) => logger.log(line, 'Start');
  const resources = new Resources();
  const running: { app?: NestFastifyApplication } = {};
  let stopping: Promise<void> | undefined;

  let started: Promise<void> = Promise.resolve();
  const stop = () =>
    (stopping ??= (async () => {
      await within(started, START_WITHIN_MS, () => Promise.resolve());
      if (running.app !== undefined) await within(running.app.close(), CLOSE_WITHIN_MS, () => Promise.resolve());
      await resources.release();
    })());
  // Before the folder is taken: whoever sees that it is may stop this process.
  stopOnSignals({ stop, abandon: () => resources.abandon(), note });

  // A stop in the middle of a start waits for the step that runs: what it is about to make would be left behind otherwise.
  started = (async () => {
    await resources.lock(settings);
    const port = await choosePort('PORT', settings.port, 3000, settings.host);
    const complete = await resources.acquire(settings, port, note);
    if (stopping !== undefined) return;
    running.app = await startApplication(complete, port, logger);
    resources.serves(port);
    if (stopping === undefined) announce(complete, port, logger);
  })();
  await started.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
}

function announce(settings: Settings, port: number, logger: LoggerService): void {
  const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
  logger.log(`Listening on ${url} (role ${settings.role})`, 'Start');
  if (settings.mode === 'embedded' || settings.startsSimulator) process.stdout.write(welcome(settings, url));
  if (settings.mode !== 'embedded' && settings.usesSimulator)
    logger.warn(`Klarna is the SIMULATOR at ${settings.simulatorUrl}: no money moves`, 'Start');
}

/** One line where one says it all; a stack only for what nobody expected. */
function explain(error: unknown): string {
  return refusal(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
}
