import { objectIn } from '../json.js';
import { isPlainText } from './text.js';

/** The members of a JSON object that somebody else wrote. Everything is optional: the other side may be newer than we are. */
export class Members {
  constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  /** A text that can be kept; null when there is none. */
  text(name: string): string | null {
    const value = this.members[name];
    return typeof value === 'string' && isPlainText(value) ? value : null;
  }

  date(name: string): Date | null {
    const time = Date.parse(this.text(name) ?? '');
    return Number.isFinite(time) ? new Date(time) : null;
  }

  /** A whole number that JavaScript holds exactly, such as an amount in minor units. */
  whole(name: string): number | null {
    const value = this.members[name];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
  }

  isTrue(name: string): boolean {
    return this.members[name] === true;
  }
}

/** The members of a body of ours or Klarna's; undefined when it is no JSON object. */
export function membersIn(body: Buffer | null): Members | undefined {
  const members = body === null ? undefined : objectIn(body);
  return members && new Members(members);
}
