/** The settings of scripts/evaluate.ts, and which of them go together. */
import { UsageError } from '../src/errors.ts';
import { ADAPTER_SETTINGS } from '../src/settings/adapter.ts';
import { defineSettings, type Values } from '../src/settings/settings.ts';

export const EVALUATE_USAGE = `Usage: tsx scripts/evaluate.ts [settings] FILE … | < FILE
       tsx scripts/evaluate.ts --model NAME --data FILE … [settings]

Scores predictions of named entities. A FILE has a line a word, with the gold label and the predicted one in its last
two columns, and a blank line between sentences; - is standard input. With --gold, a FILE holds predictions for the words of
that file. With --model, the labelled sentences of --data are tagged by that model, every word of them, and scored. IOB1,
IOB2 and IOBES are read alike, by conlleval's rules.`;

export const EVALUATE_SETTINGS = defineSettings({
  format: {
    type: 'choice',
    choices: ['text', 'json', 'conlleval', 'seqeval', 'germeval'],
    default: 'text',
    group: 'Output',
    help: "table and errors, JSON, or the very report of conlleval, seqeval or GermEval 2014's nereval.perl",
  },
  examples: {
    type: 'integer',
    default: 3,
    min: 0,
    group: 'Output',
    help: 'most errors of a kind that text and JSON show',
  },
  digits: { type: 'integer', default: 2, min: 0, max: 15, group: 'Output', help: 'decimals in the report of seqeval' },
  latex: {
    type: 'boolean',
    default: false,
    group: 'Output',
    help: 'rows of a LaTeX table in the report of conlleval (its -l)',
  },
  train_file: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Scoring',
    help: 'labelled training sentences: compare with the lookup baseline (each word its most frequent label there)',
  },
  scheme: {
    type: 'choice',
    choices: ['conlleval', 'strict-iob2'],
    default: 'conlleval',
    group: 'Scoring',
    help: "what counts as an entity; strict-iob2 is seqeval's strict mode, where only B- starts one",
  },
  nested: {
    type: 'boolean',
    default: false,
    group: 'Scoring',
    help: 'two levels: the last four columns are gold outer, gold inner, predicted outer, predicted inner',
  },
  model: {
    type: 'string',
    default: null,
    value: 'NAME',
    group: 'Model',
    help: 'model folder, or owner/name on the hub, that tags the sentences of --data',
  },
  data: {
    type: 'list',
    default: [],
    value: 'FILE',
    group: 'Model',
    help: 'labelled sentences in any form that training reads, Parquet too; may be given several times',
  },
  level: {
    type: 'choice',
    choices: ['outer', 'inner'],
    default: 'outer',
    group: 'Model',
    help: "GermEval's level of labels that the model is for",
  },
  output: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Model',
    help: 'write words, gold and predicted labels there',
  },
  gold: {
    type: 'string',
    default: null,
    value: 'FILE',
    group: 'Input',
    help: 'gold labels for files of predictions alone; all in any form that training reads',
  },
  gold_column: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Input',
    help: 'of gold labels; default the last but one',
  },
  predicted_column: {
    type: 'integer',
    default: null,
    min: 1,
    group: 'Input',
    help: 'of predictions; default the last',
  },
  delimiter: {
    type: 'string',
    default: null,
    group: 'Input',
    help: 'what stands between columns: tab, space or another text; default told by the lines',
  },
  raw: {
    type: 'boolean',
    default: false,
    group: 'Input',
    help: "labels are types without B- and I-, each word an entity of its own (conlleval's -r)",
  },
  outside: {
    type: 'string',
    default: 'O',
    value: 'LABEL',
    group: 'Input',
    help: "label of no entity with --raw (conlleval's -o)",
  },
  encoding: {
    type: 'string',
    default: 'utf-8',
    value: 'NAME',
    group: 'Input',
    help: 'of the files, such as windows-1252',
  },
  allow_empty: { type: 'boolean', default: false, group: 'Input', help: 'score files without sentences' },
  ...ADAPTER_SETTINGS,
});
export type EvaluateSettings = Values<typeof EVALUATE_SETTINGS>;

/** Settings that would be without effect, or contradict each other. */
export function checkSettings(s: EvaluateSettings, given: ReadonlySet<string>, files: readonly string[]): void {
  const needs = (name: string, holds: boolean, what: string) => {
    if (given.has(name) && !holds) throw new UsageError(`--${name.replaceAll('_', '-')} ${what}.`);
  };
  const isOwnFormat = s.format === 'text' || s.format === 'json';
  needs('latex', s.format === 'conlleval', 'belongs to --format conlleval');
  needs('digits', s.format === 'seqeval', 'belongs to --format seqeval');
  needs('examples', isOwnFormat, 'belongs to --format text and json');
  needs('outside', s.raw, 'belongs to --raw');
  needs(
    'raw',
    s.train_file === null && s.gold === null,
    'reads labels that --train-file and --gold files may not have',
  );
  for (const name of ['data', 'level', 'output', 'adapter']) needs(name, s.model !== null, 'belongs to --model');
  for (const name of ['gold', 'predicted_column', 'delimiter', 'raw']) {
    needs(name, s.model === null, 'belongs to files of predictions, not to --model');
  }
  needs('output', files.length < 2, 'takes the predictions for one file');
  needs('output', s.output !== files[0], 'names the file that is read: give another');
  needs(
    'scheme',
    s.scheme === 'conlleval' || isOwnFormat || s.format === 'seqeval',
    `has no effect on --format ${s.format}, which has its own rules`,
  );
  needs(
    'nested',
    isOwnFormat || s.format === 'germeval',
    `has no effect on --format ${s.format}, which knows one level`,
  );
  for (const name of ['gold_column', 'predicted_column']) {
    needs(name, s.gold === null, 'belongs to files that hold both labels, not to --gold');
    needs(name, !s.nested && s.format !== 'germeval', 'names one level; with two they are the last four columns');
  }
  needs('delimiter', s.gold === null, 'belongs to files that hold both labels, not to --gold');
  if (files.length === 0)
    throw new UsageError(
      s.model === null
        ? 'no file to score: name one, or - for standard input.'
        : 'no sentences to tag: name a labelled file with --data.',
    );
  if ([...files, s.gold].filter((file) => file === '-').length > 1)
    throw new UsageError('- stands for standard input and can be read once.');
}

/** Whether GermEval's two levels are scored together. */
export const scoresBothLevels = (s: EvaluateSettings): boolean => s.nested || s.format === 'germeval';

/** Prefixes that labels may have: the strict scheme and GermEval's script know no other than B and I. */
export const prefixesOf = (s: EvaluateSettings): string =>
  s.scheme === 'strict-iob2' || scoresBothLevels(s) ? 'BI' : 'BIES';
