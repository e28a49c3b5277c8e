/** The environment cannot be used. The message lists every problem at once, one line each, and never a secret's value. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}
