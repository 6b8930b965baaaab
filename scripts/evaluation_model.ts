/** What scripts/evaluate.ts scores with --model: labelled sentences, tagged as training's own evaluation tags them. */
import process from 'node:process';
import { makeFeatures } from '../src/data/features.ts';
import { parseLabel } from '../src/data/label_schemes.ts';
import { unknownLabels } from '../src/data/labels.ts';
import { counted, errorsAmong, type Problem } from '../src/data/problems.ts';
import type { Sentence } from '../src/data/sentence.ts';
import { UserError } from '../src/errors.ts';
import type { PredictedSentence } from '../src/evaluation/prediction_file.ts';
import { folderSource } from '../src/formats/folder_node.ts';
import { resolveModelFolder } from '../src/formats/hub_node.ts';
import type { Gpu } from '../src/gpu/device.ts';
import { describeAdapter, openGpu } from '../src/gpu/open_node.ts';
import { tuningOf } from '../src/gpu/tuning_node.ts';
import { loadTagger, type Tagger } from '../src/inference/load.ts';
import { readLabelledFile } from '../src/training/dataset_node.ts';
import { evaluateFeatures } from '../src/training/evaluate.ts';
import { type EvaluationInput, readInput } from './evaluation_input.ts';
import { type EvaluateSettings, prefixesOf, scoresBothLevels } from './evaluation_settings.ts';

/** A labelled file with the lines (or rows) of its words. */
interface LabelledFile {
  name: string;
  sentences: readonly Sentence[];
  lines: readonly (readonly number[])[];
  problems: Problem[];
}

/**
 * Tags files of labelled sentences. Files with errors are not tagged.
 * @throws UserError where the model is no trained token classifier or its labels can't be scored
 */
export async function tagFiles(s: EvaluateSettings, files: readonly string[]): Promise<EvaluationInput[]> {
  const read: LabelledFile[] = [];
  for (const file of files) read.push(await readLabelled(file, s));
  const unscored = read.map(({ name, problems }) => ({ name, sentences: [], problems }));
  if (read.some(({ problems }) => errorsAmong(problems).length > 0)) return unscored;
  let gpu: Gpu | undefined;
  const open = async () => {
    gpu = await openGpu(s.adapter ?? 'auto', { tuning: tuningOf(s, (line) => process.stderr.write(`${line}\n`)) });
    process.stderr.write(`${describeAdapter(gpu)}\n`);
    return gpu;
  };
  try {
    const onWarning = (warning: string) => process.stderr.write(`warning: ${warning}\n`);
    const source = await folderSource(await resolveModelFolder(s.model!));
    const tagger = await loadTagger(open, source, { onWarning });
    requireScorable(tagger.model.config.labels, s);
    const inputs: EvaluationInput[] = [];
    for (const file of read) inputs.push(await tag(tagger, file, s));
    return inputs;
  } finally {
    gpu?.close();
  }
}

async function readLabelled(file: string, s: EvaluateSettings): Promise<LabelledFile> {
  const { encoding, level, gold_column: column } = s;
  const isStream = file === '-';
  const read = await readLabelledFile(isStream ? await readInput(file) : file, { encoding, level, column });
  const { sentences, lines, facts } = read;
  const problems = s.allow_empty ? read.problems.filter(({ kind }) => kind !== 'empty file') : read.problems;
  if (scoresBothLevels(s) && sentences.length > 0 && facts.innerScheme === undefined) {
    const message = 'has no inner level of labels: two levels need files in the form of GermEval';
    problems.push({ severity: 'error', kind: 'no inner level', file: facts.file, message });
  }
  return { name: facts.file, sentences, lines, problems };
}

function requireScorable(labels: readonly string[], s: EvaluateSettings): void {
  const prefixes = `O${prefixesOf(s)}`;
  const odd = labels.filter((label) => !prefixes.includes(parseLabel(label)?.prefix ?? '-'));
  if (odd.length === 0) return;
  throw new UserError(
    `${s.model} gives labels that can't be scored: ${odd.slice(0, 5).join(', ')}${odd.length > 5 ? ' …' : ''}. ` +
      `Expected O, ${[...prefixesOf(s)].map((prefix) => `${prefix}-TYPE`).join(', ')}: names of the labels stand in id2label of its config.json.`,
  );
}

async function tag(tagger: Tagger, file: LabelledFile, s: EvaluateSettings): Promise<EvaluationInput> {
  const { model, tokenizer, classifier, window } = tagger;
  const { name, sentences, lines } = file;
  const words = sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
  process.stderr.write(`${name}: tagging ${counted(sentences.length, 'sentence')}, ${counted(words, 'word')}\n`);
  const { clsId, sepId, unkId } = tokenizer;
  const features = makeFeatures(sentences, (list) => tokenizer.pieces(list), { clsId, sepId, unkId, window });
  const tagged = await evaluateFeatures(classifier, sentences, features);
  const unknown = [...unknownLabels(sentences, model.config.labels)].map(([label, { count, first }]): Problem => {
    const message = `${label}, which occurs ${counted(count, 'time')}, here first, is no label of the model: it can't be found`;
    return { severity: 'warning', kind: 'label that the model lacks', ...first.source!, message };
  });
  if (scoresBothLevels(s)) {
    const other = s.level === 'outer' ? 'inner' : 'outer';
    process.stderr.write(
      `${name}: the model predicts the ${s.level} level; its predictions for the ${other} one are all O\n`,
    );
  }
  return {
    name,
    problems: [...file.problems, ...unknown],
    sentences: sentences.map((sentence, i) => ({
      words: [...sentence.words],
      lines: [...lines[i]!],
      ...levels(sentence, tagged.sentences[i]!.predicted, s),
    })),
  };
}

/** Gold and predicted labels: of the model's level, or of both, where the one that it knows nothing of is all O. */
function levels(
  { labels: gold, inner: other }: Sentence,
  predicted: readonly string[],
  s: EvaluateSettings,
): Pick<PredictedSentence, 'gold' | 'predicted' | 'inner'> {
  const own = { gold, predicted };
  if (!scoresBothLevels(s)) return own;
  const rest = { gold: other!, predicted: predicted.map(() => 'O') };
  return s.level === 'outer' ? { ...own, inner: rest } : { ...rest, inner: own };
}
