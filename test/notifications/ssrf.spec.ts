import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { isIP, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/load-settings.js';
import { Refusal } from '../../src/operations/errors.js';
import { AddressRules, LOOPBACK } from '../../src/webhooks/deliveries/address-rules.js';
import { dial, type Target } from '../../src/webhooks/deliveries/pinned-connection.js';
import { NameResolver } from '../../src/webhooks/deliveries/resolver.js';
import { ShopHttp } from '../../src/webhooks/deliveries/shop-http.js';
import { ShopServer } from './shop-server.js';

/** A deployment's settings, not the embedded default's. */
const configured = (env: Readonly<Record<string, string>> = {}) => loadSettings({ DATABASE_URL: 'postgres://db/x', ...env });
const embedded = (env: Readonly<Record<string, string>> = {}) => loadSettings(env);

/** What names resolve to; asked for twice, the answers of a list of lists come one after the other. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'internal.example': ['10.0.0.5'],
  'loop.example': ['127.0.0.1'],
  'loop6.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'compatible.example': ['::127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'link.example': ['fe80::1%eth0'],
  'meta.example': ['169.254.169.254'],
  'metadata.google.internal': ['169.254.169.254'],
  'meta6.example': ['fd00:ec2::254'],
  'azure.example': ['168.63.129.16'],
  'cgnat.example': ['100.64.1.1'],
  'zero.example': ['0.0.0.0'],
  'both.example': ['8.8.8.8', '10.0.0.1'],
  'both6.example': ['2606:4700::1111', '::1'],
  'last.example': ['8.8.8.8', '1.1.1.1', '9.9.9.9', '192.168.0.1'],
  'nothing.example': [],
  'xn--80ak6aa92e.example': ['127.0.0.1'],
  'public.example': ['8.8.8.8'],
};

class FakeNames extends NameResolver {
  asked = 0;
  readonly rebinding = [['8.8.8.8'], ['127.0.0.1'], ['127.0.0.1']];

  override addressesOf(name: string): Promise<string[]> {
    this.asked += 1;
    if (name === 'localhost') return super.addressesOf(name);
    if (name === 'rebinding.example') return Promise.resolve(this.rebinding.shift() ?? ['127.0.0.1']);
    const found = NAMES[name.replace(/\.$/, '')];
    return found ? Promise.resolve([...found]) : Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  }
}

const message = { method: 'POST', headers: {}, body: Buffer.from('{}'), totalMs: 2_000 };

/** Everything that a guarded client of these settings dials; nothing is connected. */
function guarded(settings = configured()) {
  const dialled: Target[] = [];
  const names = new FakeNames();
  const http = new ShopHttp(new AddressRules(settings), names, (target) => {
    dialled.push(target);
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(Object.assign(new Error('not in a test'), { code: 'ECONNREFUSED' })));
    return socket;
  });
  return { http, dialled, names };
}

