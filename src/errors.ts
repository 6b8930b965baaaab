/** An error whose message is for the person at the terminal: what, where, expected, how to mend. Exit code 1, no stack trace. */
export class UserError extends Error {
  override name = 'UserError';
  readonly exitCode: number = 1;
}

/** Wrong use of a command or a setting. Exit code 2. */
export class UsageError extends UserError {
  override name = 'UsageError';
  override readonly exitCode: number = 2;
}
