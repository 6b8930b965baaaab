/** A whole training run, from settings to a model folder. */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AlbertModel } from '../albert/model.ts';
import { initialize } from '../albert/parameters.ts';
import { SPLITS, type SplitName } from '../data/dataset.ts';
import type { Feature } from '../data/features.ts';
import { UserError } from '../errors.ts';
import { trainLookupBaseline } from '../evaluation/lookup_baseline.ts';
import { writePredictions } from '../evaluation/prediction_file.ts';
import { scoresToJson, scoreTable } from '../evaluation/report.ts';
import { type EntityScores, scoreEntities } from '../evaluation/scores.ts';
import { ALBERT_DEFAULTS, type AlbertConfig, albertConfigToJson } from '../formats/albert_config.ts';
import { PRESET_SIZES } from '../formats/albert_presets.ts';
import { resolveModelFolder } from '../formats/hub_node.ts';
import { missingParameters, readModelFolder } from '../formats/model_folder_node.ts';
import { toFloat32 } from '../formats/safetensors.ts';
import type { Gpu } from '../gpu/device.ts';
import { ActivationPool } from '../gpu/memory.ts';
import { Profiler, profileTable } from '../gpu/profiler.ts';
import { SequenceClassifier } from '../inference/classifier.ts';
import { loadTokenizer } from '../inference/load_tokenizer_node.ts';
import { TokenClassificationPipeline } from '../inference/pipeline.ts';
import type { LiveOutput } from '../live_output_node.ts';
import { settingsWarnings } from '../tokenizer/settings_warnings.ts';
import type { AlbertTokenizer } from '../tokenizer/tokenizer.ts';
import { tokenizerFiles } from '../tokenizer/tokenizer_files.ts';
import { loadCheckpoint, readWeights, saveCheckpoint, writeWeights } from './checkpoint_node.ts';
import { makeWindows, type RunData, readRunData, SAMPLE_FOLDER } from './data_node.ts';
import { type Evaluation, evaluateFeatures } from './evaluate.ts';
import { type FitOutcome, fit, newRunState } from './fit.ts';
import { BatchOrder, largestBatch } from './order.ts';
import { baselineWarning, megabytes, progressLine } from './progress.ts';
import { fingerprintOf, usesSample } from './resolve.ts';
import type { TrainingSettings } from './settings.ts';
import { Trainer } from './trainer.ts';
import { dropWords } from './word_dropout.ts';

export interface RunResult {
  outcome: FitOutcome;
  outputDir: string;
  dev: Evaluation | undefined;
  test: Evaluation | undefined;
}

/** Files and folders that a run writes; what --overwrite removes. */
const WRITTEN = [
  'config.json',
  'model.safetensors',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'spiece.model',
  'labels.txt',
  'settings.json',
  'train_log.jsonl',
  'eval_results.json',
  'eval_results.txt',
  'test_results.json',
  'test_results.txt',
  'test_predictions.txt',
  'checkpoint-last',
  'checkpoint-last.old',
  'checkpoint-last.writing',
  'checkpoint-best',
  'checkpoint-best.old',
  'checkpoint-best.writing',
];

const outputFolder = (s: TrainingSettings): string => s.output_dir ?? join('runs', s.preset ?? 'model');

