import { readSettings, SettingsError, type Settings } from './settings.js';
import { startSimulator, type Simulator } from './simulator.js';

const FIRST_PORT = 3001;
const LAST_PORT = 3100;

const portTaken = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** A port that was asked for is taken or not; without one the first free port will do. */
async function start(settings: Settings): Promise<Simulator> {
  if (settings.port !== undefined) return startSimulator({ ...settings, port: settings.port });
  for (let port = FIRST_PORT; ; port += 1) {
    try {
      return await startSimulator({ ...settings, port });
    } catch (error) {
      if (!portTaken(error) || port === LAST_PORT) throw error;
    }
  }
}

try {
  const settings = readSettings(process.env);
  const simulator = await start(settings);
  const stop = () => {
    void simulator.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (settings.stopWithStdin) {
    // Standard input ends when the parent dies, however it dies.
    process.stdin.once('end', stop).once('error', stop).resume();
  }
  if (process.send) process.send({ type: 'listening', url: simulator.url, port: simulator.port });
  else console.log(`Klarna simulator: ${simulator.url} (not Klarna; no money moves here)`);
} catch (error) {
  const reason = portTaken(error) ? 'SIMULATOR_PORT is taken by another process' : error instanceof Error ? error.message : String(error);
  console.error(`Klarna simulator cannot start: ${reason}`);
  if (!(error instanceof SettingsError) && !portTaken(error) && error instanceof Error && error.cause) console.error(error.cause);
  process.exit(1);
}
