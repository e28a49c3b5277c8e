/** Waits for work, but not for ever; how it ends is no matter. For a stop, which what is under way must not hold up. @param ms real time */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timeout = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timeout);
}
