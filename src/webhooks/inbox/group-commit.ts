/** How much one group may hold. */
export interface GroupLimits {
  /** Items of one group. */
  most: number;
  /** Together, by `sizeOf`. */
  mostBytes: number;
  /** Items that may wait for their group; above, they are refused at once. */
  waiting: number;
}

/** So many wait already that this one would come too late. */
export class TooManyWaiting extends Error {
  override readonly name = 'TooManyWaiting';
}

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

/**
 * Does one thing for many at once: what arrives while a group is under way goes together with the next. Under load a commit is shared by
 * all that came meanwhile; alone, nobody waits for company.
 */
export class GroupCommit<T, R> {
  #waiting: Waiting<T, R>[] = [];
  #running = false;

  /**
   * @param work one result per item, in their order
   * @param isOurs whether an error is one item's and not the whole group's: then each is tried alone
   */
  constructor(
    private readonly work: (items: readonly T[]) => Promise<readonly R[]>,
    private readonly limits: GroupLimits,
    private readonly sizeOf: (item: T) => number = () => 0,
    private readonly isOurs: (error: unknown) => boolean = () => false,
  ) {}

  /** @throws TooManyWaiting; what the work throws */
  add(item: T): Promise<R> {
    if (this.#waiting.length >= this.limits.waiting) return Promise.reject(new TooManyWaiting(`${this.#waiting.length} wait already`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        // What arrives in the same turn of the event loop goes along.
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#together(this.#next());
    this.#running = false;
  }

  #next(): Waiting<T, R>[] {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ item }, index) => {
      bytes += this.sizeOf(item);
      return index > 0 && (index >= this.limits.most || bytes > this.limits.mostBytes);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #together(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.work(group.map(({ item }) => item));
      group.forEach(({ resolve }, index) => resolve(results[index] as R));
    } catch (error) {
      if (group.length === 1 || !this.isOurs(error)) group.forEach(({ reject }) => reject(error));
      else for (const each of group) await this.#together([each]);
    }
  }
}
