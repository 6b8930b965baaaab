/** Which files of a data set are which split: by what its card declares, else by their names, as the `datasets` library does. */
import { UserError } from '../errors.ts';
import type { DatasetCard } from './dataset_card.ts';

export const DATASET_SPLITS = ['train', 'dev', 'test'] as const;
export type DatasetSplit = (typeof DATASET_SPLITS)[number];
/** Paths of each split, Parquet files being its parts in order. */
export type SplitPaths = Readonly<Partial<Record<DatasetSplit, readonly string[]>>>;

export interface ChosenFiles {
  readonly form: 'parquet' | 'text';
  readonly splits: SplitPaths;
  /** The card's configuration that they are of; undefined where there is none. */
  readonly config: string | undefined;
}

const NAMES: Record<DatasetSplit, string> = {
  train: 'train|training',
  dev: 'dev|val|valid|validation|testa',
  test: 'test|testing|testb|eval|evaluation',
};
const TEXT = /\.(tsv|conll|txt|iob2?|bio|train|dev|valid|test[ab]?)$/i;
const PARQUET = /\.parquet$/i;

/** The split that a name says, such as train-00000-of-00001.parquet, NER-de-dev.tsv or eng.testa; words stand apart. */
export function splitOfName(name: string): DatasetSplit | undefined {
  return DATASET_SPLITS.find((split) => new RegExp(`(^|[^a-z])(${NAMES[split]})([^a-z]|$)`, 'i').test(name));
}

/** The split of a path: what its file's name says, else the folder's that it lies in, and so on. */
const splitOfPath = (path: string): DatasetSplit | undefined =>
  path
    .split('/')
    .reverse()
    .map(splitOfName)
    .find((split) => split !== undefined);

/**
 * Chooses the files of a data set; Parquet files win over others.
 * @param config the configuration (subset) that is asked for
 * @param where the data set's name, for messages
 * @returns undefined where no file is Parquet or text of a known split
 * @throws UserError where it has several configurations and none is named, or text files that could be the same split
 */
export function chooseFiles(
  paths: readonly string[],
  card: DatasetCard,
  config: string | undefined,
  where: string,
): ChosenFiles | undefined {
  const declared = card.configs.length > 0 ? chooseConfig(card, config, where) : undefined;
  if (declared && declared.files.size > 0) {
    const groups = [...declared.files].map(([split, patterns]) => {
      const found = paths.filter((path) => patterns.some((pattern) => fits(path, pattern)));
      return [split, found] as const;
    });
    const all = groups.flatMap(([, found]) => found);
    const chosen = bySplit(all, where, (path) => {
      const [split] = groups.find(([, found]) => found.includes(path))!;
      return split === '' ? splitOfPath(path) : splitOfName(split);
    });
    return chosen && { ...chosen, config: declared.name };
  }
  if (!declared && config !== undefined) {
    const within = paths.filter((path) => path.startsWith(`${config}/`));
    if (within.length === 0) throw new UserError(`${where} has no configuration "${config}".`);
    const chosen = bySplit(within, where, splitOfPath);
    return chosen && { ...chosen, config };
  }
  const chosen = bySplit(paths, where, splitOfPath);
  return chosen && { ...chosen, config: declared?.name };
}

function chooseConfig({ configs }: DatasetCard, config: string | undefined, where: string) {
  const wanted = config ?? configs.find(({ isDefault }) => isDefault)?.name;
  const names = configs.map(({ name }) => name);
  return configs[names.indexOf(requireConfig(names, wanted, where))]!;
}

/**
 * The configuration asked for, else the only one, else "default".
 * @throws UserError that lists them where that leaves none
 */
export function requireConfig(names: readonly string[], wanted: string | undefined, where: string): string {
  const name = wanted ?? (names.length === 1 ? names[0]! : 'default');
  if (names.includes(name)) return name;
  const shown = `${names.slice(0, 20).join(', ')}${names.length > 20 ? ' …' : ''}`;
  if (wanted !== undefined) throw new UserError(`${where} has no configuration "${wanted}"; it has ${shown}.`);
  throw new UserError(`${where} has several configurations: name one, such as ${where}:${names[0]}. It has ${shown}.`);
}

function bySplit(
  paths: readonly string[],
  where: string,
  splitOf: (path: string) => DatasetSplit | undefined,
): Omit<ChosenFiles, 'config'> | undefined {
  for (const [form, pattern] of [
    ['parquet', PARQUET],
    ['text', TEXT],
  ] as const) {
    const splits: Partial<Record<DatasetSplit, string[]>> = {};
    for (const path of paths.filter((p) => pattern.test(p)).sort()) {
      const split = splitOf(path);
      if (split) splits[split] = [...(splits[split] ?? []), path];
    }
    for (const split of DATASET_SPLITS) {
      const found = splits[split] ?? [];
      if (form === 'text' && found.length > 1) {
        throw new UserError(
          `${where} has several files that could be ${split}: ${found.join(', ')}. Name each by itself.`,
        );
      }
    }
    if (Object.keys(splits).length > 0) return { form, splits };
  }
  return undefined;
}

/** Whether a path fits a pattern: `*` any part of a name, `**` any folders, `?` one character, `[…]` one of these. */
export function fits(path: string, pattern: string): boolean {
  const source = pattern.replace(/^\.?\//, '').replace(/\*\*\/?|\*|\?|\[[^\]]*\]|[.+^${}()|\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('[') ? part.replace(/^\[!/, '[^') : `\\${part}`;
  });
  return new RegExp(`^${source}$`).test(path);
}
