import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const NEWLINE = 0x0a;

/**
 * An append-only file of JSON lines. A line is written with one synchronous call before the answer leaves, so it survives
 * `kill -9` of the process (it is not synced to the disk: a power cut may take the last lines).
 */
export class Journal {
  private fd: number;

  private constructor(private readonly file: string) {
    this.fd = openSync(file, 'a', 0o600);
  }

  /**
   * Opens (or makes) the file and hands every complete line to `replay`, oldest first. What follows the last line break is a
   * line that a crash cut short: its answer never left, so it is cut off.
   */
  static open(file: string, replay: (line: unknown) => void): { journal: Journal; bytes: number } {
    mkdirSync(dirname(file), { recursive: true });
    const stored = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const end = stored.lastIndexOf(NEWLINE) + 1;
    if (end < stored.length) truncateSync(file, end);
    let number = 0;
    for (let start = 0; start < end;) {
      const stop = stored.indexOf(NEWLINE, start);
      number += 1;
      try {
        replay(JSON.parse(stored.toString('utf8', start, stop)));
      } catch (cause) {
        throw new Error(`${file}, line ${number}: not readable. Move the file away to start without state`, { cause });
      }
      start = stop + 1;
    }
    return { journal: new Journal(file), bytes: end };
  }

  append(line: unknown): void {
    appendFileSync(this.fd, JSON.stringify(line) + '\n');
  }

  /** Replaces the whole file; a crash on the way leaves the old one. */
  rewrite(lines: Iterable<unknown>): void {
    const next = `${this.file}.next`;
    writeFileSync(next, '', { mode: 0o600 });
    const fd = openSync(next, 'a');
    for (const line of lines) appendFileSync(fd, JSON.stringify(line) + '\n');
    closeSync(fd);
    closeSync(this.fd);
    renameSync(next, this.file);
    this.fd = openSync(this.file, 'a', 0o600);
  }

  close(): void {
    closeSync(this.fd);
  }
}
