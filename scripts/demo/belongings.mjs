// What the demo has started and made, and the promise that none of it stays: not after an error, not after Ctrl-C, not after kill -9.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

export class Belongings {
  #releases = [];
  #beingMade = new Set();
  #letGo;
  #janitor = spawn(process.execPath, [join(import.meta.dirname, 'janitor.mjs')], {
    // Ctrl-C at the terminal must not reach it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });

  constructor() {
    this.#janitor.on('error', () => undefined);
    this.#janitor.stdin.on('error', () => undefined);
    this.#janitor.unref();
  }

  /** Makes something that `release` gives back. What is still being made when everything is given back is waited for. */
  async own(make, release) {
    if (this.#letGo) throw new Error('Everything was given back');
    const making = Promise.resolve()
      .then(make)
      .then((made) => {
        this.#releases.unshift(() => release(made));
        return made;
      });
    this.#beingMade.add(making);
    return making.finally(() => this.#beingMade.delete(making));
  }

  /** @param signal ends it at once, should the demo be killed */
  noteProcess(pid, signal = 'SIGKILL') {
    this.#tell('process', pid, signal);
  }

  noteGone(pid) {
    this.#tell('gone', pid);
  }

  noteFolder(path) {
    this.#tell('folder', path);
  }

  /** Gives everything back, the newest first; may be called again. */
  release() {
    return (this.#letGo ??= this.#release());
  }

  async #release() {
    await Promise.allSettled([...this.#beingMade]);
    for (const release of this.#releases.splice(0)) {
      await Promise.resolve()
        .then(release)
        .catch((error) => process.stderr.write(`While tidying up: ${error.message}\n`));
    }
    this.#tell('done');
    this.#janitor.stdin.end();
  }

  #tell(...words) {
    this.#janitor.stdin.write(`${words.join('\t')}\n`);
  }
}
