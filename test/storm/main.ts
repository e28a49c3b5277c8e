import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../support/client.js';
import { awaitAgreement, droppedEvidence, FINAL_WITHIN_MS, repeatAtTheEnd, settle } from './aftermath.js';
import { Callers } from './callers.js';
import { Chaos } from './chaos.js';
import { StormClock } from './clock.js';
import { collectLedger, collectRows } from './collect.js';
import { compare } from './compare.js';
import { HELP, readOptions, type StormOptions } from './options.js';
import { planChaos } from './plan-chaos.js';
import { planSleepers, planStories, planSwitches } from './plan.js';
import { Probes } from './probes.js';
import { Draws } from './random.js';
import { failures, type Outcome, stories, storiesOfManual, table } from './report.js';
import { Takeovers } from './takeover.js';
import { Telling } from './telling.js';
import { stormFolder, Topology } from './topology.js';

/** A slow machine has so many times the time for what was asked for. */
const LONGEST = 2;
/** Some purchases come to nothing: so many more are planned. */
const SPARE = 1.5;
/** So far the shops may be ahead of the kills: nobody is killed idle, and nothing goes on undisturbed. */
const AHEAD = 0.05;
/** What comes after the faults has this long, whatever happens. */
const AFTERWARDS_MS = 360_000;
/** To make both sides agree takes time, which may bring more to tell of: so often at most. */
const MOST_DRAINS = 10;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs one storm. @returns the exit status */
export async function main(args: readonly string[]): Promise<number> {
  let options: StormOptions | undefined;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (options === undefined) {
    say(HELP);
    return 0;
  }
  const folder = stormFolder(options.seed);
  const { topology, outcome } = await storm(options, folder.path);
  const failed = failures(outcome);
  say(`\n${table(outcome)}\n`);
  if (failed.length > 0) {
    const told = stories(outcome);
    say(told);
    writeFileSync(join(folder.path, 'stories.txt'), stories(outcome, Infinity));
  }
  if (failed.length > 0 || options.keep) {
    topology.writeLogs();
    writeFileSync(join(folder.path, 'manual.txt'), storiesOfManual(outcome));
    say(`\nLogs of the processes, and everything that was found: ${folder.path}`);
  }
  await topology.close();
  if (failed.length === 0 && !options.keep) folder.remove();
  say(failed.length === 0 ? `Passed (seed ${options.seed})` : `FAILED (seed ${options.seed}): ${failed.join('; ')}`);
  return failed.length === 0 ? 0 : 1;
}

