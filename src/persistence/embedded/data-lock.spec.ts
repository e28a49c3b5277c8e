import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '../../config/configuration-error.js';
import { dataKeyIn } from './data-key.js';
import { DataFolderInUse, DataLock } from './data-lock.js';
import { commandOf, identityOf } from './process-identity.js';

let folder: string;
const lockFile = () => join(folder, 'gateway.lock');
const writeLock = (holder: unknown) => writeFileSync(lockFile(), typeof holder === 'string' ? holder : JSON.stringify(holder));

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'gateway-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('DataLock', () => {
  it('is held by one process, and the second one learns its pid and port', () => {
    const lock = DataLock.acquire(folder);
    expect(() => DataLock.acquire(folder)).toThrow(`Already running in ${folder}: process ${process.pid} is still starting`);
    lock.servesPort(3000);
    expect(() => DataLock.acquire(folder)).toThrow(
      `Already running in ${folder}: process ${process.pid} serves port 3000. Stop it, or set another DATA_DIR.`,
    );
    lock.release();
    DataLock.acquire(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken over from a process that was killed', () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeLock({ pid: dead, identity: 'whenever', port: 3000 });
    DataLock.acquire(folder).release();
  });

  it('is taken over when the pid belongs to another, later process now', () => {
    writeLock({ pid: process.pid, identity: 'another start time', port: 3000 });
    DataLock.acquire(folder).release();
  });

  it.each(['', '{', 'null', '[]', '{"pid":"x"}'])('is taken over when it is no lock: %p', (content) => {
    writeLock(content);
    DataLock.acquire(folder).release();
  });

  it("does not remove a lock that has become another one's", () => {
    const lock = DataLock.acquire(folder);
    writeLock({ pid: 1, identity: 'x', port: 1 });
    lock.release();
    expect(readFileSync(lockFile(), 'utf8')).toContain('"pid":1');
  });

  it('names the error', () => {
    const lock = DataLock.acquire(folder);
    expect(() => DataLock.acquire(folder)).toThrow(DataFolderInUse);
    lock.release();
  });
});

describe('identityOf', () => {
  it('stays the same for one process and differs between two', () => {
    const other = spawn('sleep', ['30']);
    expect(identityOf(process.pid)).toBe(identityOf(process.pid));
    expect(identityOf(other.pid!)).not.toBe(undefined);
    expect(commandOf(other.pid!)).toContain('sleep 30');
    other.kill('SIGKILL');
  });

  it('knows no dead process and no zombie', async () => {
    expect(identityOf(spawnSync(process.execPath, ['-e', '']).pid)).toBeUndefined();
    expect(identityOf(0)).toBeUndefined();
    // `sleep` takes the shell's place while the shell's child still runs, and never waits for it.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const zombie = await new Promise<number>((resolve) => parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))));
    while (identityOf(zombie) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(process.kill(zombie, 0)).toBe(true);
    parent.kill('SIGKILL');
  });
});

describe('dataKeyIn', () => {
  it('makes a key once, readable by its owner alone', () => {
    const key = dataKeyIn(folder, false);
    expect(key).toHaveLength(32);
    expect(dataKeyIn(folder, true)).toEqual(key);
    expect(statSync(join(folder, 'data.key')).mode & 0o777).toBe(0o600);
  });

  it("makes no new key where the old one's data lies", () => {
    expect(() => dataKeyIn(folder, true)).toThrow(ConfigurationError);
  });

  it('refuses a file that holds no key', () => {
    writeFileSync(join(folder, 'data.key'), 'x');
    expect(() => dataKeyIn(folder, true)).toThrow('does not hold a key');
  });
});
