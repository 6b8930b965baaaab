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

/** `value`, or a UserError with `message` where it is null or undefined. */
export function expectPresent<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new UserError(message);
  return value;
}
