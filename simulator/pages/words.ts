import type { PageStatus } from '../klarna/model.js';

/** An amount in minor units as people of that locale write it. */
export function money(minorUnits: number, currency: string, locale: string | undefined): string {
  const format = (tag: string) => new Intl.NumberFormat(tag, { style: 'currency', currency: currency.toUpperCase() });
  let numbers: Intl.NumberFormat;
  try {
    numbers = format(locale ?? 'en-US');
  } catch {
    // The documented pattern of a locale allows tags that no one speaks.
    numbers = format('en-US');
  }
  // -0 is what JSON makes of "-0", and no amount.
  return numbers.format((minorUnits + 0) / 10 ** (numbers.resolvedOptions().maximumFractionDigits ?? 2));
}

/** A tax rate with two implied decimals: 2500 becomes "25%". */
export function percent(rate: number): string {
  return `${rate / 100}%`;
}

/** How long ago something happened, in words. */
export function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 60) return 'just now';
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

/** A moment as `2026-11-20 14:03` in UTC. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

const COUNTRIES = new Intl.DisplayNames('en', { type: 'region' });

export function countryName(code: string): string {
  return COUNTRIES.of(code.toUpperCase()) ?? code;
}

/** The plain words for the status of a hosted page. */
export const PAGE_STATUS_WORDS: Readonly<Record<PageStatus | 'TIMEOUT', string>> = {
  WAITING: 'Waiting',
  IN_PROGRESS: 'In progress',
  BACK: 'Left',
  FAILED: 'Declined',
  ERROR: 'Broken',
  COMPLETED: 'Paid',
  CANCELLED: 'Cancelled',
  DISABLED: 'Disabled',
  TIMEOUT: 'Expired',
};

/** The plain words for a status. */
export const STATUS_WORDS: Record<string, string> = {
  AUTHORIZED: 'Authorized',
  PART_CAPTURED: 'Partly captured',
  CAPTURED: 'Captured',
  CANCELLED: 'Cancelled',
  EXPIRED: 'Expired',
  CLOSED: 'Closed',
};
