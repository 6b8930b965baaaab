/** A whole training run, from settings to a model folder. */
import { existsSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import type { AlbertModel } from '../albert/model.ts';
import { placeOf } from '../data/sentence.ts';
import { folderSource } from '../formats/folder_node.ts';
import { resolveModelFolder } from '../formats/hub_node.ts';
import type { Gpu } from '../gpu/device.ts';
import { ActivationPool } from '../gpu/memory.ts';
import { Profiler } from '../gpu/profiler.ts';
import { SequenceClassifier } from '../inference/classifier.ts';
import { loadTokenizer } from '../inference/load.ts';
import { TokenClassificationPipeline } from '../inference/pipeline.ts';
import type { LiveOutput } from '../live_output_node.ts';
import { writeProfile } from '../profile_node.ts';
import { settingsWarnings } from '../tokenizer/settings_warnings.ts';
import { type SplitResult, sizesOf } from './card.ts';
import { loadCheckpoint, readFingerprint, readWeights, saveCheckpoint } from './checkpoint_node.ts';
import { CompileNotice } from './compile_notice.ts';
import { makeWindows, readRunData, SAMPLE_FOLDER } from './data_node.ts';
import { type Evaluation, evaluateFeatures } from './evaluate.ts';
import { type FitHooks, type FitOptions, type FitOutcome, fit, newRunState } from './fit.ts';
import { kernelsOf, useKernelsOf } from './kernels.ts';
import { BatchOrder } from './order.ts';
import { outputFolder, prepareOutput, writeModel, writeResults } from './output_node.ts';
import { baselineWarning, megabytes, RunningProgress } from './progress.ts';
import { fingerprintOf } from './resolve.ts';
import type { TrainingSettings } from './settings.ts';
import { startModel } from './start_node.ts';
import { Trainer, type TrainerOptions } from './trainer.ts';
import { describeData, exampleText, hashOf, lookupScores, type TrainingRun } from './training_run.ts';
import { dropWords } from './word_dropout.ts';

export interface RunResult {
  outcome: FitOutcome;
  outputDir: string;
  dev: Evaluation | undefined;
  test: Evaluation | undefined;
}

/**
 * Runs a training from settings (see resolveSettings).
 * @param open opens the device, once data and settings are known to be sound.
 * @param signal ends the run after the step under way, with a checkpoint.
 * @throws UserError for anything that the person can mend.
 */
export async function runTraining(
  settings: TrainingSettings,
  open: () => Promise<Gpu>,
  out: LiveOutput,
  signal: AbortSignal,
): Promise<RunResult> {
  const { model, tokenizer: tokenizerName, max_seq_length: window } = settings;
  const data = await readRunData(settings);
  for (const note of data.notes) out.print(note);
  const modelFolder = model === null ? null : await resolveModelFolder(model);
  const tokenizerFolder =
    tokenizerName === null
      ? modelFolder
      : await resolveModelFolder(tokenizerName, { tokenizerOnly: true }, '--tokenizer');
  const { tokenizer, spieceModel } = await loadTokenizer(
    await folderSource(tokenizerFolder ?? join(SAMPLE_FOLDER, 'tokenizer')),
  );
  for (const warning of settingsWarnings(tokenizer)) out.print(`warning: ${warning}`);
  const windows = makeWindows(data, tokenizer, window);
  const folder = outputFolder(settings);
  await prepareOutput(settings, folder);

  const gpu = await open();
  const compiling = new CompileNotice((line) => out.progress(line));
  try {
    const run = { settings, folder, modelFolder, data, windows, tokenizer, spieceModel, out };
    return await trainOn(gpu, run, signal, compiling);
  } finally {
    compiling.end();
    gpu.close();
  }
}

async function trainOn(gpu: Gpu, run: TrainingRun, signal: AbortSignal, compiling: CompileNotice): Promise<RunResult> {
  const { settings: s, folder, data, windows, out } = run;
  const model = await startModel(gpu, run);
  const order = new BatchOrder({
    lengths: windows.train.map((f) => f.ids.length),
    batch:
      s.max_tokens_per_batch === null
        ? { sequences: s.per_device_train_batch_size }
        : { tokens: s.max_tokens_per_batch },
    accumulation: s.gradient_accumulation_steps,
    shuffle: s.shuffle,
    seed: s.seed,
  });
  const steps = s.max_steps ?? Math.max(1, Math.round(order.stepsPerEpoch * s.num_train_epochs));
  const profiler = s.profile === null ? undefined : new Profiler(gpu);
  const pool = new ActivationPool(gpu);
  if (s.resume) useKernelsOf(gpu, await readFingerprint(join(folder, 'checkpoint-last')));
  const trainer = await Trainer.create(
    model,
    {
      ...trainerOptions(gpu, run, steps, order.capacity),
      ...(profiler && { profiler }),
      onCompile: compiling.onCompile,
    },
    pool,
  );
  const classifier = await SequenceClassifier.create(model, Math.max(1024, s.max_seq_length), pool);
  const best = join(folder, 'checkpoint-best');
  const last = join(folder, 'checkpoint-last');
  const fingerprint = fingerprintOf(
    { ...s, model: run.modelFolder },
    { labels: data.labels, sequences: windows.train.length, data: hashOf(windows.train), ...kernelsOf(gpu) },
  );
  const state = s.resume ? await loadCheckpoint(last, model, trainer.state, fingerprint) : newRunState();

  for (const line of [...describeData(run), describeModel(model)]) out.print(line);
  out.print(
    `run   ${steps} steps of ${sizeOfStep(s, order)} (${order.stepsPerEpoch} an epoch), ` +
      `learning rate ${s.learning_rate}, seed ${s.seed}; ${megabytes(gpu.allocatedBytes)} on the GPU${s.resume ? `; resumed at step ${trainer.state.step}` : ''}`,
  );
  if (trainer.recomputes) {
    const why = s.recompute === 'on' ? '--recompute on' : 'memory is short';
    out.print(`      each layer runs again in the backward pass, to keep less (${why})`);
  }
  await writeFile(
    join(folder, 'settings.json'),
    `${JSON.stringify({ ...s, recompute: trainer.recomputes ? 'on' : 'off' }, null, 2)}\n`,
  );
  await writeFile(join(folder, 'labels.txt'), `${data.labels.join('\n')}\n`);

  const baselineOf = lookupScores(data);
  const log = new RunLog(join(folder, 'train_log.jsonl'));
  const progress = new RunningProgress(trainer.state.step, steps, order.stepsPerEpoch);
  const devBaseline = percent(baselineOf('dev').micro.f1);
  const hooks: FitHooks = {
    batches: (step) => {
      const batches = order.batches(step).map((batch) => batch.map((i) => windows.train[i]!));
      return dropWords(batches, s.word_dropout, run.tokenizer.unkId, s.seed, step);
    },
    onStep: (result) => {
      compiling.end();
      out.progress(progress.after(result));
    },
    onLog: (entry) => log.add({ ...entry, ...(order.fill !== undefined && { batch_fill: +order.fill.toFixed(4) }) }),
    evaluate: async (step) => {
      const { scores, loss } = await evaluateFeatures(classifier, data.sentences.dev, windows.dev);
      const { f1, precision, recall } = scores.micro;
      log.add({ step, eval_loss: loss, eval_f1: f1, eval_precision: precision, eval_recall: recall });
      out.print(`dev at step ${step}: F1 ${percent(f1)} (lookup baseline ${devBaseline}), loss ${loss.toFixed(4)}`);
      return f1;
    },
    save: async (_, state, isBest) => {
      await log.written();
      if (isBest) await saveCheckpoint(best, model, trainer.state, state, fingerprint);
      await saveCheckpoint(last, model, trainer.state, state, fingerprint);
    },
    describeStep: (step) => describeStep(run, order.batches(step).flat()),
    signal,
  };
  const outcome = await fit(trainer, fitOptions(run, steps, order.stepsPerEpoch), hooks, state);
  await log.written();
  if (profiler) out.print(`\n${await writeProfile(profiler, s.profile!)}`);
  if (outcome === 'interrupted') {
    out.print(`interrupted after step ${trainer.state.step}; the same command with --resume goes on from there`);
    return { outcome, outputDir: folder, dev: undefined, test: undefined };
  }

  if (s.load_best_model_at_end && existsSync(best)) await readWeights(best, model);
  const results: SplitResult[] = [];
  for (const split of ['dev', 'test'] as const) {
    if (data.sentences[split].length === 0) continue;
    const evaluation = await evaluateFeatures(classifier, data.sentences[split], windows[split]);
    const result = { split, baseline: baselineOf(split), ...evaluation };
    results.push(result);
    const table = await writeResults(run, result);
    out.print(`\n${split} set, in percent; baseline: each word its most frequent training label\n${table}`);
    const warning = baselineWarning(result.scores, result.baseline, {
      fromRandom: s.model === null,
      steps,
      firstLoss: progress.firstLoss,
      lastLoss: progress.shownLoss,
      learningRate: s.learning_rate,
    });
    if (warning) out.print(warning);
  }
  await writeModel(run, model, results);
  out.print(
    `saved to ${folder}: README.md, config.json, model.safetensors, tokenizer, results, train_log.jsonl, checkpoints`,
  );
  await showExample(run, model, classifier);
  const of = (split: 'dev' | 'test') => results.find((result) => result.split === split);
  return { outcome, outputDir: folder, dev: of('dev'), test: of('test') };
}

const percent = (fraction: number): string => (100 * fraction).toFixed(2);

function describeModel({ parameterCount, config }: AlbertModel): string {
  return `model ${parameterCount.toLocaleString('en')} parameters (${sizesOf(config)}), ${config.labels.length} labels`;
}

/** Bytes that activations may take: most of what the machine has free where the adapter computes in it; a GPU does not tell. */
function memoryFor(gpu: Gpu): number {
  return gpu.adapter.kind === 'gpu' ? Infinity : 0.8 * freemem();
}

function trainerOptions(gpu: Gpu, { settings: s }: TrainingRun, steps: number, capacity: number): TrainerOptions {
  return {
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
    recompute: s.recompute === 'auto' ? { above: memoryFor(gpu) } : s.recompute === 'on',
    capacity,
  };
}

function fitOptions({ settings: s, data }: TrainingRun, steps: number, stepsPerEpoch: number): FitOptions {
  const scores = data.sentences.dev.length > 0 && s.eval_strategy !== 'no';
  return {
    steps,
    stepsPerEpoch,
    loggingSteps: s.logging_steps,
    evalSteps: !scores ? 0 : s.eval_strategy === 'epoch' ? stepsPerEpoch : s.eval_steps,
    saveSteps: s.save_steps ?? (scores ? 0 : stepsPerEpoch),
    patience: s.early_stopping_patience ?? 0,
  };
}

/** The sentences that training windows come from, for a message. */
const describeStep = ({ data, windows }: TrainingRun, indices: readonly number[]): string =>
  indices
    .map((i) => data.sentences.train[windows.train[i]!.words[0]!.sentence]!)
    .map(({ source, words }) => (source ? placeOf(source) : words.slice(0, 4).join(' ')))
    .join(', ');

/** train_log.jsonl: a JSON object a line. */
class RunLog {
  readonly #file: string;
  #pending: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  add(entry: object): void {
    this.#pending = this.#pending.then(() => appendFile(this.#file, `${JSON.stringify(entry)}\n`));
  }

  /** Resolves once all that was added is on disk. */
  written(): Promise<void> {
    return this.#pending;
  }
}

/** What a step takes, such as "32 sequences". */
function sizeOfStep(s: TrainingSettings, order: BatchOrder): string {
  if (order.fill === undefined) return `${s.per_device_train_batch_size * s.gradient_accumulation_steps} sequences`;
  const full = `${Math.round(100 * order.fill)} % full`;
  return `up to ${(order.capacity * s.gradient_accumulation_steps).toLocaleString('en')} sub-tokens, ${full}`;
}

/** Tags a sentence that the model has not seen. */
async function showExample(run: TrainingRun, model: AlbertModel, classifier: SequenceClassifier): Promise<void> {
  const { settings, tokenizer, out } = run;
  const text = exampleText(run);
  const tagger = new TokenClassificationPipeline(model, tokenizer, classifier, settings.max_seq_length);
  const [entities] = await tagger.answer([text]);
  out.print(`\n${text}`);
  for (const e of entities!) {
    if ('entity_group' in e)
      out.print(`  ${e.entity_group.padEnd(9)} ${e.score.toFixed(3)}  ${e.start}-${e.end}  ${e.word}`);
  }
  if (entities!.length === 0) out.print('  no entity found');
}
