/**
 * Compares a training run with PyTorch's, step by step: losses, gradient norms and, where a test and a dev file of GermEval
 * 2014 are given, the dev F1 after the last step.
 */

import { join } from 'node:path';
import process from 'node:process';
import { loadModel } from '../src/albert/load.ts';
import { makeFeatures } from '../src/data/features.ts';
import { labelIdsOf } from '../src/data/labels.ts';
import { requireNoErrors } from '../src/data/problems.ts';
import { UsageError } from '../src/errors.ts';
import { folderSource } from '../src/formats/folder_node.ts';
import { readJson } from '../src/formats/json_node.ts';
import { loadModelFolder } from '../src/formats/model_folder.ts';
import { ActivationPool } from '../src/gpu/memory.ts';
import { describeAdapter, openGpu } from '../src/gpu/open_node.ts';
import { SequenceClassifier } from '../src/inference/classifier.ts';
import { loadTokenizer } from '../src/inference/load.ts';
import { liveOutput } from '../src/live_output_node.ts';
import { ADAPTER_SETTINGS } from '../src/settings/adapter.ts';
import { defineSettings } from '../src/settings/settings.ts';
import { findDataset, readFoundDataset } from '../src/training/dataset_node.ts';
import { evaluateFeatures } from '../src/training/evaluate.ts';
import { BatchOrder } from '../src/training/order.ts';
import { progressLine } from '../src/training/progress.ts';
import { Trainer } from '../src/training/trainer.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  reference: {
    type: 'string',
    default: '../shared/reference/training',
    value: 'DIR',
    help: 'folder with init/ and 300-steps.json, 3-epochs.json',
  },
  run: { type: 'string', default: '300-steps', value: 'NAME', help: 'which of the runs' },
  train_file: {
    type: 'string',
    default: '../shared/data/germeval2014/NER-de-test.tsv',
    value: 'FILE',
    help: 'the file that the run was trained on',
  },
  dev_file: {
    type: 'string',
    default: '../shared/data/germeval2014/NER-de-dev.tsv',
    value: 'FILE',
    help: 'the file that it was scored on',
  },
  ...ADAPTER_SETTINGS,
});
const USAGE =
  'Usage: tsx scripts/parity.ts [--run 300-steps|3-epochs]\n\nTrains from the same weights, in the same order, and compares with PyTorch.';

interface ReferenceRun {
  settings: {
    batch_size: number;
    max_length: number;
    learning_rate: number;
    warmup: number;
    weight_decay: number;
    shuffle: boolean;
    seed: number;
  };
  steps: number;
  dev: { f1: number };
  log: { loss: number; grad_norm: number }[];
  tokens_per_second: number;
}

await runCommand(async () => {
  const { values: s, positional } = readCommandLine(USAGE, SETTINGS);
  if (positional.length > 0) throw new UsageError(`unexpected "${positional[0]}".`);
  const run = (await readJson(join(s.reference, `${s.run}.json`))) as ReferenceRun;
  const init = join(s.reference, 'init');
  const source = await folderSource(init);
  const { config, checkpoint, weights } = await loadModelFolder(source);
  const { tokenizer } = await loadTokenizer(source);
  const { splits, problems } = await readFoundDataset(await findDataset({ train: s.train_file, dev: s.dev_file }));
  requireNoErrors(problems.filter((p) => p.severity === 'error'));
  const { clsId, sepId, unkId } = tokenizer;
  const options = { clsId, sepId, unkId, window: run.settings.max_length, labelIds: labelIdsOf(config.labels) };
  const windowsOf = (split: 'train' | 'dev') =>
    makeFeatures(splits[split]!.sentences, (words) => tokenizer.pieces(words), options);
  const train = windowsOf('train');
  const order = new BatchOrder({
    lengths: train.map((f) => f.ids.length),
    batch: { sequences: run.settings.batch_size },
    accumulation: 1,
    shuffle: run.settings.shuffle,
    seed: run.settings.seed,
  });

  const output = liveOutput();
  const gpu = await openGpu(s.adapter ?? 'auto');
  try {
    output.print(describeAdapter(gpu));
    const model = await loadModel(gpu, config, checkpoint);
    weights.close();
    const pool = new ActivationPool(gpu);
    const { learning_rate: learningRate, warmup, weight_decay: weightDecay, seed } = run.settings;
    const schedule = {
      name: 'linear',
      learningRate,
      warmupSteps: Math.floor(run.steps * warmup),
      steps: run.steps,
    } as const;
    const trainer = await Trainer.create(
      model,
      { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1, weightDecay, schedule, seed, capacity: order.capacity },
      pool,
    );
    const losses: number[] = [];
    let [tokens, worst, worstNorm, warm] = [0, 0, 0, 0];
    const began = performance.now();
    for await (const r of trainer.steps((step) =>
      step < run.steps ? order.batches(step).map((b) => b.map((i) => train[i]!)) : undefined,
    )) {
      const want = run.log[r.step]!;
      losses.push(r.loss);
      if (r.step < 50) {
        worst = Math.max(worst, Math.abs(r.loss - want.loss) / want.loss);
        worstNorm = Math.max(worstNorm, Math.abs(r.gradientNorm - want.grad_norm) / want.grad_norm);
      }
      // The first steps wait for the driver's compiler.
      if (r.step === 9) warm = performance.now();
      if (r.step > 9) tokens += r.tokens;
      const seconds = (performance.now() - began) / 1000;
      const tokensPerSecond = tokens / Math.max(1e-3, (performance.now() - warm) / 1000);
      output.progress(
        progressLine({
          step: r.step + 1,
          steps: run.steps,
          epoch: (r.step + 1) / order.stepsPerEpoch,
          loss: r.loss,
          learningRate: r.learningRate,
          tokensPerSecond,
          secondsLeft: (seconds / (r.step + 1)) * (run.steps - r.step - 1),
        }),
      );
    }
    const speed = tokens / ((performance.now() - warm) / 1000);
    const meanOf = (values: readonly number[], end: number) =>
      values.slice(end - 20, end).reduce((a, b) => a + b, 0) / 20;
    const wanted = run.log.map((l) => l.loss);
    let worstMean = 0;
    for (let end = 20; end <= losses.length; end++) {
      worstMean = Math.max(worstMean, Math.abs(meanOf(losses, end) - meanOf(wanted, end)) / meanOf(wanted, end));
    }
    output.print(`steps                              ${losses.length}, from the same weights in the same order`);
    output.print(`first 50 losses, largest difference   ${worst.toExponential(2)} relative (bound 1e-3)`);
    output.print(`first 50 gradient norms               ${worstNorm.toExponential(2)} relative`);
    output.print(`all losses, moving mean of 20         ${(100 * worstMean).toFixed(4)} % (bound 2 % over 300 steps)`);
    output.print(
      `last loss                             ${losses.at(-1)!.toFixed(5)}, PyTorch ${wanted.at(-1)!.toFixed(5)}`,
    );
    const classifier = await SequenceClassifier.create(model, 1024, pool);
    const { scores } = await evaluateFeatures(classifier, splits.dev!.sentences, windowsOf('dev'));
    output.print(
      `dev F1                                ${(100 * scores.micro.f1).toFixed(2)}, PyTorch ${(100 * run.dev.f1).toFixed(2)}`,
    );
    output.print(`speed                                 ${Math.round(speed)} tokens/s`);
    if (s.run === '300-steps' && !(worst <= 1e-3 && worstMean <= 0.02)) process.exitCode = 1;
  } finally {
    gpu.close();
  }
});
