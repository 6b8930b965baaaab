/** The benchmarks of whole steps: speed, memory, idle time, growth with the length of sequences. */
import type { Gpu } from '../../src/gpu/device.ts';
import { ActivationPool } from '../../src/gpu/memory.ts';
import { Profiler, type Span } from '../../src/gpu/profiler.ts';
import { UPDATE_OF_ROWS } from '../../src/kernels/adamw_rows.ts';
import type { TrainingSequence } from '../../src/training/trainer.ts';
import { mainThreadMilliseconds } from './main_thread.ts';
import type { Row } from './report.ts';
import {
  type Batches,
  batchesOf,
  type ModelSizes,
  makeClassifier,
  makeModel,
  makeTrainer,
  median,
  randomBatches,
  type Sizes,
  type TimedStep,
  timeInference,
  timeSteps,
  tokensPerSecond,
} from './workload.ts';

export interface Counts {
  /** Steps before the clock starts, in which the driver compiles. */
  warmup: number;
  steps: number;
}

/** The figures of steps that count: their median time, the sub-tokens of all, and sub-tokens a second. */
const speedOf = (timed: readonly TimedStep[]) => ({
  ms: +median(timed.map(({ ms }) => ms)).toFixed(1),
  tokens: timed.reduce((sum, { tokens }) => sum + tokens, 0),
  perSecond: Math.round(tokensPerSecond(timed)),
});

/**
 * Training: tokens a second, the first step, and how busy the JavaScript thread is.
 * @param opened milliseconds from the program's start until the adapter was open.
 */
export async function benchSteps(
  gpu: Gpu,
  sizes: ModelSizes,
  batches: Batches,
  { warmup, steps }: Counts,
  opened: number,
): Promise<Row> {
  const started = performance.now();
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, batches.capacity, new ActivationPool(gpu));
  const [first] = await timeSteps(trainer, batchesOf(batches, 0, 1));
  const untilFirst = opened + performance.now() - started;
  await timeSteps(trainer, batchesOf(batches, 1, warmup - 1));
  const counted = batchesOf(batches, warmup, steps);
  const [cpu, began] = [mainThreadMilliseconds(), performance.now()];
  const { ms, tokens, perSecond } = speedOf(await timeSteps(trainer, counted));
  const busy = cpu === undefined ? undefined : (mainThreadMilliseconds()! - cpu) / (performance.now() - began);
  return {
    train_ms: ms,
    train_tokens: tokens,
    train_tokens_per_second: perSecond,
    start_to_first_step_ms: +untilFirst.toFixed(1),
    first_step_ms: +first!.ms.toFixed(1),
    ...(busy !== undefined && { javascript_cpu_percent: +(100 * busy).toFixed(1) }),
  };
}

/** Tagging: tokens a second. */
export async function benchInference(
  gpu: Gpu,
  sizes: ModelSizes,
  batches: Batches,
  { warmup, steps }: Counts,
): Promise<Row> {
  const classifier = await makeClassifier(makeModel(gpu, sizes), batches.capacity, new ActivationPool(gpu));
  const timed = await timeInference(classifier, batchesOf(batches, 0, warmup + steps));
  const { ms, tokens, perSecond } = speedOf(timed.slice(warmup));
  return { infer_ms: ms, infer_tokens: tokens, infer_tokens_per_second: perSecond };
}

const duration = (spans: readonly Span[]): number => spans.reduce((sum, s) => sum + (s.end - s.begin), 0);

/**
 * A trainer whose every step can be had as its spans; the first steps are behind it. What moves all word embeddings on when steps end,
 * once in many of them, is left out.
 */
export async function profiledTrainer(gpu: Gpu, sizes: Sizes, warmup: number) {
  const profiler = new Profiler(gpu);
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, sizes.tokens, new ActivationPool(gpu), profiler);
  const step = async (batch: TrainingSequence[]): Promise<Span[]> => {
    await timeSteps(trainer, [batch]);
    await profiler.collect();
    const spans = profiler.spans.splice(0);
    const end = spans.findLastIndex(({ kernel, label }) => kernel !== 'adamw_rows' || label === UPDATE_OF_ROWS);
    return spans.slice(0, end + 1);
  };
  for (const batch of batchesOf(randomBatches(sizes), 0, warmup)) await step(batch);
  return step;
}

/** Share of the time from a step's first dispatch to its last in which the adapter had nothing to do, in percent. */
export async function benchIdle(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts): Promise<Row> {
  const step = await profiledTrainer(gpu, sizes, warmup);
  const shares: number[] = [];
  for (const batch of batchesOf(randomBatches(sizes), warmup, steps)) {
    const spans = await step(batch);
    shares.push(1 - duration(spans) / (spans.at(-1)!.end - spans[0]!.begin));
  }
  return { idle_percent: +(100 * Math.max(0, median(shares))).toFixed(2) };
}

/** Memory as announced before a run's first step and as it is after some. */
export async function benchMemory(gpu: Gpu, sizes: Sizes, { steps }: Counts): Promise<Row> {
  const before = gpu.allocatedBytes;
  const pool = new ActivationPool(gpu);
  const model = makeModel(gpu, sizes);
  const parameters = gpu.allocatedBytes - before;
  const trainer = await makeTrainer(model, sizes, sizes.tokens, pool);
  const announced = gpu.allocatedBytes - before;
  await timeSteps(trainer, batchesOf(randomBatches(sizes), 0, steps));
  return {
    parameters_megabytes: +(parameters / 1e6).toFixed(1),
    activations_megabytes: +(pool.bytes / 1e6).toFixed(1),
    announced_megabytes: +(announced / 1e6).toFixed(1),
    after_steps_megabytes: +((gpu.allocatedBytes - before) / 1e6).toFixed(1),
  };
}

/**
 * The same number of tokens a step in sequences of ever more: attention grows with the length, nothing else should. The
 * lengths take turns, so that other work on the machine falls on all alike.
 */
export async function benchLengths(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts): Promise<Row[]> {
  const lengths = [8, 16, 32, 64, 128, 256, 512].filter((n) => sizes.tokens % n === 0);
  const step = await profiledTrainer(gpu, sizes, warmup);
  const measured = lengths.map((length) => ({
    length,
    batches: randomBatches({ ...sizes, length }),
    attention: [] as number[],
    rest: [] as number[],
    arithmetic: 0,
  }));
  const flops = (spans: readonly Span[]) => spans.reduce((sum, s) => sum + s.flops, 0);
  for (let i = 0; i < steps; i++) {
    for (const of of measured) {
      const spans = await step(of.batches.at(i));
      const attention = spans.filter((s) => s.kernel.startsWith('attention'));
      of.attention.push(duration(attention) / 1e6);
      of.rest.push((duration(spans) - duration(attention)) / 1e6);
      of.arithmetic = flops(attention) / flops(spans);
    }
  }
  return measured.map((of) => {
    const [attention, rest] = [median(of.attention), median(of.rest)];
    return {
      length: of.length,
      tokens_per_second: Math.round((1000 * sizes.tokens) / (attention + rest)),
      attention_percent: +((100 * attention) / (attention + rest)).toFixed(1),
      attention_arithmetic_percent: +(100 * of.arithmetic).toFixed(1),
      rest_ms_a_step: +rest.toFixed(2),
    };
  });
}
