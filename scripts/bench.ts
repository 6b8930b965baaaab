/** Times training steps and inference of a model of random weights, and says how much memory they take. */
import process from 'node:process';
import { AlbertModel } from '../src/albert/model.ts';
import { UsageError } from '../src/errors.ts';
import { ALBERT_DEFAULTS } from '../src/formats/albert_config.ts';
import { PRESET_SIZES } from '../src/formats/albert_presets.ts';
import { ActivationPool } from '../src/gpu/memory.ts';
import { openGpu } from '../src/gpu/open_node.ts';
import { Profiler, profileTable } from '../src/gpu/profiler.ts';
import { SequenceClassifier } from '../src/inference/classifier.ts';
import { Random } from '../src/random.ts';
import { ADAPTER_SETTINGS } from '../src/settings/adapter.ts';
import { defineSettings } from '../src/settings/settings.ts';
import { Trainer } from '../src/training/trainer.ts';
import { readCommandLine, runCommand } from './command.ts';

const SETTINGS = defineSettings({
  size: { type: 'choice', choices: ['tiny', 'small', 'base', 'large'], default: 'small', help: 'sizes of the model' },
  tokens: { type: 'integer', default: 2048, min: 8, help: 'sub-tokens in a batch' },
  length: { type: 'integer', default: 32, min: 1, max: 512, help: 'sub-tokens in a sequence' },
  vocabulary: { type: 'integer', default: 30000, min: 10, help: 'pieces' },
  labels: { type: 'integer', default: 25, min: 2, help: 'labels' },
  warmup: {
    type: 'integer',
    default: 3,
    min: 1,
    help: "steps before the clock starts: the driver's compiler runs in them",
  },
  steps: { type: 'integer', default: 7, min: 1, help: 'steps that count; the median is given' },
  train: { type: 'boolean', default: true, help: 'time training steps' },
  infer: { type: 'boolean', default: true, help: 'time inference' },
  json: { type: 'boolean', default: false, help: 'one line of JSON' },
  profile: { type: 'boolean', default: false, help: 'time by kernel, of the training steps, which it slows' },
  ...ADAPTER_SETTINGS,
});
const USAGE =
  'Usage: tsx scripts/bench.ts [--size small] [--tokens 2048] [--length 32]\n\nTokens a second, medians; sequences of random ids, all of one length.';

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

await runCommand(async () => {
  const { values: s, positional } = readCommandLine(USAGE, SETTINGS);
  if (positional.length > 0) throw new UsageError(`unexpected "${positional[0]}".`);
  if (s.tokens % s.length !== 0)
    throw new UsageError(`--tokens ${s.tokens} must be a multiple of --length ${s.length}.`);
  const gpu = await openGpu(s.adapter ?? 'auto');
  try {
    const labels = Array.from({ length: s.labels }, (_, i) => `LABEL_${i}`);
    const config = { ...ALBERT_DEFAULTS, ...PRESET_SIZES[s.size ?? 'small'], vocab_size: s.vocabulary, labels };
    const model = AlbertModel.random(gpu, { ...config, classifier_dropout_prob: 0 }, 1);
    const random = new Random(1);
    const batch = () =>
      Array.from({ length: s.tokens / s.length }, () => ({
        ids: Int32Array.from({ length: s.length }, () => 5 + random.below(s.vocabulary - 5)),
        labels: Int32Array.from({ length: s.length }, () => random.below(s.labels)),
      }));
    const pool = new ActivationPool(gpu);
    const result: Record<string, unknown> = {
      adapter: gpu.adapter.name,
      size: s.size,
      tokens: s.tokens,
      length: s.length,
    };
    const profiler = s.profile ? new Profiler(gpu) : undefined;

    if (s.train) {
      const schedule = { name: 'constant', learningRate: 1e-3, warmupSteps: 0, steps: 1e9 } as const;
      const options = {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        maxNorm: 1,
        weightDecay: 0.01,
        schedule,
        seed: 1,
        capacity: s.tokens,
      };
      const trainer = await Trainer.create(model, { ...options, ...(profiler && { profiler }) }, pool);
      const times: number[] = [];
      let last = performance.now();
      for await (const _ of trainer.steps((step) => (step < s.warmup + s.steps ? [batch()] : undefined))) {
        times.push(performance.now() - last);
        last = performance.now();
      }
      const ms = median(times.slice(s.warmup));
      Object.assign(result, { train_ms: +ms.toFixed(1), train_tokens_per_second: Math.round((s.tokens / ms) * 1000) });
    }
    if (s.infer) {
      const classifier = await SequenceClassifier.create(model, s.tokens, pool);
      const times: number[] = [];
      for (let i = 0; i < s.warmup + s.steps; i++) {
        const sequences = batch();
        const began = performance.now();
        for await (const _ of classifier.classify(sequences));
        times.push(performance.now() - began);
      }
      const ms = median(times.slice(s.warmup));
      Object.assign(result, { infer_ms: +ms.toFixed(1), infer_tokens_per_second: Math.round((s.tokens / ms) * 1000) });
    }
    result.gpu_megabytes = +(gpu.allocatedBytes / 1e6).toFixed(1);
    if (s.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(26)}${value}\n`);
    if (profiler) {
      await profiler.collect();
      process.stdout.write(`\n${profileTable(profiler.summary())}`);
    }
  } finally {
    gpu.close();
  }
});
