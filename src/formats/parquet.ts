/**
 * Labelled sentences from a Parquet file, in the form that data sets for named-entity recognition have on the hub: a row a
 * sentence, a list of words (`tokens`) and a list of labels (`ner_tags`), which are texts or ids of a declared ClassLabel.
 */
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { UserError } from '../errors.ts';
import { type ClassNames, classNamesOfFeatures } from './class_labels.ts';

export interface LabelledWords {
  /** Never empty. */
  readonly words: readonly string[];
  /** One a word, as the file has them. */
  readonly labels: readonly string[];
  /** Labels of the inner level, where there is one (GermEval's `nested_ner_tags`). */
  readonly inner?: readonly string[];
  /** From 1, in the file. */
  readonly row: number;
}

export interface ParquetOptions {
  /** Names of integer labels by column, for files that don't declare them (from the data set's card). */
  readonly classNames?: ClassNames | undefined;
  /** Names of integer labels where nothing declares them: ids are places in it. */
  readonly labelNames?: readonly string[] | undefined;
}

/** Names of the columns that there are, the usual one first. */
const WORDS = ['tokens', 'words'];
const LABELS = ['ner_tags', 'labels', 'tags', 'ner_labels', 'ner'];
const INNER = ['nested_ner_tags', 'inner_ner_tags'];
/** More faulty rows than this are counted, not listed. */
const LISTED = 10;

/**
 * Reads a file's rows; rows without a word are left out.
 * @param name the file's, for messages
 * @throws UserError where it is no Parquet file or damaged, columns are missing or of another kind, rows have words without
 *   labels, or integers have no names
 */
export async function readParquetWords(
  bytes: Uint8Array,
  name: string,
  options: ParquetOptions = {},
): Promise<LabelledWords[]> {
  const file: AsyncBuffer = {
    byteLength: bytes.length,
    slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
  };
  const metadata = await sound(name, () => parquetMetadataAsync(file));
  const columns = topColumns(metadata);
  const choose = (candidates: readonly string[]) => candidates.find((column) => columns.includes(column));
  const [words, labels, inner] = [choose(WORDS), choose(LABELS), choose(INNER)];
  if (words === undefined || labels === undefined) {
    const lacking = words === undefined ? ['words', WORDS] : ['labels', LABELS];
    throw new UserError(
      `${name} has no column of ${lacking[0]}: expected ${(lacking[1] as string[]).join(' or ')}, found ` +
        `${columns.join(', ')}.`,
    );
  }
  const rows = await readRows(file, metadata, [words, labels, ...(inner ? [inner] : [])], name);
  const declared = classNamesOfFeatures(declaredFeatures(metadata));
  const namesOf = (column: string): readonly string[] | undefined =>
    declared.get(column) ?? options.classNames?.get(column) ?? options.labelNames;
  const faults: string[] = [];
  const sentences: LabelledWords[] = [];
  for (const [i, row] of rows.entries()) {
    const fault = (text: string) => faults.push(`${name}, row ${i + 1}: ${text}`);
    const tokens = row[words];
    if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === 'string')) {
      fault(`${words} is ${shown(tokens)}, expected a list of texts`);
      continue;
    }
    const level = (column: string): string[] | undefined => {
      const values = row[column];
      if (!Array.isArray(values) || values.length !== tokens.length) {
        const found = Array.isArray(values) ? `has ${values.length} labels` : `is ${shown(values)}`;
        fault(`${column} ${found}, expected one for each of the ${tokens.length} words`);
        return undefined;
      }
      return values.map((value) => labelOf(value, namesOf(column), column, fault));
    };
    const outer = level(labels);
    const nested = inner === undefined ? undefined : level(inner);
    if (tokens.length === 0 || outer === undefined) continue;
    sentences.push({ words: tokens, labels: outer, ...(nested && { inner: nested }), row: i + 1 });
  }
  if (faults.length > 0) {
    const more = faults.length > LISTED ? `\nand ${faults.length - LISTED} more` : '';
    throw new UserError(faults.slice(0, LISTED).join('\n') + more);
  }
  return sentences;
}

/** A label's name; integers are looked up. */
function labelOf(
  value: unknown,
  names: readonly string[] | undefined,
  column: string,
  fault: (text: string) => void,
): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    fault(`${column} holds ${shown(value)}, expected a label or its id`);
    return '';
  }
  if (names === undefined) {
    throw new UserError(
      `${column} holds ids such as ${value}, and neither the file nor the data set's card says what they mean. ` +
        'Give their names, one a line in the order of the ids, with --labels FILE.',
    );
  }
  const label = names[Number(value)];
  if (label === undefined) fault(`${column} holds id ${value}, but there are names for 0 to ${names.length - 1} only`);
  return label ?? '';
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v)) ?? 'null';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

/** Names of the outermost columns: children of the schema's root, whose own children follow each of them. */
function topColumns({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length; ) {
    names.push(schema[at]!.name);
    for (let left = 1; left > 0; left--) left += schema[at++]?.num_children ?? 0;
  }
  return names;
}

/** The features that the `datasets` library writes into a file's metadata. */
function declaredFeatures({ key_value_metadata }: FileMetaData): unknown {
  const text = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { info?: { features?: unknown } } | null)?.info?.features;
  } catch {
    return undefined; // then the labels' names come from elsewhere, or their lack is told
  }
}

const readRows = (
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  name: string,
): Promise<Record<string, unknown>[]> =>
  sound(name, () => parquetReadObjects({ file, metadata, columns, compressors }));

/** Runs what reads a file. @throws UserError where it fails */
async function sound<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${name} is no Parquet file, or a damaged one (${reason}): take it anew.`);
  }
}
