/**
 * Runs the tests: `npm test`, or `npm test -- PATTERN …` for the files whose path contains one of the patterns.
 * Ends with a line `N passed, N failed, N skipped`, and with exit code 1 where a test failed or none ran.
 */
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { run } from 'uvu/run';

const here = new URL('./', import.meta.url);
const patterns = process.argv.slice(2);
const files = (await readdir(here, { recursive: true }))
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => patterns.length === 0 || patterns.some((p) => name.includes(p)))
  .sort();

// uvu counts only in what it prints.
let printed = '';
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
  if (typeof chunk === 'string') printed = (printed + chunk).slice(-2000);
  return write(chunk, ...rest);
}) as typeof process.stdout.write;
await run(files.map((name) => ({ name, file: new URL(name, here).pathname })));
process.stdout.write = write;

const count = (label: string): number => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its summary with escape codes
  const plain = printed.replaceAll(/\u001b\[[\d;]*m/g, '');
  return Number(new RegExp(`${label}:\\s+(\\d+)\\s*\\n(?![\\s\\S]*${label}:)`).exec(plain)?.[1] ?? Number.NaN);
};
const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
write(`${passed} passed, ${total - passed} failed, ${skipped} skipped\n`);
process.exit(total > 0 && passed === total ? 0 : 1);
