import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { Refusal } from '../operations/errors.js';
import type { ElementContext } from './fields.js';

type Dto = abstract new (...args: never[]) => object;

/** Types that Nest names for parameters without a DTO. */
const NOT_A_DTO: readonly unknown[] = [String, Boolean, Number, Array, Object, Buffer, undefined];

/**
 * Judges the body of a request by its DTO and changes nothing: what is forwarded are the caller's bytes, and what a handler gets is
 * what JSON.parse made of them. Unknown fields pass, because Klarna adds fields without notice.
 */
export class JudgingPipe implements PipeTransform {
  /** @throws Refusal BAD_REQUEST when there is no object, BAD_VALUE with one `Bad value: path` per field */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type !== 'body' || NOT_A_DTO.includes(metatype)) return value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Refusal('BAD_REQUEST', ['The body must be a JSON object']);
    }
    const fields = badFields(metatype as Dto, value);
    if (fields.length > 0)
      throw new Refusal(
        'BAD_VALUE',
        fields.map((path) => `Bad value: ${path}`),
      );
    return value;
  }
}

/** Paths of the fields that break their DTO's rules, in the order of the DTO, written as Klarna writes them. */
export function badFields(dto: Dto, value: object): string[] {
  // The instance is for judging alone: class-transformer loses members, rounds nothing here, and is thrown away.
  const instance = plainToInstance(dto as new () => object, value);
  return validateSync(instance, { forbidUnknownValues: false, validationError: { target: false } }).flatMap((error) => pathsIn(error, ''));
}

function pathsIn(error: ValidationError, prefix: string): string[] {
  const path = /^\d+$/.test(error.property)
    ? `${prefix}[${error.property}]`
    : prefix === ''
      ? error.property
      : `${prefix}.${error.property}`;
  const broken = Object.keys(error.constraints ?? {});
  const elements = broken.includes('elements') ? badElements(error, path) : [];
  const own = broken.some((name) => name !== 'elements') ? [path] : elements;
  const nested = (error.children ?? []).flatMap((child) => pathsIn(child, path));
  return [...new Set([...own, ...nested])];
}

function badElements(error: ValidationError, path: string): string[] {
  const { element } = (error.contexts?.['elements'] ?? {}) as Partial<ElementContext>;
  if (element === undefined || !Array.isArray(error.value)) return [path];
  return error.value.flatMap((value: unknown, index) => (element(value) ? [] : [`${path}[${index}]`]));
}
