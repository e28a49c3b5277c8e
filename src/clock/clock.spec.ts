import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SystemClock } from './clock.js';
import { FixedClock, ManualClock } from './manual-clock.js';
import { SimulatorClock } from './simulator-clock.js';

describe('ManualClock', () => {
  it('stands still until it is moved', () => {
    const clock = new ManualClock('2026-11-20T12:00:00.000Z');
    clock.advance(1_500);
    expect(clock.now().toISOString()).toBe('2026-11-20T12:00:01.500Z');
    clock.set('2027-01-01T00:00:00.000Z');
    expect(clock.now().toISOString()).toBe('2027-01-01T00:00:00.000Z');
  });
});

describe('FixedClock', () => {
  it('always shows the same time', () => expect(new FixedClock(5).nowMs()).toBe(5));
});

describe('SimulatorClock', () => {
  let server: Server;
  let offset: number;
  let requests: number;
  const system = new SystemClock();
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const aheadMs = (clock: SimulatorClock) => clock.nowMs() - system.nowMs();

  beforeEach(async () => {
    offset = 0;
    requests = 0;
    server = createServer((_request, response) => {
      requests++;
      response.end(JSON.stringify({ now: new Date(system.nowMs() + offset).toISOString(), offset_ms: offset }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('follows a clock that was moved, at once when asked to', async () => {
    const clock = new SimulatorClock(url(), 60_000);
    offset = 3_600_000;
    expect(await clock.refresh()).toBe(true);
    expect(Math.abs(aheadMs(clock) - 3_600_000)).toBeLessThan(50);
    clock.close();
  });

  it('follows by itself, by polling', async () => {
    const clock = new SimulatorClock(url(), 10);
    offset = 86_400_000;
    while (aheadMs(clock) < 86_000_000) await new Promise((resolve) => setImmediate(resolve));
    clock.close();
    const seen = requests;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(requests - seen).toBeLessThanOrEqual(1);
  });

  it('keeps the last offset while the simulator is down or talks nonsense', async () => {
    const clock = new SimulatorClock(url(), 60_000);
    offset = 1_000_000;
    await clock.refresh();
    server.removeAllListeners('request').on('request', (_request, response) => void response.end('<html>'));
    expect(await clock.refresh()).toBe(false);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await clock.refresh()).toBe(false);
    expect(Math.abs(aheadMs(clock) - 1_000_000)).toBeLessThan(50);
    clock.close();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});