/** @throws UserError where the output folder has something in it that this run may not replace. */
async function prepareOutput(s: TrainingSettings, folder: string): Promise<void> {
  const there = await readdir(folder).catch(() => []);
  if (s.resume) return;
  if (there.length > 0 && !s.overwrite) {
    throw new UserError(
      `${folder} is not empty: --resume goes on from its last checkpoint, --overwrite replaces it, --output-dir names another.`,
    );
  }
  for (const name of WRITTEN) await rm(join(folder, name), { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

/** Dropout rates of the settings over those of the model. */
function withDropout(config: AlbertConfig, s: TrainingSettings): AlbertConfig {
  return {
    ...config,
    hidden_dropout_prob: s.hidden_dropout_prob ?? config.hidden_dropout_prob,
    attention_probs_dropout_prob: s.attention_probs_dropout_prob ?? config.attention_probs_dropout_prob,
    classifier_dropout_prob: s.classifier_dropout_prob ?? config.classifier_dropout_prob,
  };
}

async function makeModel(
  gpu: Gpu,
  s: TrainingSettings,
  labels: readonly string[],
  vocabulary: number,
  out: LiveOutput,
): Promise<AlbertModel> {
  if (s.model === null) {
    const config = { ...ALBERT_DEFAULTS, ...PRESET_SIZES[s.size], vocab_size: vocabulary, labels: [...labels] };
    return AlbertModel.random(gpu, withDropout(config, s), s.seed);
  }
  const folder = await readModelFolder(s.model);
  const config = withDropout({ ...folder.config, labels: [...labels] }, s);
  const faults = missingParameters(config, folder.weights);
  // Labels in another order would make the stored classifier's rows mean something else.
  const keepsClassifier = folder.config.labels.join('\n') === labels.join('\n');
  const serious = faults.filter((fault) => !fault.startsWith('classifier.'));
  if (serious.length > 0) throw new UserError(`${s.model} does not hold this model: ${serious.join('; ')}.`);
  if (vocabulary > config.vocab_size) {
    throw new UserError(
      `the tokenizer has ${vocabulary} pieces, ${s.model} has ${config.vocab_size}: they do not belong together.`,
    );
  }
  const model = new AlbertModel(gpu, config);
  const fresh = keepsClassifier && faults.length === 0 ? [] : ['classifier.weight', 'classifier.bias'];
  for (const name of model.parameters.layout.slots.keys()) {
    if (!fresh.includes(name)) model.parameters.write(name, toFloat32(folder.weights.get(name)!));
  }
  if (fresh.length > 0) {
    initialize(model.parameters, config, s.seed, fresh);
    out.print(`new classifier for ${labels.length} labels; the rest from ${s.model}`);
  }
  return model;
}

/** A number that changes with any id or label of the training windows (FNV-1a). */
function hashOf(features: readonly Feature[]): number {
  let hash = 0x811c9dc5;
  for (const { ids, labels } of features) {
    for (const value of ids) hash = Math.imul(hash ^ value, 0x01000193);
    for (const value of labels) hash = Math.imul(hash ^ value, 0x01000193);
  }
  return hash >>> 0;
}

function describeData(data: RunData, windows: Record<SplitName, Feature[]>): string[] {
  return SPLITS.filter((split) => data.sentences[split].length > 0).map((split) => {
    const sentences = data.sentences[split];
    const words = sentences.reduce((n, s) => n + s.words.length, 0);
    const pieces = windows[split].reduce((n, f) => n + f.ids.length, 0);
    return `${split.padEnd(6)}${sentences.length} sentences, ${words} words, ${pieces} sub-tokens in ${windows[split].length} windows`;
  });
}

/**
 * Runs a training from settings (see resolveSettings).
 * @param open opens the device, once data and settings are known to be sound.
 * @param signal ends the run after the step under way, with a checkpoint.
 * @throws UserError for anything that the person can mend.
 */
export async function runTraining(
  s: TrainingSettings,
  open: () => Promise<Gpu>,
  out: LiveOutput,
  signal: AbortSignal,
): Promise<RunResult> {
  const folder = outputFolder(s);
  const data = await readRunData(s);
  for (const note of data.notes) out.print(note);
  const modelFolder = s.model === null ? null : await resolveModelFolder(s.model);
  const tokenizerFolder =
    s.tokenizer === null ? modelFolder : await resolveModelFolder(s.tokenizer, { tokenizerOnly: true }, '--tokenizer');
  const { tokenizer, spieceModel } = await loadTokenizer(tokenizerFolder ?? join(SAMPLE_FOLDER, 'tokenizer'));
  for (const warning of settingsWarnings(tokenizer)) out.print(`warning: ${warning}`);
  const windows = makeWindows(data, tokenizer, s.max_seq_length);
  await prepareOutput(s, folder);

  const gpu = await open();
  try {
    return await trainOn(gpu, { ...s, model: modelFolder }, folder, data, windows, tokenizer, spieceModel, out, signal);
  } finally {
    gpu.close();
  }
}

async function trainOn(
  gpu: Gpu,
  s: TrainingSettings,
  folder: string,
  data: RunData,
  windows: Record<SplitName, Feature[]>,
  tokenizer: AlbertTokenizer,
  spieceModel: Uint8Array | undefined,
  out: LiveOutput,
  signal: AbortSignal,
): Promise<RunResult> {
  const model = await makeModel(gpu, s, data.labels, tokenizer.vocabSize, out);
  const order = new BatchOrder({
    count: windows.train.length,
    batchSize: s.per_device_train_batch_size,
    accumulation: s.gradient_accumulation_steps,
    shuffle: s.shuffle,
    seed: s.seed,
  });
  const steps = s.max_steps ?? Math.max(1, Math.round(order.stepsPerEpoch * s.num_train_epochs));
  const capacity = largestBatch(
    windows.train.map((f) => f.ids.length),
    s.per_device_train_batch_size,
  );
  const profiler = s.profile === null ? undefined : new Profiler(gpu);
  const pool = new ActivationPool(gpu);
  const trainer = await Trainer.create(
    model,
    {
      beta1: s.adam_beta1,
      beta2: s.adam_beta2,
      epsilon: s.adam_epsilon,
      maxNorm: s.max_grad_norm,
      weightDecay: s.weight_decay,
      schedule: {
        name: s.lr_scheduler_type,
        learningRate: s.learning_rate,
        warmupSteps: s.warmup_steps ?? Math.floor(steps * s.warmup_ratio),
        steps,
      },
      seed: s.seed,
      capacity,
      ...(profiler && { profiler }),
    },
    pool,
  );
  const classifier = await SequenceClassifier.create(model, Math.max(1024, s.max_seq_length), pool);
  const last = join(folder, 'checkpoint-last');
  const best = join(folder, 'checkpoint-best');
  const fingerprint = fingerprintOf(s, {
    labels: data.labels,
    sequences: windows.train.length,
    data: hashOf(windows.train),
  });
  const state = s.resume ? await loadCheckpoint(last, model, trainer.state, fingerprint) : newRunState();

  for (const line of describeData(data, windows)) out.print(line);
  const { embedding_size: E, hidden_size: H, num_hidden_layers: L, num_attention_heads: A } = model.config;
  out.print(
    `model ${model.parameterCount.toLocaleString('en')} parameters (E ${E}, H ${H}, ${L} layers, ${A} heads), ${data.labels.length} labels`,
  );
  out.print(
    `run   ${steps} steps of ${s.per_device_train_batch_size * s.gradient_accumulation_steps} sequences (${order.stepsPerEpoch} an epoch), ` +
      `learning rate ${s.learning_rate}, seed ${s.seed}; ${megabytes(gpu.allocatedBytes)} on the GPU${s.resume ? `; resumed at step ${trainer.state.step}` : ''}`,
  );
  await writeFile(join(folder, 'settings.json'), `${JSON.stringify(s, null, 2)}\n`);
  await writeFile(join(folder, 'labels.txt'), `${data.labels.join('\n')}\n`);

  const predict = trainLookupBaseline(data.sentences.train);
  const baselineOf = (split: SplitName): EntityScores =>
    scoreEntities(data.sentences[split].map(({ words, labels }) => ({ gold: labels, predicted: predict(words) })));
  const devBaseline = baselineOf('dev');
  const hasDev = data.sentences.dev.length > 0;
  const log = (entry: object) => appendFile(join(folder, 'train_log.jsonl'), `${JSON.stringify(entry)}\n`);
  const losses = { first: Number.NaN, last: Number.NaN };
  const began = performance.now();
  const startStep = trainer.state.step;
  let [seenTokens, shownLoss, pending] = [0, Number.NaN, Promise.resolve()];

  const outcome = await fit(
    trainer,
    {
      steps,
      stepsPerEpoch: order.stepsPerEpoch,
      loggingSteps: s.logging_steps,
      evalSteps:
        !hasDev || s.eval_strategy === 'no' ? 0 : s.eval_strategy === 'epoch' ? order.stepsPerEpoch : s.eval_steps,
      saveSteps: s.save_steps ?? (hasDev && s.eval_strategy !== 'no' ? 0 : order.stepsPerEpoch),
      patience: s.early_stopping_patience ?? 0,
    },
    {
      batches: (step) => {
        const batches = order.batches(step).map((batch) => batch.map((i) => windows.train[i]!));
        return dropWords(batches, s.word_dropout, tokenizer.unkId, s.seed, step);
      },
      onStep: ({ step, loss, learningRate, tokens }) => {
        seenTokens += tokens;
        shownLoss = Number.isNaN(shownLoss) ? loss : 0.9 * shownLoss + 0.1 * loss;
        if (Number.isNaN(losses.first)) losses.first = loss;
        losses.last = shownLoss;
        const seconds = (performance.now() - began) / 1000;
        const done = step + 1;
        out.progress(
          progressLine({
            step: done,
            steps,
            epoch: done / order.stepsPerEpoch,
            loss: shownLoss,
            learningRate,
            tokensPerSecond: seenTokens / seconds,
            secondsLeft: (seconds / (done - startStep)) * (steps - done),
          }),
        );
      },
      onLog: (entry) => {
        pending = pending.then(() => log(entry));
      },
      evaluate: async (step) => {
        const { scores, loss } = await evaluateFeatures(classifier, data.sentences.dev, windows.dev);
        pending = pending.then(() =>
          log({
            step,
            eval_loss: loss,
            eval_f1: scores.micro.f1,
            eval_precision: scores.micro.precision,
            eval_recall: scores.micro.recall,
          }),
        );
        out.print(
          `dev at step ${step}: F1 ${(100 * scores.micro.f1).toFixed(2)} (lookup baseline ${(100 * devBaseline.micro.f1).toFixed(2)}), loss ${loss.toFixed(4)}`,
        );
        return scores.micro.f1;
      },
      save: async (_, run, isBest) => {
        await pending;
        if (isBest) await saveCheckpoint(best, model, trainer.state, run, fingerprint);
        await saveCheckpoint(last, model, trainer.state, run, fingerprint);
      },
      describeStep: (step) =>
        order
          .batches(step)
          .flat()
          .map((i) => data.sentences.train[windows.train[i]!.words[0]!.sentence]!)
          .map(({ source, words }) => (source ? `${source.file}:${source.line}` : words.slice(0, 4).join(' ')))
          .join(', '),
      signal,
    },
    state,
  );
  await pending;
  if (profiler) await writeProfile(profiler, s.profile!, out);
  if (outcome === 'interrupted') {
    out.print(`interrupted after step ${trainer.state.step}; the same command with --resume goes on from there`);
    return { outcome, outputDir: folder, dev: undefined, test: undefined };
  }

  if (s.load_best_model_at_end && existsSync(best)) await readWeights(best, model);
  const results: Partial<Record<SplitName, Evaluation>> = {};
  for (const [split, prefix] of [
    ['dev', 'eval'],
    ['test', 'test'],
  ] as const) {
    if (data.sentences[split].length === 0) continue;
    const result = await evaluateFeatures(classifier, data.sentences[split], windows[split]);
    const baseline = baselineOf(split);
    results[split] = result;
    const table = scoreTable(result.scores, baseline);
    out.print(`\n${split} set, in percent; baseline: each word its most frequent training label\n${table}`);
    const json = { loss: result.loss, ...scoresToJson(result.scores), lookup_baseline: scoresToJson(baseline) };
    await writeFile(join(folder, `${prefix}_results.json`), `${JSON.stringify(json, null, 2)}\n`);
    await writeFile(join(folder, `${prefix}_results.txt`), table);
    const warning = baselineWarning(result.scores, baseline, {
      fromRandom: s.model === null,
      steps,
      firstLoss: losses.first,
      lastLoss: losses.last,
      learningRate: s.learning_rate,
    });
    if (warning) out.print(warning);
  }
  if (results.test) {
    const predicted = results.test.sentences.map((labelled, i) => ({
      words: data.sentences.test[i]!.words,
      ...labelled,
    }));
    await writeFile(join(folder, 'test_predictions.txt'), writePredictions(predicted));
  }
  await writeWeights(folder, model);
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(albertConfigToJson(model.config), null, 2)}\n`);
  const files = tokenizerFiles(tokenizer, { modelMaxLength: s.max_seq_length, ...(spieceModel && { spieceModel }) });
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  out.print(`saved to ${folder}: config.json, model.safetensors, tokenizer, results, train_log.jsonl, checkpoints`);

  const text = exampleText(s, data);
  const tagger = new TokenClassificationPipeline(model, tokenizer, classifier, s.max_seq_length);
  const [entities] = await tagger.answer([text]);
  out.print(`\n${text}`);
  for (const e of entities!) {
    if ('entity_group' in e)
      out.print(`  ${e.entity_group.padEnd(9)} ${e.score.toFixed(3)}  ${e.start}-${e.end}  ${e.word}`);
  }
  if (entities!.length === 0) out.print('  no entity found');
  return { outcome, outputDir: folder, dev: results.dev, test: results.test };
}

/** A sentence that the model has not seen: the German pipeline's own for the sample, else one of the test or dev set. */
function exampleText(s: TrainingSettings, data: RunData): string {
  const [unseen] = [...data.sentences.test, ...data.sentences.dev].filter(({ labels }) =>
    labels.some((l) => l !== 'O'),
  );
  if (usesSample(s) || !unseen) return 'Berlin ist die Hauptstadt von Deutschland';
  return unseen.words.join(' ');
}

async function writeProfile(profiler: Profiler, file: string, out: LiveOutput): Promise<void> {
  await profiler.collect();
  await writeFile(file, JSON.stringify(profiler.trace()));
  out.print(`\n${profileTable(profiler.summary())}`);
  out.print(`trace for Perfetto or chrome://tracing: ${file}`);
}

/** A config file's object. */
export async function readConfigFile(file: string): Promise<{ object: unknown; where: string }> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`${file} can't be read: ${error instanceof Error ? error.message : error}.`);
  });
  try {
    return { object: JSON.parse(text), where: file };
  } catch (error) {
    throw new UserError(`${file} is not JSON: ${error instanceof Error ? error.message : error}.`);
  }
}
