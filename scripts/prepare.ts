/** Checks files of labelled sentences, reports what is in them, and writes them as training reads them. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { betweenSplits, type Dataset, SPLITS, type Split, type SplitName } from '../src/data/dataset.ts';
import type { Level } from '../src/data/germeval.ts';
import { formatProblems, requireNoErrors } from '../src/data/problems.ts';
import { describeFacts, FORMATS } from '../src/data/read.ts';
import { describeUnknownWords, formatStatistics } from '../src/data/report.ts';
import { parseRatio, splitSentences } from '../src/data/split.ts';
import { type DatasetStatistics, datasetStatistics } from '../src/data/statistics.ts';
import { toConll, toGermEval } from '../src/data/write.ts';
import { UsageError, UserError } from '../src/errors.ts';
import { folderSource } from '../src/formats/folder_node.ts';
import { resolveModelFolder } from '../src/formats/hub_node.ts';
import { loadTokenizer } from '../src/inference/load.ts';
import { defineSettings, type Values } from '../src/settings/settings.ts';
import { settingsWarnings } from '../src/tokenizer/settings_warnings.ts';
import type { AlbertTokenizer } from '../src/tokenizer/tokenizer.ts';
import { type FoundDataset, findDataset, readFoundDataset } from '../src/training/dataset_node.ts';
import { readCommandLine, runCommand } from './command.ts';

const USAGE = `Checks labelled sentences (GermEval TSV, CoNLL-2003, two columns, Parquet), reports what is in them, and writes them as
UTF-8 with IOB2 labels. Without --output-dir it only checks and reports.

  tsx scripts/prepare.ts --train-file FILE --validation-file FILE --test-file FILE --output-dir DIR
  tsx scripts/prepare.ts --train-file FILE --split 80/10/10 --output-dir DIR
  tsx scripts/prepare.ts --dataset owner/name --output-dir DIR`;

const SETTINGS = defineSettings({
  train_file: { type: 'string', default: null, value: 'FILE', group: 'Input', help: 'training sentences' },
  validation_file: { type: 'string', default: null, value: 'FILE', group: 'Input', help: 'dev sentences' },
  test_file: { type: 'string', default: null, value: 'FILE', group: 'Input', help: 'test sentences' },
  dataset: {
    type: 'string',
    default: null,
    value: 'NAME',
    group: 'Input',
    help: 'folder with train.*, dev.* and test.*, Parquet file, or owner/name[:config][@revision] on the hub',
  },
  format: { type: 'choice', choices: FORMATS, default: 'auto', group: 'Input', help: 'form of the files' },
  column: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Input',
    help: 'column of the labels, from 1; default the last',
  },
  level: {
    type: 'choice',
    choices: ['outer', 'inner'],
    default: 'outer',
    group: 'Input',
    help: "GermEval's level of labels that is reported first",
  },
  encoding: {
    type: 'string',
    default: 'utf-8',
    value: 'NAME',
    group: 'Input',
    help: 'encoding of the files, such as windows-1252',
  },
  labels: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Input',
    help: 'label set, one a line; default what the data has',
  },
  allow_empty: { type: 'boolean', default: false, group: 'Input', help: 'take dev and test files without sentences' },
  split: {
    type: 'string',
    default: null,
    value: 'A/B/C',
    group: 'Input',
    help: 'deal --train-file out to train, dev and test in these parts; equal sentences stay together',
  },
  seed: { type: 'integer', default: 42, min: 0, max: 2 ** 32 - 1, group: 'Input', help: 'of --split' },
  tokenizer: {
    type: 'string',
    default: null,
    value: 'DIR',
    group: 'Report',
    help: "folder or owner/name on the hub of the tokenizer that sub-tokens are counted with; default the sample's",
  },
  max_seq_length: {
    type: 'integer',
    default: 128,
    min: 3,
    max: 512,
    group: 'Report',
    help: 'window in sub-tokens, [CLS] and [SEP] included; longer sentences will be split at a word',
  },
  output_dir: { type: 'string', default: null, value: 'DIR', group: 'Output', help: 'where the prepared files go' },
  overwrite: { type: 'boolean', default: false, group: 'Output', help: 'replace prepared files that are there' },
});
type PrepareSettings = Values<typeof SETTINGS>;

const SAMPLE_TOKENIZER = fileURLToPath(new URL('../data/sample/tokenizer/', import.meta.url));
const print = (text: string) => process.stdout.write(`${text}\n`);

async function inputOf(s: PrepareSettings): Promise<FoundDataset> {
  const files = { train: s.train_file, dev: s.validation_file, test: s.test_file };
  const given = Object.values(files).some((path) => path !== null);
  if (s.dataset !== null && given) {
    throw new UsageError('--dataset names all splits: leave out --train-file, --validation-file and --test-file.');
  }
  if (s.dataset === null && !given) {
    throw new UsageError(
      'no input: name files with --train-file, --validation-file and --test-file, or a data set with --dataset.',
    );
  }
  const found = await findDataset({ ...files, dataset: s.dataset, labels: s.labels });
  if (s.split !== null && Object.keys(found.splits).join() !== 'train') {
    throw new UsageError(
      '--split deals training sentences out: name them with --train-file, without dev and test sentences.',
    );
  }
  return found;
}

/** Refuses an output folder that has something in it, or that input files stand in. */
async function checkOutput(output: string, overwrite: boolean, inputs: FoundDataset): Promise<void> {
  const paths = [...Object.values(inputs.splits).flat(), ...(inputs.labelFile ? [inputs.labelFile] : [])];
  const inside = paths.find((path) => dirname(resolve(path)) === resolve(output));
  if (inside !== undefined)
    throw new UsageError(`--output-dir ${output}: ${inside} is read from there; name another folder.`);
  const names = await readdir(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new UserError(`--output-dir ${output} is a file; name a folder.`);
    throw new UserError(`--output-dir ${output} can't be used: ${error.message}.`);
  });
  if (names.length > 0 && !overwrite) {
    throw new UserError(`${output} has files in it: name another folder, or add --overwrite.`);
  }
}

