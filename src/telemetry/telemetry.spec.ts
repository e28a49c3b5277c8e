import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { loadSettings } from '../config/load-settings.js';
import { Alerts } from './alerts.js';
import { createLogger } from './logger.js';
import { requestContext } from './request-context.js';

function written(stream: NodeJS.WriteStream, work: () => void): string {
  const lines: string[] = [];
  const spy = jest.spyOn(stream, 'write').mockImplementation((chunk) => {
    lines.push(String(chunk));
    return true;
  });
  try {
    work();
  } finally {
    spy.mockRestore();
  }
  return lines.join('');
}

describe('createLogger', () => {
  it('writes JSON lines that name the request they belong to', () => {
    const logger = createLogger(loadSettings({}), false);
    const line = written(process.stdout, () =>
      requestContext.run({ requestId: 'r-1', operationId: 'o-1' }, () => logger.log('captured', 'Operations')),
    );
    expect(JSON.parse(line)).toMatchObject({
      level: 'log',
      message: 'captured',
      context: 'Operations',
      request_id: 'r-1',
      operation_id: 'o-1',
    });
  });

  it('keeps the context through awaits, and apart from other requests', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((requestId) =>
        requestContext.run({ requestId }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return requestContext.current()?.requestId;
        }),
      ),
    );
    expect(seen).toEqual(['a', 'b']);
    expect(requestContext.current()).toBeUndefined();
  });

  it('is readable for a person at a terminal, and JSON in production all the same', () => {
    const readable = written(process.stdout, () => createLogger(loadSettings({}), true).log('hello', 'X'));
    expect(readable).toContain('hello');
    expect(readable).not.toContain('{"level"');
  });

  it("says nothing below LOG_LEVEL, and Nest's own start only at debug", () => {
    const warn = createLogger(loadSettings({ LOG_LEVEL: 'warn' }), false);
    expect(written(process.stdout, () => warn.log('x', 'Y'))).toBe('');
    const info = createLogger(loadSettings({}), false);
    expect(written(process.stdout, () => info.log('Mapped {/x, GET} route', 'RouterExplorer'))).toBe('');
    const debug = createLogger(loadSettings({ LOG_LEVEL: 'debug' }), false);
    expect(written(process.stdout, () => debug.log('Mapped {/x, GET} route', 'RouterExplorer'))).toContain('Mapped');
  });
});

describe('Alerts', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('counts every alert and says each code at most once a minute', () => {
    const said = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const alerts = new Alerts();
    for (let i = 0; i < 3; i++) alerts.raise('queue.unreachable', { backend: 'redis' });
    alerts.raise('operation.manual', { operation_id: 'o-1' });
    expect(said).toHaveBeenCalledTimes(2);
    now.mockReturnValue(61_000);
    alerts.raise('queue.unreachable', { backend: 'redis' });
    expect(said).toHaveBeenLastCalledWith({ alert: 'queue.unreachable', count: 4, unsaid: 2, backend: 'redis' });
    expect(Object.fromEntries(alerts.counts())).toEqual({ 'queue.unreachable': 4, 'operation.manual': 1 });
    expect(alerts.count('never')).toBe(0);
  });
});
