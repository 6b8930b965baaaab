/** Files of sentences, read from disk. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { UserError } from '../errors.ts';
import { nearest } from '../settings/nearest.ts';
import type { DataFile } from './read.ts';

/** @throws UserError for a file that isn't there, a folder, or a file that can't be read */
export async function readDataFile(path: string): Promise<DataFile> {
  try {
    return { file: path, bytes: await readFile(path) };
  } catch (error) {
    throw await whyNot(path, error as NodeJS.ErrnoException);
  }
}

async function whyNot(path: string, error: NodeJS.ErrnoException): Promise<UserError> {
  if (error.code === 'EISDIR') {
    const names = (await readdir(path)).sort();
    const holds =
      names.length === 0 ? 'It is empty.' : `It holds ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' …' : ''}.`;
    return new UserError(`${path} is a folder where a file is expected. ${holds}`);
  }
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    const folder = dirname(path);
    const names = await readdir(folder).catch(() => undefined);
    if (!names) return new UserError(`there is no file ${path}: there is no folder ${folder}.`);
    // Without extensions, which would make names of the same one look alike.
    const stems = new Map(names.map((name) => [parse(name).name, name]));
    const stem = nearest(parse(path).name, stems.keys());
    const guess = stem === undefined ? undefined : stems.get(stem);
    return new UserError(`there is no file ${path}.${guess ? ` Did you mean ${join(folder, guess)}?` : ''}`);
  }
  return new UserError(`${path} can't be read: ${error.message}.`);
}
