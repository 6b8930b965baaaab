/** The files of a data set, read from disk. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { UserError } from '../errors.ts';
import { nearest } from '../settings/nearest.ts';
import { type Dataset, type DatasetOptions, readDataset, SPLITS, type SplitName } from './dataset.ts';
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

/** What splits are called in file names, such as NER-de-dev.tsv, valid.txt or CoNLL-2003's eng.testa. */
const SPLIT_NAMES: Record<SplitName, string> = {
  train: 'train|training',
  dev: 'dev|valid|validation|testa',
  test: 'test|testb',
};
const EXTENSION = /\.(tsv|conll|txt|iob2?|bio|train|dev|valid|test[ab]?)$/i;

export type DatasetPaths = { [K in SplitName | 'labels']?: string | undefined };

/**
 * The files of a data set's folder: those with train, dev (or valid, validation) and test as a part of their names, and
 * labels.txt.
 * @throws UserError where there is no folder, two files of it could be the same split, or there is no train file
 */
export async function datasetInFolder(folder: string): Promise<DatasetPaths> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') throw new UserError(`${folder} is a file where a data set's folder is expected.`);
    throw new UserError(`${folder} can't be read as a data set's folder: ${error.message}.`);
  });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const paths: DatasetPaths = {};
  for (const split of SPLITS) {
    const pattern = new RegExp(`(^|[-_.])(${SPLIT_NAMES[split]})([-_.]|$)`, 'i');
    const found = files.filter((name) => EXTENSION.test(name) && pattern.test(name)).sort();
    if (found.length > 1) {
      throw new UserError(
        `${folder} has several files that could be ${split}: ${found.join(', ')}. Name each by itself.`,
      );
    }
    if (found[0] !== undefined) paths[split] = join(folder, found[0]);
  }
  if (paths.train === undefined) {
    throw new UserError(
      `${folder} has no file for training: expected one named train.*, found ${files.sort().join(', ') || 'none'}.`,
    );
  }
  if (files.includes('labels.txt')) paths.labels = join(folder, 'labels.txt');
  return paths;
}

/** `readDataset` on files. @throws UserError as `readDataFile` and `readDataset` */
export async function readDatasetFiles(
  { train, dev, test, labels }: DatasetPaths,
  options: Omit<DatasetOptions, 'labels'> = {},
): Promise<Dataset> {
  const read = (path: string | undefined) => (path === undefined ? undefined : readDataFile(path));
  const [trainFile, devFile, testFile, labelFile] = await Promise.all([train, dev, test, labels].map(read));
  return readDataset({ train: trainFile, dev: devFile, test: testFile }, { ...options, labels: labelFile });
}
