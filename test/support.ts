/** Where the tests find reference values and real data. */
import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));
const shared = fileURLToPath(new URL('../../shared/', import.meta.url));

/**
 * Path of a file or folder of reference values (kernels, models, tokenizer, pipeline, metrics, training): under the folder
 * that the environment variable REFERENCE names where it is set, else among the project's own fixtures, else, for
 * what is too large for them, beside the clone in ../shared/reference. Undefined where none has it: skip the test then.
 */
export function reference(path: string): string | undefined {
  const own = process.env.REFERENCE;
  const candidates = own ? [`${own}/${path}`] : [`${fixtures}${path}`, `${shared}reference/${path}`];
  return candidates.find((candidate) => existsSync(candidate));
}

/** Path of a real data set's file under ../shared/data, or undefined where it is not there: skip the test then. */
export function sharedData(path: string): string | undefined {
  const file = `${shared}data/${path}`;
  return existsSync(file) ? file : undefined;
}

/** Path of a file among the project's own fixtures. */
export const fixture = (path: string): string => `${fixtures}${path}`;
