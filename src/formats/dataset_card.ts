/** What a data set's README.md on the hub declares in its front matter: configurations, their files, names of labels. */
import { parse } from 'yaml';
import { UserError } from '../errors.ts';
import { type ClassNames, classNamesOfCard } from './class_labels.ts';

export interface CardConfig {
  readonly name: string;
  /** Whether it is the one meant where none is named. */
  readonly isDefault: boolean;
  /** Patterns of paths by the split's name; empty where the card leaves it to the files' names. */
  readonly files: ReadonlyMap<string, readonly string[]>;
}

export interface DatasetCard {
  readonly configs: readonly CardConfig[];
  /** By configuration. */
  readonly classNames: ReadonlyMap<string, ClassNames>;
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const asTexts = (value: unknown): string[] => asList(value).filter((item) => typeof item === 'string');
type Fields = Record<string, unknown>;
const objects = (value: unknown): Fields[] =>
  asList(value).filter((item): item is Fields => typeof item === 'object' && item !== null && !Array.isArray(item));

/**
 * Reads a README.md; one without front matter declares nothing.
 * @param where its name, for messages
 * @throws UserError where the front matter is no YAML
 */
export function parseDatasetCard(text: string, where: string): DatasetCard {
  const [, matter] = /^\uFEFF?---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)/s.exec(text) ?? [];
  let fields: unknown;
  try {
    fields = matter === undefined ? undefined : parse(matter, { logLevel: 'error' });
  } catch (error) {
    throw new UserError(`the front matter of ${where} is no YAML: ${error instanceof Error ? error.message : error}`);
  }
  const [card = {}] = objects(fields);
  const configs = objects(card.configs).map((config): CardConfig => {
    const files = new Map<string, string[]>();
    const plain = asTexts(config.data_files);
    if (plain.length > 0) files.set('train', plain);
    for (const { split, path } of objects(config.data_files)) {
      if (typeof split === 'string') files.set(split, [...(files.get(split) ?? []), ...asTexts(path)]);
    }
    if (files.size === 0) for (const folder of asTexts(config.data_dir)) files.set('', [`${folder}/**`]);
    const name = typeof config.config_name === 'string' ? config.config_name : 'default';
    return { name, isDefault: config.default === true, files };
  });
  const classNames = new Map(
    objects(card.dataset_info).map(({ config_name, features }) => [
      typeof config_name === 'string' ? config_name : 'default',
      classNamesOfCard(features),
    ]),
  );
  return { configs, classNames };
}
