import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { Refusal } from '../operations/errors.js';
import { isExplained, type Dto } from './fields.js';
import { brokenRules, type BrokenRule } from './judging.js';
import { reportLimits, reportsLimits } from './limits.js';

/** Types that Nest names for parameters without a DTO. */
const NOT_A_DTO: readonly unknown[] = [String, Boolean, Number, Array, Object, Buffer, undefined];

/**
 * Judges the body of a request by its DTO and changes nothing: what is forwarded are the caller's bytes, and what a handler gets is
 * what JSON.parse made of them. Unknown fields pass, because Klarna adds fields without notice; what is beyond a limit passes for
 * merchants that have limits reported.
 */
export class JudgingPipe implements PipeTransform {
  /** @throws Refusal BAD_REQUEST when there is no object, BAD_VALUE with one `Bad value: path` per field, explained on routes of our own */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type !== 'body' || NOT_A_DTO.includes(metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Refusal('BAD_REQUEST', ['The body must be a JSON object']);
    }
    const broken = brokenRules(metatype as Dto, value);
    if (broken.length === 0) return value;
    const refused = reportsLimits(value) ? broken.filter(({ limit }) => !limit) : broken;
    if (refused.length > 0) {
      const says = isExplained(metatype as Dto)
        ? (path: string) => ` must be ${refused.find((rule) => rule.path === path)?.says ?? ''}`
        : () => '';
      throw new Refusal(
        'BAD_VALUE',
        pathsOf(refused).map((path) => `Bad value: ${path}${says(path)}`),
      );
    }
    reportLimits(value, pathsOf(broken));
    return value;
  }
}

/** Each field once, however many of its rules it breaks. */
function pathsOf(broken: readonly BrokenRule[]): string[] {
  return [...new Set(broken.map(({ path }) => path))];
}
