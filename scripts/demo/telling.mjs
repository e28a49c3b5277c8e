// How the demo speaks: plain text, with colours on a terminal only.
import process from 'node:process';
import { styleText } from 'node:util';

const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (style, text) => (colours ? styleText(style, text) : text);
const write = (text) => process.stdout.write(`${text}\n`);
let chapters = 0;

export const title = (text) => write(`\n${paint('bold', text)}`);
export const chapter = (text) => write(`\n${paint('bold', `${++chapters}. ${text}`)}`);
export const line = (text = '') => write(text === '' ? '' : `   ${text}`);
/** What went wrong. */
export const trouble = (text) => write(` ${paint('red', '!')} ${text}`);
/** What the gateway did about it, or what is proven now. */
export const good = (text) => write(` ${paint('green', '=')} ${text}`);

/** An HTTP call and its answer, in one line. */
export const exchange = (who, { method, path, status, ms }, note = '') =>
  line(`${who.padEnd(9)}  ${method} ${path}  ${paint('bold', String(status))} in ${duration(ms)}${note === '' ? '' : `  ${note}`}`);

/** @param sides 'l' or 'r' per column */
export function table(sides, rows) {
  const widths = [...sides].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text, column) => (sides[column] === 'l' ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  for (const row of rows) line(row.map(cell).join('   ').trimEnd());
}

/** Whole minor units as people write them; never by way of a float. */
export function money(minor, currency = 'SEK') {
  const [whole, cents] = [Math.trunc(minor / 100), Math.abs(minor % 100)];
  return `${currency} ${whole.toString().replace(/\B(?=(\d{3})+$)/g, ',')}.${String(cents).padStart(2, '0')}`;
}

export function duration(ms) {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** An id's beginning: enough to recognise it on the next line. */
export const short = (id) => `${id.slice(0, 8)}..`;
