import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Simulator } from '../simulator.js';
import { eventually, ORDERS, startForTest, type TestClient } from '../test-client.js';
import { Store } from './store.js';

let dataDir: string;
let simulator: Simulator;
let client: TestClient;
const start = async () => ({ simulator, client } = await startForTest({ dataDir }));
const restart = async () => {
  await simulator.close();
  await start();
};
const file = () => join(dataDir, 'simulator.ndjson');

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'simulator-'));
  await start();
});
afterEach(async () => {
  await simulator.close();
  rmSync(dataDir, { recursive: true });
});

describe('a restart', () => {
  it('keeps orders, captures, refunds, keys, ledger, switches and clock', async () => {
    await client.behave({ status_after_release: 'CLOSED' });
    await client.advance(7 * 24 * 3600);
    const orderId = await client.order();
    const first = await client.capture(orderId, 4_000, 'k', { reference: 'R-1' });
    await client.refund(orderId, 1_000);
    await client.release(orderId);
    const [ledger, order] = [await client.ledger(orderId), await client.read(orderId)];
    await restart();
    expect(await client.read(orderId)).toEqual(order);
    const after = await client.ledger(orderId);
    expect({ ...after, requests: after.requests.slice(0, ledger.requests.length) }).toEqual(ledger);
    const again = await client.capture(orderId, 4_000, 'k');
    expect(again.headers.get('capture-id')).toBe(first.headers.get('capture-id'));
    expect((await client.call('GET', '/simulator/clock')).json.offset_ms).toBe(7 * 24 * 3_600_000);
    expect((await client.call('GET', '/simulator/behaviour')).json.status_after_release).toMatchObject({ value: 'CLOSED' });
  });

  it('keeps sessions, authorizations and what a token has placed', async () => {
    const [open, placed] = [await client.session(), await client.session()];
    const [openToken, placedToken] = [await client.authorize(open), await client.authorize(placed)];
    const first = await client.placeOrder(placedToken);
    await restart();
    expect((await client.placeOrder(placedToken)).text).toBe(first.text);
    expect((await client.placeOrder(openToken)).status).toBe(200);
    expect((await client.call('GET', `/payments/v1/sessions/${placed}`)).json.status).toBe('complete');
  });

  it('goes on with fraud decisions', async () => {
    const orderId = await client.order({ billing_address: { email: 'a+pend-reject@example.com', country: 'SE' } });
    await restart();
    await client.advance(4 * 3600 + 1);
    expect((await client.read(orderId)).fraud_status).toBe('REJECTED');
    await restart();
    await client.advance(4 * 3600 + 1);
    expect((await client.read(orderId)).status).toBe('CANCELLED');
  });

  it('goes on with callbacks', async () => {
    const order = await client.order({ merchant_urls: { push: 'http://127.0.0.1:1/push' } });
    const count = async () =>
      ((await client.call('GET', '/simulator/callbacks')).json.callbacks as { attempts: unknown[] }[])[0]!.attempts.length;
    await eventually(async () => (await count()) === 1);
    await restart();
    await client.advance(600);
    await eventually(async () => (await count()) === 2);
    expect(order).toBeDefined();
  });

  it('goes on with hosted pages that expire, and keeps back what is held', async () => {
    await client.call('POST', '/hpp/v1/sessions', {
      payment_session_url: `${client.url}/payments/v1/sessions/${await client.session()}`,
      merchant_urls: { status_update: 'https://shop.example/hook' },
    });
    await client.behave({ callbacks_hold: true });
    await restart();
    await client.advance(48 * 3600);
    expect(await client.callbacks()).toMatchObject([{ kind: 'status_update', withheld: 'held' }]);
    await restart();
    expect(await client.callbacks()).toMatchObject([{ kind: 'status_update', withheld: 'held', next_at: null }]);
  });

  it('numbers requests on', async () => {
    await client.session();
    await restart();
    await client.session();
    const { requests } = (await client.call('GET', '/simulator/ledger/requests')).json as { requests: { sequence: number }[] };
    expect(requests.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('forgets what was wiped', async () => {
    const orderId = await client.order();
    await client.call('DELETE', '/simulator/state');
    await restart();
    expect((await client.call('GET', `${ORDERS}/${orderId}`)).status).toBe(404);
  });
});

describe('the file', () => {
  it('has the effect before the answer leaves', async () => {
    const orderId = await client.order();
    const { headers } = await client.capture(orderId, 1_000, 'k');
    expect(readFileSync(file(), 'utf8')).toContain(headers.get('capture-id'));
  });

  it('may end in the middle of a line: the rest is cut off and never in the way again', async () => {
    const orderId = await client.order();
    await client.capture(orderId, 1_000, 'k');
    await simulator.close();
    appendFileSync(file(), '[["captures","x",{"capture_id":"x","captured_am');
    await start();
    expect((await client.ledger(orderId)).captured_amount).toBe(1_000);
    await client.capture(orderId, 2_000);
    await restart();
    expect((await client.ledger(orderId)).captured_amount).toBe(3_000);
  });

  it('that is broken elsewhere is refused by file and line, not skipped', async () => {
    await client.order();
    await simulator.close();
    const lines = readFileSync(file(), 'utf8').split('\n');
    writeFileSync(file(), [lines[0], '{broken', ...lines.slice(2)].join('\n'));
    await expect(startForTest({ dataDir })).rejects.toThrow(/simulator\.ndjson, line 2: not readable/);
    writeFileSync(file(), lines.join('\n'));
    await start();
  });

  it('says the same after it was compacted, in fewer lines', async () => {
    const orderId = await client.order();
    for (let capture = 0; capture < 20; capture += 1) await client.capture(orderId, 100, `k${capture}`);
    const ledger = await client.ledger(orderId);
    await simulator.close();
    const before = readFileSync(file()).length;
    const store = new Store(dataDir);
    store.compact();
    store.close();
    expect(readFileSync(file()).length).toBeLessThan(before);
    await start();
    expect(await client.ledger(orderId)).toEqual(ledger);
  });

  it('is not shared: a folder that a running simulator uses is refused', async () => {
    const foreign = createServer(
      (_request, response) => void response.setHeader('Content-Type', 'application/json').end('{"status":"ok","pid":1}'),
    );
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`;
    await simulator.close();
    writeFileSync(join(dataDir, 'simulator.lock'), JSON.stringify({ pid: 1, url }));
    await expect(startForTest({ dataDir })).rejects.toThrow(`in use by the simulator at ${url} (process 1)`);
    foreign.closeAllConnections();
    await new Promise((resolve) => foreign.close(resolve));
    await start();
  });
});
