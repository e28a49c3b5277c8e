/** @returns what `work` makes of each item, in their order; so many are worked on at a time */
export async function atATime<T, R>(most: number, items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) made[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: most }, worker));
  return made;
}
