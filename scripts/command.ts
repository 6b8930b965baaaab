/** What every command line shares: settings from flags, `--help`, one message for an error, the right exit code. */
import process from 'node:process';
import { UserError } from '../src/errors.ts';
import { fromArguments, helpText, merge, type Parsed, type Settings } from '../src/settings/settings.ts';

/** Prints the help text where --help or -h stands among the arguments. */
export function helpAsked(usage: string, settings: Settings): boolean {
  const argv = process.argv.slice(2);
  const end = argv.indexOf('--');
  const asked = (end < 0 ? argv : argv.slice(0, end)).some((a) => a === '--help' || a === '-h');
  if (asked) process.stdout.write(helpText(usage, settings));
  return asked;
}

/** Reads the command line into `settings`; prints the help text and ends the program for `--help`. */
export function readCommandLine<T extends Settings>(usage: string, settings: T): Parsed<T> {
  if (helpAsked(usage, settings)) process.exit(0);
  const { values, positional } = fromArguments(settings, process.argv.slice(2));
  return { ...merge(settings, values), positional };
}

/** A signal that Ctrl-C or a polite kill sets off; the second one ends the program at once. @param onFirst says so. */
export function interruption(onFirst: () => void): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

/**
 * Runs a script's main function. A UserError is printed as `error: …` without a stack trace and sets its exit code;
 * anything else is a bug and keeps its stack.
 */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  // `command | head` closes our output early: that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await main();
  } catch (error) {
    if (error instanceof UserError) {
      process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}
