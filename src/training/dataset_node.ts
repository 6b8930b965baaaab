/**
 * Labelled sentences as a person names them: files of lines or Parquet files, a folder of either, or a data set on the Hugging Face
 * hub. This is where what src/formats finds and src/data reads come together.
 */
import { type Dataset, type DatasetOptions, readDataset, SPLITS, type SplitName } from '../data/dataset.ts';
import { readDataFile } from '../data/dataset_node.ts';
import { decodeText } from '../data/decode.ts';
import { parseLabelFile } from '../data/labels.ts';
import { type DataFile, type ReadOptions, readSentences } from '../data/read.ts';
import { type DataRows, readRowSentences } from '../data/rows.ts';
import { type LocatedDataset, locateDataset, readParquetSplit } from '../formats/hub_dataset_node.ts';

/** Where sentences are: one of `dataset` and files. */
export interface DatasetInput {
  /** A folder, a Parquet file, or a name on the hub. */
  readonly dataset?: string | null | undefined;
  readonly train?: string | null | undefined;
  readonly dev?: string | null | undefined;
  readonly test?: string | null | undefined;
  /** A file of labels, one a line; wins over labels.txt of a folder. */
  readonly labels?: string | null | undefined;
}

/** Files of each split on disk, in order. */
export type FoundDataset = Pick<LocatedDataset, 'splits' | 'labelFile' | 'classNames'> & {
  /** Its name on the hub, `owner/name`, where it came from there. */
  readonly hubName: string | undefined;
};

const isParquet = (path: string): boolean => /\.parquet$/i.test(path);

/** Finds the files; what the cache lacks of a data set on the hub is downloaded. @throws UserError as `locateDataset` */
export async function findDataset(input: DatasetInput): Promise<FoundDataset> {
  const { dataset, labels } = input;
  if (typeof dataset === 'string') {
    const found = await locateDataset(dataset);
    return { ...found, labelFile: labels ?? found.labelFile };
  }
  const splits = SPLITS.flatMap((split) => (input[split] ? [[split, [input[split]]] as const] : []));
  return {
    splits: Object.fromEntries(splits),
    labelFile: labels ?? undefined,
    classNames: new Map(),
    hubName: undefined,
  };
}

/**
 * Reads the sentences of a data set. What is wrong in them is returned: pass `problems` to `requireNoErrors`.
 * @throws UserError for files that can't be read or are no Parquet, and as `readDataset`
 */
export async function readFoundDataset(
  found: FoundDataset,
  options: Omit<DatasetOptions, 'labels'> = {},
): Promise<Dataset> {
  const labels = found.labelFile === undefined ? undefined : await readDataFile(found.labelFile);
  const files: Partial<Record<SplitName, DataFile | DataRows>> = {};
  for (const split of SPLITS) {
    const [path] = found.splits[split] ?? [];
    if (path !== undefined)
      files[split] = isParquet(path) ? await rowsOf(found, split, labels) : await readDataFile(path);
  }
  return readDataset(files, { ...options, labels });
}

async function rowsOf(found: FoundDataset, split: SplitName, labels: DataFile | undefined): Promise<DataRows> {
  // Ids that nothing names mean places in the label file.
  const labelNames = labels && parseLabelFile(decodeText(labels.bytes, labels.file).text, labels.file);
  const paths = found.splits[split]!;
  return {
    file: paths.length === 1 ? paths[0]! : `${split} (${paths.length} files)`,
    rows: await readParquetSplit(found, split, { labelNames }),
  };
}

/** One file of labelled sentences, of lines or Parquet. @param file what was read, or the path to read it from */
export async function readLabelledFile(file: string | DataFile, options: ReadOptions = {}) {
  if (typeof file !== 'string') return readSentences(file, options);
  if (!isParquet(file)) return readSentences(await readDataFile(file), options);
  return readRowSentences(await rowsOf(await findDataset({ test: file }), 'test', undefined), options);
}
