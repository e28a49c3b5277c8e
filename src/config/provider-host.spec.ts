import { describe, expect, it } from '@jest/globals';
import { hostIdentity, isSimulatorHost } from './provider-host.js';

describe('isSimulatorHost', () => {
  it.each([
    'http://127.0.0.1:3001',
    'http://127.8.9.1',
    'http://localhost:3001',
    'http://[::1]:3001',
    'http://simulator:3001',
    'http://SIMULATOR',
  ])('takes %s for the simulator', (url) => expect(isSimulatorHost(url)).toBe(true));

  it.each([
    'https://api.klarna.com',
    'https://api.playground.klarna.com',
    'https://api-na.klarna.com',
    'https://api.kustom.co',
    'http://api.klarna.com',
    'https://127.0.0.1',
    'https://simulator',
    'http://simulator.klarna.com',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0:3001',
    'http://10.0.0.1:3001',
  ])('takes %s for a real host', (url) => expect(isSimulatorHost(url)).toBe(false));
});

describe('hostIdentity', () => {
  it('is the same for the simulator whatever its port', () => {
    expect(hostIdentity('http://127.0.0.1:3001')).toBe('simulator');
    expect(hostIdentity('http://simulator:40123')).toBe('simulator');
  });

  it('is the lower-case host of a real one', () => {
    expect(hostIdentity('https://API.Klarna.com/')).toBe('api.klarna.com');
    expect(hostIdentity('https://proxy.example:8443/klarna')).toBe('proxy.example:8443');
  });
});
