import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one request, or of one operation's attempt, carries. */
export interface RequestContext {
  readonly requestId: string;
  readonly operationId?: string;
  readonly merchantId?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of whatever runs now, through every await. */
export const requestContext = {
  /** Runs `work`, and everything it starts, with this context. */
  run<T>(context: RequestContext, work: () => T): T {
    return storage.run(context, work);
  },

  /** Makes it the context of the rest of the current request; for hooks that cannot wrap what comes after them. */
  enter(context: RequestContext): void {
    storage.enterWith(context);
  },

  current(): RequestContext | undefined {
    return storage.getStore();
  },
};