/** `PORT` is the port of a listener on loopback. */
const HOSTILE: readonly (readonly [what: string, url: string])[] = [
  ['plain http', 'http://public.example/'],
  ['plain http to an address', 'http://8.8.8.8/'],
  ['loopback', 'https://127.0.0.1:PORT/'],
  ['all of loopback', 'https://127.1.2.3:PORT/'],
  ['loopback by http', 'http://127.0.0.1:PORT/'],
  ['a decimal number', 'https://2130706433:PORT/'],
  ['a hexadecimal number', 'https://0x7f000001:PORT/'],
  ['an octal number', 'https://017700000001:PORT/'],
  ['octal parts', 'https://0177.0.0.1:PORT/'],
  ['octal parts with zeros', 'https://0000177.0.0.01:PORT/'],
  ['hexadecimal parts', 'https://0x7f.0x0.0x0.0x1:PORT/'],
  ['mixed parts', 'https://0x7f.0.0.01:PORT/'],
  ['two parts', 'https://127.1:PORT/'],
  ['three parts', 'https://127.0.1:PORT/'],
  ['two parts, hexadecimal', 'https://0x7f.1:PORT/'],
  ['zero', 'https://0:PORT/'],
  ['the unspecified address', 'https://0.0.0.0:PORT/'],
  ['a dot at its end', 'https://127.0.0.1.:PORT/'],
  ['percent signs', 'https://%31%32%37.0.0.1:PORT/'],
  ['full-width digits', 'https://１２７.０.０.１:PORT/'],
  ['circled digits', 'https://①②⑦.⓪.⓪.①:PORT/'],
  ['ideographic full stops', 'https://127。0。0。1:PORT/'],
  ['full-width full stops', 'https://127．0．0．1:PORT/'],
  ['a soft hyphen', 'https://127.0.0.\u00ad1:PORT/'],
  ['a number that overflows', 'https://4294967297:PORT/'],
  ['localhost', 'https://localhost:PORT/'],
  ['localhost by http', 'http://localhost:PORT/'],
  ['localhost in capitals', 'https://LOCALHOST:PORT/'],
  ['localhost in circled letters', 'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/'],
  ['localhost with a dot', 'https://localhost.:PORT/'],
  ['a name under localhost', 'https://shop.localhost:PORT/'],
  ['IPv6 loopback', 'https://[::1]:PORT/'],
  ['IPv6 loopback in full', 'https://[0:0:0:0:0:0:0:1]:PORT/'],
  ['the IPv6 unspecified address', 'https://[::]:PORT/'],
  ['a mapped address', 'https://[::ffff:127.0.0.1]:PORT/'],
  ['a mapped address, hexadecimal', 'https://[::ffff:7f00:1]:PORT/'],
  ['a mapped private address', 'https://[::ffff:10.0.0.1]:PORT/'],
  ['a compatible address', 'https://[::127.0.0.1]:PORT/'],
  ['a translated address', 'https://[::ffff:0:7f00:1]:PORT/'],
  ['NAT64', 'https://[64:ff9b::127.0.0.1]:PORT/'],
  ['NAT64 to metadata', 'https://[64:ff9b::a9fe:a9fe]/'],
  ['6to4', 'https://[2002:7f00:1::]:PORT/'],
  ['Teredo', 'https://[2001:0:7f00:1::1]:PORT/'],
  ['ISATAP', 'https://[2a00:1450::5efe:7f00:1]:PORT/'],
  ['IPv6 link-local', 'https://[fe80::1]:PORT/'],
  ['an IPv6 zone', 'https://[fe80::1%25eth0]:PORT/'],
  ['an IPv6 zone of loopback', 'https://[::1%25lo]:PORT/'],
  ['IPv6 private', 'https://[fd12:3456::1]:PORT/'],
  ['IPv6 documentation', 'https://[2001:db8::1]:PORT/'],
  ['IPv6 multicast', 'https://[ff02::1]:PORT/'],
  ['unassigned IPv6', 'https://[4000::1]:PORT/'],
  ['private 10/8', 'https://10.1.2.3/'],
  ['private 172.16/12', 'https://172.20.0.1/'],
  ['private 192.168/16', 'https://192.168.1.1/'],
  ['carrier-grade NAT', 'https://100.64.0.1/'],
  ['link-local', 'https://169.254.1.1/'],
  ['metadata', 'https://169.254.169.254/latest/meta-data/'],
  ['metadata by http', 'http://169.254.169.254/latest/meta-data/'],
  ['metadata as a number', 'https://2852039166/'],
  ['metadata over IPv6', 'https://[fd00:ec2::254]/'],
  ['metadata, mapped', 'https://[::ffff:a9fe:a9fe]/'],
  ['metadata by name', 'https://metadata.google.internal/'],
  ["Azure's metadata", 'https://168.63.129.16/'],
  ["Alibaba's metadata", 'https://100.100.100.200/'],
  ['multicast', 'https://224.0.0.1/'],
  ['broadcast', 'https://255.255.255.255/'],
  ['documentation', 'https://192.0.2.1/'],
  ['benchmarking', 'https://198.18.0.1/'],
  ['reserved', 'https://240.0.0.1/'],
  ['a user name', 'https://public.example@127.0.0.1:PORT/'],
  ['a user name alone', 'https://user@public.example/'],
  ['a password', 'https://u:p@public.example/'],
  ['an empty user name', 'https://:p@public.example/'],
  ['a user name with a percent sign', 'https://public.example%40@127.0.0.1:PORT/'],
  ['a backslash', 'https://public.example\\@127.0.0.1:PORT/'],
  ['a backslash instead of slashes', 'https:\\\\127.0.0.1:PORT/'],
  ['a line break', 'https://public.example/\r\nHost: 127.0.0.1'],
  ['a line break in the host', 'https://127.0.\n0.1:PORT/'],
  ['a tab in the scheme', 'ht\ttps://127.0.0.1:PORT/'],
  ['a space', 'https://public.example /'],
  ['a zero byte', 'https://public.example\u0000.internal/'],
  ['a leading space', ' https://127.0.0.1:PORT/'],
  ['no slashes', 'https:127.0.0.1:PORT'],
  ['one slash', 'https:/127.0.0.1:PORT/'],
  ['three slashes', 'https:///127.0.0.1:PORT/'],
  ['no scheme', '//127.0.0.1:PORT/'],
  ['a path', '/etc/passwd'],
  ['a file', 'file:///etc/passwd'],
  ['ftp', 'ftp://127.0.0.1:PORT/'],
  ['gopher', 'gopher://127.0.0.1:PORT/_x'],
  ['data', 'data:text/plain,x'],
  ['javascript', 'javascript:alert(1)'],
  ['a web socket', 'ws://127.0.0.1:PORT/'],
  ['a Unix socket', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/x'],
  ['a blob', 'blob:https://public.example/x'],
  ['a port that is none', 'https://public.example:99999/'],
  ['nothing', ''],
  ['an address that is too long', `https://public.example/${'a'.repeat(2_048)}`],
  ['a name of a private address', 'https://internal.example/'],
  ['a name of loopback', 'https://loop.example:PORT/'],
  ['a name of loopback with a dot', 'https://loop.example.:PORT/'],
  ['a name of IPv6 loopback', 'https://loop6.example:PORT/'],
  ['a name of a mapped address', 'https://mapped.example:PORT/'],
  ['a name of a compatible address', 'https://compatible.example:PORT/'],
  ['a name of a NAT64 address', 'https://nat64.example:PORT/'],
  ['a name of a link-local address with a zone', 'https://link.example/'],
  ['a name of metadata', 'https://meta.example/'],
  ['a name of metadata over IPv6', 'https://meta6.example/'],
  ["a name of Azure's metadata", 'https://azure.example/'],
  ['a name of carrier-grade NAT', 'https://cgnat.example/'],
  ['a name of the unspecified address', 'https://zero.example:PORT/'],
  ['a name with a public and a private address', 'https://both.example/'],
  ['a name with a public address and IPv6 loopback', 'https://both6.example/'],
  ['a name whose last address is private', 'https://last.example/'],
  ['a name without addresses', 'https://nothing.example/'],
  ['a name that is not there', 'https://missing.example/'],
  ['an international name of loopback', 'https://аррӏе.example:PORT/'],
];

describe('an address that nothing may be sent to', () => {
  let listener: ShopServer;
  beforeAll(async () => {
    listener = await ShopServer.open();
  });
  afterAll(() => listener.close());

  it('is in a table of at least 60', () => expect(HOSTILE.length).toBeGreaterThanOrEqual(60));

  it.each(HOSTILE)('is not connected to: %s', async (_, written) => {
    const url = written.replace('PORT', String(listener.port));
    const { http, dialled } = guarded();
    const outcome = await http.exchange({ ...message, url });
    expect(outcome).toMatchObject({ kind: 'none', code: expect.stringMatching(/^(FORBIDDEN_ADDRESS|ENOTFOUND)$/) });
    expect(dialled).toEqual([]);

    // The same with real sockets.
    let opened = 0;
    const real = new ShopHttp(new AddressRules(configured()), new FakeNames(), (target) => {
      opened += 1;
      return dial(target);
    });
    await real.exchange({ ...message, url });
    expect(opened).toBe(0);
    expect(listener.connections).toBe(0);
  });

  it('is refused to callers as far as it shows without asking for addresses', () => {
    const rules = new AddressRules(configured());
    for (const [, written] of HOSTILE.filter(([what]) => !what.includes('name of') && !/^a name (with|that|whose)|by name/.test(what))) {
      const url = written.replace('PORT', '1');
      expect(() => rules.checkUrl(url)).toThrow(Refusal);
    }
    expect(rules.checkUrl('https://shop.example/hook?a=1').href).toBe('https://shop.example/hook?a=1');
  });

  it('is told with the setting that opens it, and without path or query', async () => {
    for (const [url, says] of [
      ['https://10.0.0.5/secret?token=1', 'NOTIFY_ALLOW_CIDRS'],
      ['https://internal.example/secret?token=1', 'NOTIFY_ALLOW_CIDRS'],
      ['http://public.example/secret?token=1', 'https only'],
    ] as const) {
      const outcome = await guarded().http.exchange({ ...message, url });
      expect(outcome).toMatchObject({ reason: expect.stringContaining(says) });
      expect(JSON.stringify(outcome)).not.toMatch(/secret|token/);
    }
  });
});

describe('a name', () => {
  it('is asked for once per attempt, and what was judged is what is connected to', async () => {
    const { http, dialled, names } = guarded();
    const url = 'https://rebinding.example/';
    expect(await http.exchange({ ...message, url })).toMatchObject({ kind: 'none', code: 'ECONNREFUSED' });
    expect(names.asked).toBe(1);
    expect(dialled).toEqual([{ address: '8.8.8.8', port: 443, certificateFor: 'rebinding.example' }]);
    expect(await http.exchange({ ...message, url })).toMatchObject({ code: 'FORBIDDEN_ADDRESS' });
    expect(dialled).toHaveLength(1);
  });

  it('of public addresses is tried at each of them', async () => {
    const { http, dialled } = guarded(configured({ NOTIFY_ALLOW_CIDRS: '192.168.0.0/24' }));
    await http.exchange({ ...message, url: 'https://last.example:8443/' });
    expect(dialled.map(({ address, port }) => `${address}:${port}`)).toEqual(
      ['8.8.8.8', '1.1.1.1', '9.9.9.9', '192.168.0.1'].map((address) => `${address}:8443`),
    );
  });
});

describe('NOTIFY_ALLOW_CIDRS', () => {
  it.each([
    ['10.0.0.0/8', 'https://internal.example/'],
    ['10.0.0.0/8', 'https://[::ffff:10.1.2.3]/'],
    ['fd12::/16,127.0.0.0/8', 'http://127.0.0.1:8080/'],
    ['127.0.0.0/8,::1/128', 'http://localhost:8080/'],
  ])('%s opens %s', async (NOTIFY_ALLOW_CIDRS, url) => {
    const settings = configured({ NOTIFY_ALLOW_CIDRS });
    expect(new AddressRules(settings).checkUrl(url)).toBeInstanceOf(URL);
    const { http, dialled } = guarded(settings);
    await http.exchange({ ...message, url });
    expect(dialled.length).toBeGreaterThan(0);
  });

  it.each([
    ['10.0.0.0/8', 'https://192.168.1.1/'],
    ['10.0.0.0/8', 'http://public.example/'],
    // Within a merchant's network, too, messages are sealed.
    ['10.0.0.0/8', 'http://internal.example/'],
    ['10.0.0.0/8', 'http://10.1.2.3/'],
    ['127.0.0.0/8', 'https://localhost/'],
    ['10.0.0.0/8', 'https://169.254.169.254/'],
  ])('%s leaves %s closed', async (NOTIFY_ALLOW_CIDRS, url) => {
    const { http, dialled } = guarded(configured({ NOTIFY_ALLOW_CIDRS }));
    expect(await http.exchange({ ...message, url })).toMatchObject({ code: 'FORBIDDEN_ADDRESS' });
    expect(dialled).toEqual([]);
  });

  it.each(['10/8', '10.0.0.0', '10.0.0.0/33', 'x', '10.0.0.0/8;::1/128'])('refuses %s at the start', (NOTIFY_ALLOW_CIDRS) => {
    expect(() => configured({ NOTIFY_ALLOW_CIDRS })).toThrow('NOTIFY_ALLOW_CIDRS');
  });
});

describe('the embedded default', () => {
  it.each(['http://127.0.0.1:8080/', 'http://localhost:8080/', 'http://[::1]:8080/', 'http://loop.example/', 'https://127.0.0.1/'])(
    'opens this machine: %s',
    async (url) => {
      const { http, dialled } = guarded(embedded());
      expect(new AddressRules(embedded()).checkUrl(url)).toBeInstanceOf(URL);
      await http.exchange({ ...message, url });
      expect(dialled.length).toBeGreaterThan(0);
    },
  );

  it.each(['http://10.0.0.1/', 'http://public.example/', 'https://169.254.169.254/', 'http://0.0.0.0:8080/'])(
    'and nothing else: %s',
    async (url) => {
      const { http, dialled } = guarded(embedded());
      expect(await http.exchange({ ...message, url })).toMatchObject({ code: 'FORBIDDEN_ADDRESS' });
      expect(dialled).toEqual([]);
    },
  );
});

describe('certificates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const file = (name: string) => join(folder, name);
  const rules = new AddressRules(embedded());
  let server: ShopServer;

  beforeAll(async () => {
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=loop.example -addext'.split(' ');
    execFileSync('openssl', [...words, 'subjectAltName=DNS:loop.example', '-keyout', file('key'), '-out', file('cert')], {
      stdio: 'ignore',
    });
    server = await ShopServer.open(createTlsServer({ key: readFileSync(file('key')), cert: readFileSync(file('cert')) }));
  });
  beforeEach(() => {
    server.received.length = 0;
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('that nobody trusts are refused, and nothing is said', async () => {
    const http = new ShopHttp(rules, new FakeNames());
    expect(await http.exchange({ ...message, url: `https://loop.example:${server.port}/` })).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      reason: 'Its certificate is self-signed',
    });
    expect(server.received).toEqual([]);
  });

  it("are checked for the URL's name, which is the Host as well, whatever address was pinned", async () => {
    const { connect: connectTls } = await import('node:tls');
    const trusting = (target: Target) =>
      connectTls({
        host: target.address,
        port: target.port,
        servername: isIP(target.certificateFor ?? '') ? '' : target.certificateFor,
        ca: readFileSync(file('cert')),
      });
    const http = new ShopHttp(rules, new FakeNames(), trusting);
    expect(await http.exchange({ ...message, url: `https://loop.example:${server.port}/x` })).toMatchObject({
      kind: 'answer',
      status: 204,
    });
    expect(server.received[0]?.headers.host).toBe(`loop.example:${server.port}`);
    expect(await http.exchange({ ...message, url: `https://127.0.0.1:${server.port}/x` })).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });
});

it('knows what localhost is without asking anybody', async () => {
  expect(await new NameResolver().addressesOf('localhost')).toEqual(LOOPBACK);
});
