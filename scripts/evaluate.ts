/** Scores files of predictions: entities by type, and how they went wrong, as the field's evaluation programs do. */
import process from 'node:process';
import { detectScheme, fromIob2 } from '../src/data/label_schemes.ts';
import { errorsAmong, formatProblem, formatProblems, type Problem, requireNoErrors } from '../src/data/problems.ts';
import type { Sentence } from '../src/data/sentence.ts';
import { UsageError } from '../src/errors.ts';
import { conllevalLatex, conllevalReport } from '../src/evaluation/conlleval.ts';
import { germevalReport, scoreGermEval } from '../src/evaluation/germeval.ts';
import { trainLookupBaseline } from '../src/evaluation/lookup_baseline.ts';
import type { PredictedSentence } from '../src/evaluation/prediction_file.ts';
import { scoreEntities } from '../src/evaluation/scores.ts';
import { seqevalTable } from '../src/evaluation/seqeval.ts';
import { spansOf, strictSpansOf } from '../src/evaluation/spans.ts';
import { isNested, overviewTable, type Scored, summaryJson, summaryText } from '../src/evaluation/summary.ts';
import { defineSettings, type Values } from '../src/settings/settings.ts';
import { readCommandLine, runCommand } from './command.ts';
import {
  type EvaluationInput,
  type InputOptions,
  pairFiles,
  parsePredictions,
  readInput,
  readTraining,
} from './evaluation_input.ts';

const USAGE = `Usage: tsx scripts/evaluate.ts [settings] FILE … | < FILE

Scores predictions of named entities. A FILE has a line a word, with the gold label and the predicted one in its last
two columns, and a blank line between sentences; - is standard input. With --gold, a FILE holds predictions for the words of
that file. IOB1, IOB2 and IOBES are read alike, by conlleval's rules.`;

const SETTINGS = defineSettings({
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
  train: {
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
});
type EvaluateSettings = Values<typeof SETTINGS>;

/** Settings that would be without effect, or contradict each other. */
function checkSettings(s: EvaluateSettings, given: ReadonlySet<string>, files: readonly string[]): void {
  const needs = (name: string, holds: boolean, what: string) => {
    if (given.has(name) && !holds) throw new UsageError(`--${name.replaceAll('_', '-')} ${what}.`);
  };
  const isOwnFormat = s.format === 'text' || s.format === 'json';
  needs('latex', s.format === 'conlleval', 'belongs to --format conlleval');
  needs('digits', s.format === 'seqeval', 'belongs to --format seqeval');
  needs('examples', isOwnFormat, 'belongs to --format text and json');
  needs('outside', s.raw, 'belongs to --raw');
  needs('raw', s.train === null && s.gold === null, 'reads labels that --train and --gold files may not have');
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
  if (files.length === 0) throw new UsageError('no file to score: name one, or - for standard input.');
  if ([...files, s.gold].filter((file) => file === '-').length > 1)
    throw new UsageError('- stands for standard input and can be read once.');
}

async function readInputs(s: EvaluateSettings, files: readonly string[]): Promise<EvaluationInput[]> {
  const nested = s.nested || s.format === 'germeval';
  const options: InputOptions = {
    encoding: s.encoding,
    delimiter: s.delimiter,
    nested,
    raw: s.raw,
    outside: s.outside,
    // The strict scheme and GermEval's script know no other prefixes.
    prefixes: s.scheme === 'strict-iob2' || nested ? 'BI' : 'BIES',
    documentsAreWords: s.format === 'conlleval',
    allowEmpty: s.allow_empty,
    goldColumn: s.gold_column ?? undefined,
    predictedColumn: s.predicted_column ?? undefined,
  };
  const gold = s.gold === null ? undefined : await readInput(s.gold);
  const inputs: EvaluationInput[] = [];
  for (const file of files) {
    const data = await readInput(file);
    inputs.push(gold ? pairFiles(gold, data, options) : parsePredictions(data, options));
  }
  return inputs;
}

/** The same sentences with the labels that the lookup baseline gives them, in the scheme of the gold labels. */
function withBaseline(sentences: readonly PredictedSentence[], train: readonly Sentence[]): PredictedSentence[] {
  const outer = trainLookupBaseline(train);
  const inner = trainLookupBaseline(
    train.map(({ words, inner }) => ({ words, labels: inner ?? words.map(() => 'O') })),
  );
  const scheme = detectScheme(sentences.map(({ gold }) => gold));
  return sentences.map((sentence) => ({
    ...sentence,
    predicted: fromIob2(outer(sentence.words), scheme),
    ...(sentence.inner ? { inner: { ...sentence.inner, predicted: inner(sentence.words) } } : {}),
  }));
}

const spanRule = (s: EvaluateSettings) => (s.scheme === 'strict-iob2' ? strictSpansOf : spansOf);

/** The report of another program, for predictions and for the baseline alike. */
function foreignReport(sentences: readonly PredictedSentence[], s: EvaluateSettings): string {
  if (s.format === 'germeval') return germevalReport(scoreGermEval(isNested(sentences) ? sentences : []));
  const scores = scoreEntities(sentences, spanRule(s));
  if (s.format === 'seqeval') return seqevalTable(scores, s.digits);
  return s.latex ? conllevalLatex(scores) : conllevalReport(scores);
}

function asForeign({ sentences, baseline }: Scored, s: EvaluateSettings): string {
  const own = foreignReport(sentences, s);
  return baseline ? `${own}\nlookup baseline from ${s.train}\n${foreignReport(baseline, s)}` : own;
}

/** Every problem once; an error among them ends the program. */
function report(problems: readonly Problem[]): void {
  const distinct = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
  requireNoErrors(distinct);
  if (distinct.length > 0) process.stderr.write(`${formatProblems(distinct)}\n`);
}

await runCommand(async () => {
  const { values: s, positional, given } = readCommandLine(USAGE, SETTINGS);
  const files = positional.length === 0 && !process.stdin.isTTY ? ['-'] : positional;
  checkSettings(s, given, files);
  const training = s.train === null ? undefined : await readTraining(s.train, s.encoding);
  const inputs = await readInputs(s, files);
  report([...(training ? errorsAmong(training.problems) : []), ...inputs.flatMap(({ problems }) => problems)]);
  const options = { spans: spanRule(s), examples: s.examples, train: s.train };
  const scored = inputs.map(({ name, sentences }): Scored => {
    return { name, sentences, baseline: training && withBaseline(sentences, training.sentences) };
  });
  if (s.format === 'json') {
    const objects = scored.map((one) => ({ file: one.name, scheme: s.scheme, ...summaryJson(one, options) }));
    process.stdout.write(`${JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 2)}\n`);
    return;
  }
  const texts = scored.map((one) => {
    const text = s.format === 'text' ? summaryText(one, options) : asForeign(one, s);
    return scored.length === 1 ? text : `==> ${one.name} <==\n${text}`;
  });
  if (scored.length > 1 && s.format === 'text') texts.push(overviewTable(scored, options));
  process.stdout.write(texts.join('\n'));
});
