/**
 * Waits for work, but not for ever: what is under way goes on. @param ms real time
 * @returns what it came to; undefined: it was not done in time
 * @throws what the work throws in time
 */
export async function atMost<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timeout = setTimeout(() => resolve(undefined), ms)));
  return Promise.race([work, late]).finally(() => clearTimeout(timeout));
}
