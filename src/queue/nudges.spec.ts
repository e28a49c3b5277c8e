import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Alerts } from '../telemetry/alerts.js';
import { Nudges } from './nudges.js';
import type { NudgeQueue, QueueBackend } from './queue-ports.js';

function backendWith(add: NudgeQueue['add']): QueueBackend {
  const queue: NudgeQueue = { add, on: () => undefined, close: () => new Promise(() => undefined), disconnect: () => Promise.resolve() };
  return { kind: 'redis', createQueue: () => queue, createWorker: () => ({}) as never, close: () => Promise.resolve() };
}

function quietAlerts(): Alerts {
  jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  return new Alerts();
}

describe('Nudges', () => {
  it('names the job after operation and fence, and never asks for a delay below nothing', async () => {
    const added: unknown[] = [];
    const nudges = new Nudges(
      backendWith((...job) => Promise.resolve(added.push(job))),
      quietAlerts(),
    );
    nudges.nudge('0193', 4, -5);
    nudges.nudge('0193', 5, 1_000.4);
    await Promise.resolve();
    expect(added).toEqual([
      ['nudge', { operationId: '0193' }, { jobId: '0193-4', delay: 0 }],
      ['nudge', { operationId: '0193' }, { jobId: '0193-5', delay: 1_000 }],
    ]);
  });

  it('returns at once, throws nothing and raises an alert when the queue is away', async () => {
    const alerts = quietAlerts();
    const nudges = new Nudges(
      backendWith(() => Promise.reject(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))),
      alerts,
    );
    expect(nudges.nudge('o', 1, 0)).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(nudges.queueHealth()).toMatchObject({ reachable: false, failed: 1, inFlight: 0, lastError: 'ECONNREFUSED' });
    expect(alerts.count('queue.unreachable')).toBe(1);
  });

  it('keeps at most 1,000 adds in flight: a queue that never answers does not fill the memory', () => {
    const alerts = quietAlerts();
    const add = jest.fn(() => new Promise(() => undefined));
    const nudges = new Nudges(backendWith(add), alerts);
    for (let i = 0; i < 5_000; i++) nudges.nudge(`o${i}`, 1, 0);
    expect(add).toHaveBeenCalledTimes(1_000);
    expect(nudges.queueHealth()).toMatchObject({ inFlight: 1_000, dropped: 4_000 });
    expect(alerts.count('queue.saturated')).toBe(4_000);
  });

  it('closes in time although the other side does not answer', async () => {
    const nudges = new Nudges(
      backendWith(() => new Promise(() => undefined)),
      quietAlerts(),
    );
    nudges.nudge('o', 1, 0);
    await nudges.close(10);
  });
});
