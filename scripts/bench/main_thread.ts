/** CPU time of the thread that runs JavaScript; a CPU adapter's threads, which do the computing, are left out. */
import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Milliseconds since the program began, or undefined where the system does not tell (it does on Linux). */
export function mainThreadMilliseconds(): number | undefined {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}
