/** Lines for the person at the terminal, of which some tell progress and are replaced by the next. */
import process from 'node:process';

export interface LiveOutput {
  /** A line that stays. */
  print(line: string): void;
  /** On a terminal, a line that the next one replaces, and '' takes away; elsewhere a line every ten seconds. */
  progress(line: string): void;
}

const BETWEEN_LINES = 10_000; // milliseconds

export function liveOutput(stream: NodeJS.WriteStream = process.stdout): LiveOutput {
  let open = false;
  let last = performance.now();
  return {
    print(line) {
      stream.write(`${open ? '\r\u001b[K' : ''}${line}\n`);
      open = false;
    },
    progress(line) {
      if (stream.isTTY) {
        stream.write(`\r\u001b[K${line.slice(0, stream.columns - 1)}`);
        open = line !== '';
      } else if (line !== '' && performance.now() - last > BETWEEN_LINES) {
        stream.write(`${line}\n`);
        last = performance.now();
      }
    },
  };
}