function dealtOut({ splits, labels, problems }: Dataset, s: PrepareSettings): Dataset {
  if (s.split === null) return { splits, labels, problems };
  const { sentences, facts } = splits.train!;
  const parts = splitSentences(sentences, parseRatio(s.split), s.seed);
  const dealt: Partial<Record<SplitName, Split>> = {};
  for (const name of SPLITS) if (parts[name].length > 0) dealt[name] = { sentences: parts[name], facts };
  return { splits: dealt, labels, problems: [...problems, ...betweenSplits(dealt)] };
}

async function findTokenizer(name: string | null): Promise<{ tokenizer: AlbertTokenizer; from: string } | undefined> {
  if (name === null && !existsSync(join(SAMPLE_TOKENIZER, 'tokenizer.json'))) return undefined;
  const from = name ?? SAMPLE_TOKENIZER;
  const folder = await resolveModelFolder(from, { tokenizerOnly: true }, '--tokenizer');
  const { tokenizer } = await loadTokenizer(await folderSource(folder));
  return { tokenizer, from };
}

/** Files of the output folder: name and content. */
function outputFiles(dataset: Dataset, statistics: DatasetStatistics, s: PrepareSettings): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, { sentences, facts }] of Object.entries(dataset.splits)) {
    if (facts.innerScheme === undefined) files.set(`${name}.conll`, toConll(sentences));
    else files.set(`${name}.tsv`, toGermEval(sentences, levelOf(s)));
  }
  files.set('labels.txt', dataset.labels.map((label) => `${label}\n`).join(''));
  const facts = Object.fromEntries(Object.entries(dataset.splits).map(([name, split]) => [name, split.facts]));
  const report = { settings: s, facts, labels: dataset.labels, statistics, problems: dataset.problems };
  files.set('report.json', `${JSON.stringify(report, null, 2)}\n`);
  return files;
}

/** --column chooses GermEval's level as well. */
const levelOf = ({ level, column }: PrepareSettings): Level =>
  column === 4 ? 'inner' : column === 3 ? 'outer' : level;

async function writeOutput(output: string, files: ReadonlyMap<string, string>): Promise<void> {
  await mkdir(output, { recursive: true });
  // What an earlier run left in the other format would be taken for data.
  for (const split of SPLITS)
    for (const end of ['conll', 'tsv']) await rm(join(output, `${split}.${end}`), { force: true });
  for (const [name, content] of files) await writeFile(join(output, name), content);
}

await runCommand(async () => {
  const { values: s, positional } = readCommandLine(USAGE, SETTINGS);
  if (positional.length > 0)
    throw new UsageError(`'${positional[0]}' belongs to no setting. Did you mean --train-file ${positional[0]}?`);
  const found = await inputOf(s);
  if (s.output_dir !== null) await checkOutput(s.output_dir, s.overwrite, found);
  const loaded = await findTokenizer(s.tokenizer);
  const { format, column, level, encoding, allow_empty: allowEmpty } = s;
  const read = await readFoundDataset(found, { format, column, level, encoding, allowEmpty });
  requireNoErrors(read.problems);
  const dataset = dealtOut(read, s);

  for (const [name, { facts }] of Object.entries(read.splits))
    print(`${name.padEnd(6)}${facts.file}: ${describeFacts(facts)}`);
  if (dataset.problems.length > 0) print(`\n${formatProblems(dataset.problems)}`);

  const { tokenizer } = loaded ?? {};
  const cut = tokenizer && {
    pieces: (words: readonly string[]) => tokenizer.pieces(words),
    unkId: tokenizer.unkId,
    window: s.max_seq_length,
  };
  const statistics = datasetStatistics(dataset, cut);
  print(`\n${formatStatistics(statistics)}\n`);
  if (loaded) {
    const other = s.tokenizer === null ? '; --tokenizer names another' : '';
    print(`Sub-tokens are those of ${loaded.from}${other}.`);
    for (const warning of settingsWarnings(loaded.tokenizer)) print(`warning: ${warning}`);
  } else print('No sub-tokens are counted: --tokenizer names a folder with tokenizer.json.');
  const unknown = describeUnknownWords(statistics);
  if (unknown) print(unknown);
  print(`Labels: ${dataset.labels.join(' ')}`);

  if (s.output_dir === null) return;
  const files = outputFiles(dataset, statistics, s);
  await writeOutput(s.output_dir, files);
  print(`Written to ${s.output_dir}: ${[...files.keys()].join(', ')}.`);
});
