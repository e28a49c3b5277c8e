/** Everything is gone within this time after the first signal. */
const STOP_WITHIN_MS = 9_500;
/** npm hands Ctrl-C on to its child, which the terminal has told already: one press arrives twice. */
const ECHO_MS = 1_000;

interface Shutdown {
  /** Stops in order; may be called again and then resolves with the first call. */
  readonly stop: () => Promise<void>;
  /** Ends what must not be left behind, at once and without waiting. */
  readonly abandon: () => void;
  readonly note: (line: string) => void;
}

/** SIGTERM, SIGINT and SIGHUP stop the process in order; a second one, or too long a stop, ends it at once. */
export function stopOnSignals({ stop, abandon, note }: Shutdown): void {
  let firstAt: number | undefined;
  const now = (code: number) => {
    abandon();
    process.exit(code);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > ECHO_MS) now(1);
      return;
    }
    firstAt = performance.now();
    note(`${signal}: stopping`);
    // What still runs may lose its connections now; that must not end the stop half-way.
    for (const event of ['unhandledRejection', 'uncaughtException']) process.on(event, (error) => note(`While stopping: ${String(error)}`));
    setTimeout(() => now(1), STOP_WITHIN_MS).unref();
    stop().then(
      () => process.exit(0),
      () => now(1),
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
}
