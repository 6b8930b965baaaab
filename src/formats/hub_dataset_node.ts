/** A data set as a person names it: a folder, a Parquet file, or a name on the Hugging Face hub. Which of its files is which split. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { type ClassNames, classNamesOfFeatures } from './class_labels.ts';
import { type DatasetCard, parseDatasetCard } from './dataset_card.ts';
import { type ChosenFiles, chooseFiles, type DatasetSplit, requireConfig, type SplitPaths } from './dataset_files.ts';
import { type HubName, looksLikeHubName, parseHubName } from './hub_name.ts';
import { type HubOptions, type Snapshot, withSnapshot } from './hub_snapshot_node.ts';
import { readJson } from './json_node.ts';
import { type LabelledWords, type ParquetOptions, readParquetWords } from './parquet.ts';

export interface LocatedDataset {
  /** For messages: the folder, or the name on the hub. */
  readonly name: string;
  /** text: one file a split, in one of the formats of lines; parquet: the parts of each split. */
  readonly form: 'parquet' | 'text';
  /** Its name on the hub, `owner/name`, where it came from there. */
  readonly hubName: string | undefined;
  /** Files on disk. */
  readonly splits: SplitPaths;
  /** labels.txt, where there is one beside them. */
  readonly labelFile: string | undefined;
  /** Names of integer labels that the data set's card declares, by column. */
  readonly classNames: ClassNames;
}

const NO_CARD: DatasetCard = { configs: [], classNames: new Map() };
/** The branch in which the hub keeps data sets of any form as `config/split/0000.parquet`. */
const CONVERTED = 'refs/convert/parquet';

/**
 * Finds the files of a data set; what the cache lacks of one on the hub is downloaded.
 * @param text a folder, a Parquet file of training sentences, or `owner/name[:configuration][@revision]`; what is on disk wins
 * @throws UserError that says what is missing where and what to do
 */
export async function locateDataset(text: string, options: HubOptions = {}): Promise<LocatedDataset> {
  const found = await stat(text).catch(() => undefined);
  if (found?.isDirectory()) return inFolder(text);
  if (found && /\.parquet$/i.test(text)) {
    const splits = { train: [text] };
    return { name: text, form: 'parquet', hubName: undefined, splits, labelFile: undefined, classNames: new Map() };
  }
  if (found) {
    throw new UserError(
      `--dataset ${text} is a file: expected a folder, a Parquet file, or owner/name on the hub. Files of lines are named ` +
        'by --train-file and its like.',
    );
  }
  if (!looksLikeHubName(text)) {
    throw new UserError(
      `--dataset ${text}: there is no such folder or file, and it is no name on the hub (owner/name).`,
    );
  }
  try {
    return await onHub(parseHubName(text), text, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `--dataset ${text}: there is no such folder here, so it was taken for a name on the hub; ${error.message}`,
    );
  }
}

async function inFolder(folder: string): Promise<LocatedDataset> {
  const entries = await readdir(folder, { recursive: true });
  const paths = entries.map((path) => path.replaceAll('\\', '/')).filter((path) => !/(^|\/)\./.test(path));
  const card = await readCard(folder, paths);
  // What lies in folders within counts only where the folder itself has nothing to train on.
  const own = chooseFiles(
    paths.filter((path) => !path.includes('/')),
    NO_CARD,
    undefined,
    folder,
  );
  const chosen = own?.splits.train ? own : chooseFiles(paths, card, undefined, folder);
  if (!chosen?.splits.train) {
    const listed = paths.sort().slice(0, 12).join(', ') || 'nothing';
    throw new UserError(
      `${folder} has no file for training: expected one named train.*, found ${listed}${paths.length > 12 ? ' …' : ''}.`,
    );
  }
  return { ...located(folder, chosen, paths, classNamesFor(card, chosen.config)), name: folder, hubName: undefined };
}

