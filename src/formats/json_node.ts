/** A JSON file on disk. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../errors.ts';

/** Reads and parses a JSON file. @throws UserError where it is missing or no JSON. */
export async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read (${error instanceof Error ? error.message : error}).`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}
