/** Scores files of predictions: entities by type, and how they went wrong, as the field's evaluation programs do. */
import { basename, dirname } from 'node:path';
import process from 'node:process';
import { detectScheme, fromIob2 } from '../src/data/label_schemes.ts';
import { errorsAmong, formatProblem, formatProblems, type Problem, requireNoErrors } from '../src/data/problems.ts';
import type { ReadOptions } from '../src/data/read.ts';
import type { Sentence } from '../src/data/sentence.ts';
import { conllevalLatex, conllevalReport } from '../src/evaluation/conlleval.ts';
import { germevalReport, scoreGermEval } from '../src/evaluation/germeval.ts';
import { trainLookupBaseline } from '../src/evaluation/lookup_baseline.ts';
import { type PredictedSentence, writePredictions } from '../src/evaluation/prediction_file.ts';
import { scoreEntities } from '../src/evaluation/scores.ts';
import { seqevalTable } from '../src/evaluation/seqeval.ts';
import { spansOf, strictSpansOf } from '../src/evaluation/spans.ts';
import { isNested, overviewTable, type Scored, summaryJson, summaryText } from '../src/evaluation/summary.ts';
import { writeFiles } from '../src/formats/folder_node.ts';
import { readCommandLine, runCommand } from './command.ts';
import {
  type EvaluationInput,
  type InputOptions,
  pairFiles,
  parsePredictions,
  readInput,
  readTraining,
} from './evaluation_input.ts';
import { tagFiles } from './evaluation_model.ts';
import {
  checkSettings,
  EVALUATE_SETTINGS,
  EVALUATE_USAGE,
  type EvaluateSettings,
  prefixesOf,
  scoresBothLevels,
} from './evaluation_settings.ts';

const trainingOptions = (s: EvaluateSettings): ReadOptions => ({
  encoding: s.encoding,
  // With two levels the baseline learns both.
  level: scoresBothLevels(s) ? 'outer' : s.level,
});

async function readInputs(s: EvaluateSettings, files: readonly string[]): Promise<EvaluationInput[]> {
  const nested = scoresBothLevels(s);
  const options: InputOptions = {
    encoding: s.encoding,
    delimiter: s.delimiter,
    nested,
    raw: s.raw,
    outside: s.outside,
    prefixes: prefixesOf(s),
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
  return baseline ? `${own}\nlookup baseline from ${s.train_file}\n${foreignReport(baseline, s)}` : own;
}

/** Every problem once; an error among them ends the program. */
function report(problems: readonly Problem[]): void {
  const distinct = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
  requireNoErrors(distinct);
  if (distinct.length > 0) process.stderr.write(`${formatProblems(distinct)}\n`);
}

await runCommand(async () => {
  const { values: s, positional, given } = readCommandLine(EVALUATE_USAGE, EVALUATE_SETTINGS);
  const named = [...s.data, ...positional];
  const files = named.length === 0 && !process.stdin.isTTY && s.model === null ? ['-'] : named;
  checkSettings(s, given, files);
  const training = s.train_file === null ? undefined : await readTraining(s.train_file, trainingOptions(s));
  const inputs = s.model === null ? await readInputs(s, files) : await tagFiles(s, files);
  report([...(training ? errorsAmong(training.problems) : []), ...inputs.flatMap(({ problems }) => problems)]);
  const options = { spans: spanRule(s), examples: s.examples, train: s.train_file };
  const scored = inputs.map(({ name, sentences }): Scored => {
    return { name, sentences, baseline: training && withBaseline(sentences, training.sentences) };
  });
  if (s.output !== null) {
    await writeFiles(dirname(s.output), [
      { name: basename(s.output), content: writePredictions(scored[0]!.sentences) },
    ]);
  }
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