async function onHub(name: HubName, text: string, options: HubOptions): Promise<LocatedDataset> {
  const repo = { type: 'dataset', name: name.repo, revision: name.revision } as const;
  const first = await withSnapshot(repo, options, async (snapshot) => {
    const describing = ['README.md', 'dataset_infos.json', 'labels.txt'].filter((path) =>
      snapshot.paths.includes(path),
    );
    await snapshot.get(describing);
    const card = await readCard(snapshot.folder, snapshot.paths);
    // A card may name the configurations of data that only the converted branch holds as files that can be read.
    const readable = snapshot.paths.some((path) => /\.parquet$/i.test(path)) || !isScripted(snapshot.paths);
    const chosen = readable ? chooseFiles(snapshot.paths, card, name.config, name.repo) : undefined;
    if (!chosen?.splits.train) return { card, paths: snapshot.paths };
    return { dataset: await fetched(snapshot, name.repo, text, chosen, classNamesFor(card, chosen.config)) };
  });
  if (first.dataset) return first.dataset;
  const { card, paths } = first;
  const lacks = () =>
    new UserError(
      `${name.repo} has no data that this package reads: expected Parquet files with train in their names, found ` +
        `${paths.slice(0, 12).join(', ') || 'nothing'}${paths.length > 12 ? ' …' : ''}.`,
    );
  if (name.revision !== 'main') throw lacks();
  const converted = await withSnapshot({ ...repo, revision: CONVERTED }, options, async (snapshot) => {
    const parquet = snapshot.paths.filter((path) => /^[^/]+\/.*\.parquet$/i.test(path));
    const configs = [...new Set(parquet.map((path) => path.split('/')[0]!))].sort();
    if (configs.length === 0) throw lacks();
    const config = requireConfig(configs, name.config, name.repo);
    const chosen = chooseFiles(parquet, NO_CARD, config, name.repo);
    if (!chosen?.splits.train) throw lacks();
    return fetched(snapshot, name.repo, text, chosen, classNamesFor(card, config));
  }).catch((error: unknown) => {
    throw error instanceof UserError && /has no revision/.test(error.message) ? lacks() : error;
  });
  return converted;
}

/** Whether the data set was made by a program, whose text files are its own business. */
const isScripted = (paths: readonly string[]): boolean => paths.some((path) => /^[^/]+\.py$/.test(path));

async function fetched(
  snapshot: Snapshot,
  hubName: string,
  text: string,
  chosen: ChosenFiles,
  classNames: ClassNames,
): Promise<LocatedDataset> {
  await snapshot.get(Object.values(chosen.splits).flat());
  return { ...located(snapshot.folder, chosen, snapshot.paths, classNames), name: text, hubName };
}

function located(
  folder: string,
  { form, splits }: ChosenFiles,
  paths: readonly string[],
  classNames: ClassNames,
): Omit<LocatedDataset, 'name' | 'hubName'> {
  const onDisk = Object.fromEntries(
    Object.entries(splits).map(([split, parts]) => [split, parts.map((path) => join(folder, path))]),
  );
  const labelFile = paths.includes('labels.txt') ? join(folder, 'labels.txt') : undefined;
  return { form, splits: onDisk, labelFile, classNames };
}

async function readCard(folder: string, paths: readonly string[]): Promise<DatasetCard> {
  const file = join(folder, 'README.md');
  const card = paths.includes('README.md') ? parseDatasetCard(await readFile(file, 'utf8'), file) : NO_CARD;
  if (card.classNames.size > 0 || !paths.includes('dataset_infos.json')) return card;
  // What there was before cards had features: {"config": {"features": {…}}}.
  const infos = await readJson(join(folder, 'dataset_infos.json'));
  const entries = typeof infos === 'object' && infos !== null ? Object.entries(infos) : [];
  const classNames = entries.map(
    ([config, info]) => [config, classNamesOfFeatures((info as { features?: unknown } | null)?.features)] as const,
  );
  return { ...card, classNames: new Map(classNames) };
}

/** What the card says of a configuration, or of the only one that it has. */
const classNamesFor = ({ classNames }: DatasetCard, config: string | undefined): ClassNames =>
  classNames.get(config ?? 'default') ?? (classNames.size === 1 ? [...classNames.values()][0]! : new Map());

/**
 * The rows of a split's Parquet files, in order, with the file that each stands in.
 * @throws UserError as `readParquetWords`, or where a file can't be read
 */
export async function readParquetSplit(
  { splits, classNames }: Pick<LocatedDataset, 'splits' | 'classNames'>,
  split: DatasetSplit,
  options: Omit<ParquetOptions, 'classNames'> = {},
): Promise<(LabelledWords & { file: string })[]> {
  const rows: (LabelledWords & { file: string })[] = [];
  for (const file of splits[split] ?? []) {
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new UserError(`${file} can't be read: ${error instanceof Error ? error.message : error}.`);
    });
    for (const row of await readParquetWords(bytes, file, { ...options, classNames })) rows.push({ ...row, file });
  }
  return rows;
}
