import { parseArgs } from 'node:util';
import { POINTS, type Point } from './plan-chaos.js';

export interface StormOptions {
  readonly seed: number;
  readonly operations: number;
  readonly kills: number;
  readonly freezes: number;
  readonly restarts: number;
  readonly sleeps: number;
  readonly flushes: number;
  readonly outages: number;
  /** Real minutes until faults stop, at most. */
  readonly minutes: number;
  readonly queue: 'postgres' | 'redis';
  readonly apis: number;
  readonly workers: number;
  readonly callers: number;
  /** Crash points that are drawn from. */
  readonly points: readonly Point[];
  /** How often a write meets a fault, 0 to 1. */
  readonly faults: number;
  /** Switches of the simulator that are not drawn. */
  readonly switches: Readonly<Record<string, string>>;
  /** So much of what was asked for must have happened, 0 to 1. */
  readonly least: number;
  /** How many seconds of business time everything may take to end after the faults; null: what the rules demand. */
  readonly patience: number | null;
  /** Keeps the folder with the logs in any case. */
  readonly keep: boolean;
}

export const USUAL_FAULTS = 0.5;
export const HELP = `npm run storm -- [options]

Runs apis and workers as processes against a private Postgres and the Klarna simulator, lets everything go wrong, and compares at
the end what callers were told, the database, and what really happened at the simulator. Exit status 0 only when all three agree.

  --seed N            what is drawn: workload, faults, the simulator's switches, the schedule of kills (default 1)
  --operations N      writes asked for, repeats not counted (default 5000)
  --kills N           SIGKILLs, at random and at every step boundary in turn (default 300)
  --minutes N         real minutes until faults stop (default 10); up to twice as many on a machine that is slower
  --queue KIND        postgres (default) or redis (redis-server on the PATH, or REDIS_URL, which is flushed!)
  --small             a storm of CI: 400 operations, 16 kills, 0.9 minutes
  --freezes N         SIGSTOPs for longer than the lease (default: kills / 6)
  --restarts N        immediate restarts of Postgres (default: 1 per 2 minutes, at least 2)
  --sleeps N          processes that stand still for most of a day (default: 1 per 4 minutes, at least 1)
  --flushes N         losses of the whole queue (default: 1 per minute, at least 2)
  --outages N         times in which Klarna is away for hours or weeks (default: 1 per 2 minutes, at least 2)
  --apis N --workers N --callers N
                      processes and callers at a time (default 2, 2, 24; from 100 kills on 3 of each)
  --points a,b,...    only these step boundaries: ${POINTS.join(', ')}
  --faults P          how often a write meets a fault of Klarna's or of the network, 0 to 1 (default 0.5)
  --set switch=value  a switch of the simulator instead of its draw; may be repeated
  --least P           fails when less than this share of it happened (default 1; with --small a third, for slow machines)
  --patience N        seconds of business time in which everything has to end after the faults (default: what the rules demand)
  --keep              keeps the logs of the processes in any case

The seed replays the drawn plan: which orders, captures, refunds and repeats are asked for with which keys, amounts and faults; which
switches are on; what is killed, frozen, flushed and restarted where, and when. Each concern draws from its own stream. How the
processes interleave is the machine's and differs from run to run: a rare finding may need several runs of its seed.
`;

/** @returns undefined when help was asked for. @throws Error that names what can't be read */
export function readOptions(args: readonly string[]): StormOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(
        [
          'seed',
          'operations',
          'kills',
          'minutes',
          'freezes',
          'restarts',
          'sleeps',
          'flushes',
          'outages',
          'apis',
          'workers',
          'callers',
          'faults',
          'least',
        ].map((name) => [name, { type: 'string' as const }]),
      ),
      queue: { type: 'string', default: 'postgres' },
      points: { type: 'string' },
      patience: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      small: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: string, fallback: number): number => {
    const text = (values as Record<string, unknown>)[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (typeof text !== 'string' || text === '' || !Number.isFinite(value) || value < 0) throw new Error(`--${name} takes a number from 0`);
    return value;
  };
  const { queue, small } = values;
  if (queue !== 'postgres' && queue !== 'redis') throw new Error('--queue takes postgres or redis');
  const minutes = number('minutes', small ? 0.9 : 10);
  const kills = number('kills', small ? 16 : 300);
  const points = values.points === undefined ? POINTS : values.points.split(',').map(pointOf);
  return {
    seed: number('seed', 1),
    operations: number('operations', small ? 400 : 5_000),
    kills,
    freezes: number('freezes', Math.ceil(kills / 6)),
    restarts: number('restarts', Math.max(2, Math.round(minutes / 2))),
    sleeps: number('sleeps', Math.max(1, Math.round(minutes / 4))),
    flushes: number('flushes', Math.max(2, Math.round(minutes))),
    outages: number('outages', Math.max(2, Math.round(minutes / 2))),
    minutes,
    queue,
    apis: Math.max(1, number('apis', kills < 100 ? 2 : 3)),
    workers: Math.max(1, number('workers', kills < 100 ? 2 : 3)),
    callers: Math.max(1, number('callers', 24)),
    points,
    faults: number('faults', USUAL_FAULTS),
    least: number('least', small ? 1 / 3 : 1),
    switches: Object.fromEntries(values.set.map((each) => [each.split('=')[0] ?? '', each.slice(each.indexOf('=') + 1)])),
    patience: values.patience === undefined ? null : number('patience', 0),
    keep: values.keep,
  };
}

function pointOf(text: string): Point {
  const found = POINTS.find((point) => point === text);
  if (found === undefined) throw new Error(`--points knows ${POINTS.join(', ')}`);
  return found;
}
