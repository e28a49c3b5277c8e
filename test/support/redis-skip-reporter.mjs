// Says as the run's last line that the queue was not tested on Redis. A skipped test is easily overlooked; this line is not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

export default class RedisSkipReporter {
  #skipped = false;

  onRunComplete() {
    this.#skipped = existsSync(join(process.env.TEST_MARKERS ?? '', 'redis-skipped'));
    if (!this.#skipped) return;
    // Jest's own summary comes after every reporter.
    process.once('exit', () => {
      process.stderr.write(
        'REDIS SUITE SKIPPED: no REDIS_URL, no redis-server on the PATH (INSTALL_REDIS=1 installs one, as root on Debian)\n',
      );
    });
  }

  getLastError() {
    return this.#skipped && process.env.CI === '1' ? new Error('The Redis suite was skipped') : undefined;
  }
}
