/** Versions 1 to 6 of a QR code with the lowest error correction: bytes of data, bytes of correction per block, blocks. */
const VERSIONS = [
  { data: 19, correction: 7, blocks: 1 },
  { data: 34, correction: 10, blocks: 1 },
  { data: 55, correction: 15, blocks: 1 },
  { data: 80, correction: 20, blocks: 1 },
  { data: 108, correction: 26, blocks: 1 },
  { data: 136, correction: 18, blocks: 2 },
] as const;

/** The format of a code with the lowest correction and mask 0, as it stands beside the finders. */
const FORMAT = 0b111011111000100;
const QUIET_ZONE = 4;

/** A QR code as an SVG image; undefined for a text above 134 bytes, for which a larger code would be needed. @see ISO/IEC 18004 */
export function qrCode(text: string): string | undefined {
  const bytes = Buffer.from(text);
  const index = VERSIONS.findIndex(({ data }) => bytes.length + 2 <= data);
  const version = VERSIONS[index];
  if (version === undefined) return undefined;
  const modules = draw(17 + 4 * (index + 1), codewords(bytes, version));
  const dark = modules.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + QUIET_ZONE},${y + QUIET_ZONE}h1v1h-1z`] : [])));
  const size = modules.length + 2 * QUIET_ZONE;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size * 8}" height="${size * 8}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="${dark.join('')}"/></svg>`;
}

/** Mode "bytes", length, the bytes, padding; cut into blocks, each with its correction, and interleaved. */
function codewords(bytes: Buffer, { data, correction, blocks }: (typeof VERSIONS)[number]): number[] {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15, ...[...bytes].flatMap((byte) => [byte >> 4, byte & 15]), 0];
  const words = Array.from({ length: nibbles.length / 2 }, (_, at) => ((nibbles[2 * at] ?? 0) << 4) | (nibbles[2 * at + 1] ?? 0));
  for (let pad = 0; words.length < data; pad += 1) words.push(pad % 2 === 0 ? 0xec : 0x11);
  const length = data / blocks;
  const parts = Array.from({ length: blocks }, (_, block) => words.slice(block * length, (block + 1) * length));
  const interleaved = (columns: number[][]) => (columns[0] ?? []).flatMap((_, at) => columns.map((column) => column[at] ?? 0));
  return [...interleaved(parts), ...interleaved(parts.map((part) => remainder(part, correction)))];
}

/** What is left of the data when it is divided by the generator polynomial of this degree (Reed and Solomon, over GF(256)). */
function remainder(data: readonly number[], degree: number): number[] {
  let generator = [1];
  for (let root = 1, step = 0; step < degree; step += 1, root = times(root, 2)) {
    const shifted = [...generator, 0];
    generator = shifted.map((value, at) => value ^ times(generator[at - 1] ?? 0, root));
  }
  const rest = [...data, ...Array.from({ length: degree }, () => 0)];
  data.forEach((_, at) => {
    const factor = rest[at] ?? 0;
    generator.forEach((value, offset) => (rest[at + offset] = (rest[at + offset] ?? 0) ^ times(value, factor)));
  });
  return rest.slice(data.length);
}

function times(left: number, right: number): number {
  let product = 0;
  for (let a = left, b = right; b > 0; b >>= 1, a = (a << 1) ^ (a & 0x80 ? 0x11d : 0)) if (b & 1) product ^= a;
  return product;
}

function draw(size: number, words: readonly number[]): boolean[][] {
  const modules = Array.from({ length: size }, () => Array.from({ length: size }, (): boolean | undefined => undefined));
  const set = (x: number, y: number, on: boolean) => {
    const row = modules[y];
    if (row !== undefined && x >= 0 && x < size) row[x] = on;
  };
  /** Squares around a centre; `light` is the distances at which they are not dark. */
  const squares = (centreX: number, centreY: number, radius: number, light: readonly number[]) => {
    for (let y = -radius; y <= radius; y += 1)
      for (let x = -radius; x <= radius; x += 1) set(centreX + x, centreY + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
  };
  for (let at = 0; at < size; at += 1) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    squares(x, y, 4, [2, 4]);
  if (size > 21) squares(size - 7, size - 7, 2, [1]);
  for (let bit = 0; bit < 15; bit += 1) {
    const on = ((FORMAT >> bit) & 1) === 1;
    if (bit < 8) {
      set(8, bit < 6 ? bit : bit + 1, on);
      set(size - 1 - bit, 8, on);
    } else {
      set(bit === 8 ? 7 : 14 - bit, 8, on);
      set(8, size - 15 + bit, on);
    }
  }
  set(8, size - 8, true);
  fill(modules, words);
  return modules.map((row) => row.map((on) => on === true));
}

/** Lays the bits in pairs of columns, from the right, up and down in turns, around what is drawn already. */
function fill(modules: (boolean | undefined)[][], words: readonly number[]): void {
  const size = modules.length;
  let bit = 0;
  let upwards = true;
  for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2, upwards = !upwards) {
    for (let step = 0; step < size; step += 1) {
      const y = upwards ? size - 1 - step : step;
      const row = modules[y] ?? [];
      for (const x of [right, right - 1]) {
        if (row[x] !== undefined) continue;
        const on = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        bit += 1;
        row[x] = on !== ((x + y) % 2 === 0);
      }
    }
  }
}
