/**
 * A peer is a program that says what it is in a line of JSON, then answers each line "train 3" or "infer 3" with {"ms": …}. The
 * number is the turn's, for a peer that was given a batch for each.
 */
import process from 'node:process';
import { createInterface } from 'node:readline';

/** The sizes that scripts/bench.ts asks for. */
export const sizes = JSON.parse(process.argv[2]);

/** @param actions by name; each runs one step over a batch of `sizes.tokens` tokens, to its very end. */
export async function serve(about, actions) {
  const print = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);
  for (const action of Object.values(actions)) {
    await action(); // whatever is compiled or allocated once
    await action();
  }
  print(about);
  for await (const line of createInterface({ input: process.stdin })) {
    const began = performance.now();
    await actions[line.split(' ')[0]]();
    print({ ms: performance.now() - began });
  }
  process.exit(0);
}