async function storm(options: StormOptions, folder: string): Promise<{ topology: Topology; outcome: Outcome }> {
  const { seed } = options;
  const planned = planStories(seed, options.operations * SPARE, options.faults);
  const mishaps = planChaos(options);
  const switches = planSwitches(seed, options.switches);
  say(
    `Storm ${seed}: ${options.operations} operations, ${options.kills} kills, ${options.freezes} freezes in ${options.minutes} minutes, queue in ${options.queue}`,
  );
  say(
    `Switches: ${Object.entries(switches)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ')}`,
  );
  const began = performance.now();
  const since = (): string => `${((performance.now() - began) / 1_000).toFixed(0)} s`;
  const topology = await Topology.open({ folder, ...options });
  stopWith(topology, options.minutes * LONGEST * 60_000 + AFTERWARDS_MS);
  const simulator = new Client('', topology.simulator.url);
  await simulator.behave(switches);
  const clock = new StormClock(simulator);
  const telling = await Telling.open(topology, simulator, seed);
  const callers = new Callers(topology, simulator, telling.receiver);
  const takeovers = new Takeovers(topology);
  const chaos = new Chaos(topology, simulator, clock, callers, takeovers, planSleepers(seed, options.sleeps));
  const probes = new Probes(topology, simulator, chaos);

  say(`${since()}: everything runs; the storm begins`);
  const progress = setInterval(
    () => say(`${since()}: ${callers.asked} operations, ${chaos.counts.kills} kills, ${chaos.counts.freezes} freezes`),
    15_000,
  );
  clock.start();
  probes.start();
  const killed = (): number => (options.kills === 0 ? 1 : chaos.counts.kills / options.kills);
  const blowing = chaos.run(mishaps);
  const working = callers.run(planned, {
    atATime: options.callers,
    operations: options.operations,
    allowed: () => (killed() + AHEAD) * options.operations,
  });
  await ended(options, Promise.all([working, blowing]));
  callers.stop();
  chaos.stop();
  await Promise.all([working, blowing]);
  await probes.stop();
  await clock.stop();

  await simulator.simulate('DELETE', '/simulator/faults');
  await simulator.simulate('DELETE', '/simulator/gates');
  await topology.complete();
  say(`${since()}: faults have stopped, as many processes run as should`);
  const settled = await settle(topology, clock, callers, {
    remembers5xx: switches['remember_5xx'] === true || switches['remember_5xx'] === 'true',
    withinMs: options.patience === null ? FINAL_WITHIN_MS : options.patience * 1_000,
  });
  say(`${since()}: ${settled.open === 0 ? 'nothing is open' : `${settled.open} operations are open`}`);
  // Whatever a process has kept in mind is gone: what callers are told now is on record.
  await topology.restartAll();
  await repeatAtTheEnd(callers, new Draws(seed, 'repeats at the end'));
  await awaitAgreement(topology, simulator, clock);
  let left: string[];
  let rounds = 0;
  // The time that passes until both agree brings something to tell of: pages end, and Klarna says so.
  do {
    left = await telling.drain(clock);
    await awaitAgreement(topology, simulator, clock);
    rounds += 1;
  } while (left.length === 0 && rounds < MOST_DRAINS && !(await telling.isDrained()));
  say(`${since()}: ${left.length === 0 ? 'everybody was told' : `${left.length} are not told: ${left.slice(0, 20).join(', ')}`}`);
  await takeovers.settled();
  clearInterval(progress);

  const intents = callers.intents.map(({ record }) => record);
  const sentAs = new Map<string, string>();
  const rows = await collectRows(topology, sentAs);
  const ledger = await collectLedger(simulator, sentAs);
  const told = await telling.collect();
  const silent = rows.operations.flatMap(({ id: operation, attempts }) =>
    attempts.filter(({ outcome }) => outcome === null).map(({ id }) => ({ id, operation })),
  );
  const noticed = [...callers.noticed, ...probes.noticed, ...droppedEvidence(topology.births, silent)];
  const findings = compare({ intents, rows, ledger, noticed, told });
  const outcome: Outcome = {
    wanted: options,
    ...{ intents, rows, ledger, told, findings, settled },
    counts: chaos.counts,
    takeovers: takeovers.seen,
    probes: probes.looks,
  };
  await telling.receiver.close();
  return { topology, outcome };
}

/** Waits until everything was done, or for the longest time that it may take. */
async function ended({ minutes }: StormOptions, done: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const limit = pause(minutes * LONGEST * 60_000, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([done, limit]);
  over.abort();
}

/** However it ends, nothing that it started stays. */
function stopWith(topology: Topology, atMostMs: number): void {
  const end = (code: number, why: string): void => {
    process.stderr.write(`\n${why}\n`);
    topology.writeLogs();
    topology.abandon();
    process.exit(code);
  };
  process.once('SIGINT', () => end(130, 'Interrupted'));
  process.once('SIGTERM', () => end(143, 'Interrupted'));
  process.once('uncaughtException', (error) => end(1, `The storm itself failed: ${error.stack}`));
  process.once('unhandledRejection', (error) => end(1, `The storm itself failed: ${error instanceof Error ? error.stack : String(error)}`));
  setTimeout(() => end(1, `Not done after ${Math.round(atMostMs / 1_000)} s: something hangs`), atMostMs).unref();
}
