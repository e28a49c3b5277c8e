import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What `identityOf` and `commandOf` read; undefined when there is no such process, or only its zombie. */
interface ProcessFacts {
  readonly startedAt: string;
  readonly command: string;
}

/**
 * Names a living process so that a later one with the same pid is not taken for it: its start time, as the system writes it.
 * `kill(pid, 0)` alone can't tell, and succeeds on zombies.
 */
export function identityOf(pid: number): string | undefined {
  return factsOf(pid)?.startedAt;
}

/** The command line of a living process. */
export function commandOf(pid: number): string | undefined {
  return factsOf(pid)?.command;
}

function factsOf(pid: number): ProcessFacts | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? (fromProc(pid) ?? undefined) : fromPs(pid);
}

function fromProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may contain anything; the fields after it are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // Ticks since boot; two boots may count alike.
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { startedAt: `${boot} ${fields[19]}`, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessFacts | undefined {
  const ask = (column: string) => spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
  const state = ask('state');
  if (state === '' || state.startsWith('Z')) return undefined;
  return { startedAt: ask('lstart'), command: ask('command') };
}
