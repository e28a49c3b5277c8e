import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Cidr = [Address, number];

/** Why an address is not reached: in words, or null when it is on the public internet. */
export type Objection = string | null;

/** The metadata services of clouds that no range gives away. */
const METADATA = new Set(['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254']);

const WORDS: Readonly<Record<string, string>> = {
  unspecified: 'unspecified',
  broadcast: 'broadcast',
  multicast: 'multicast',
  linkLocal: 'link-local',
  loopback: 'loopback',
  carrierGradeNat: 'carrier-grade NAT',
  private: 'private',
  uniqueLocal: 'private',
  benchmarking: 'benchmarking',
  '6to4': '6to4',
  teredo: 'Teredo',
};

/** An address as resolvers and the URL parser give it. @throws Error when it is none */
export function parsedAddress(text: string): Address {
  if (!text.includes(':')) return ipaddr.IPv4.parse(text);
  // Resolvers write ::a.b.c.d (compatible, obsolete), which ipaddr.js takes for ::ffff:a.b.c.d (mapped); the URL parser writes hexadecimal.
  const { hostname } = new URL(`http://[${text.replace(/%.*$/, '')}]/`);
  return ipaddr.IPv6.parse(hostname.slice(1, -1));
}

/** @returns null when the text is not a range such as 10.0.0.0/8 */
export function parsedCidr(text: string): Cidr | null {
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : null;
}

/** Whether an address, or the IPv4 address that it is another way of writing, lies in one of the ranges. */
export function liesIn(address: Address, ranges: readonly Cidr[]): boolean {
  const same = inner(address);
  const written = same === null ? [address] : [address, same];
  return written.some((one) => ranges.some((range) => one.kind() === range[0].kind() && one.match(range)));
}

/** Why this address is not on the public internet: what it is instead. */
export function objectionTo(address: Address): Objection {
  if (METADATA.has(address.toString())) return 'a metadata service';
  if (address.kind() === 'ipv4') return wordFor(address.range());
  const same = inner(address);
  if (same !== null) return objectionTo(same);
  const { parts } = address as ipaddr.IPv6;
  // Nothing else is given out: what ipaddr.js calls unicast has all the unassigned space in it.
  if ((parts[0] ?? 0) >> 13 !== 1) return wordFor(address.range()) ?? 'reserved';
  // ISATAP: an IPv4 address in the interface's half.
  if (((parts[4] ?? 0) & 0xfdff) === 0 && parts[5] === 0x5efe) return objectionTo(lastFour(address as ipaddr.IPv6));
  return wordFor(address.range());
}

function wordFor(range: string): Objection {
  return range === 'unicast' ? null : (WORDS[range] ?? 'reserved');
}

/** The IPv4 address that an IPv6 one is another way of reaching: mapped (::ffff:0:0/96), or by NAT64 (64:ff9b::/96). */
function inner(address: Address): ipaddr.IPv4 | null {
  if (address.kind() === 'ipv4') return null;
  const six = address as ipaddr.IPv6;
  const [a, b, ...rest] = six.parts;
  const nat64 = a === 0x64 && b === 0xff9b && rest.slice(0, 4).every((part) => part === 0);
  return six.isIPv4MappedAddress() || nat64 ? lastFour(six) : null;
}

function lastFour(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}
