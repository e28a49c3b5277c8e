/** The members of a JSON object that somebody else wrote. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list; undefined when it is none. */
export function objectsIn(value: unknown): JsonObject[] | undefined {
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

/** What JSON says; undefined when it is none (HTML, empty, cut short). */
export function jsonIn(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The body as a JSON object, or undefined when it is none. */
export function objectIn(body: Buffer): JsonObject | undefined {
  const value = jsonIn(body);
  return isObject(value) ? value : undefined;
}
