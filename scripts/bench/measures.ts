/** The benchmarks of whole steps: speed, memory, idle time, growth with the length of sequences. */
import type { Gpu } from '../../src/gpu/device.ts';
import { ActivationPool } from '../../src/gpu/memory.ts';
import { Profiler, type Span } from '../../src/gpu/profiler.ts';
import type { TrainingSequence } from '../../src/training/trainer.ts';
import { mainThreadMilliseconds } from './main_thread.ts';
import type { Row } from './report.ts';
import {
  batchMaker,
  makeClassifier,
  makeModel,
  makeTrainer,
  median,
  type Sizes,
  timeInference,
  timeSteps,
} from './workload.ts';

export interface Counts {
  /** Steps before the clock starts, in which the driver compiles. */
  warmup: number;
  steps: number;
}

const perSecond = (tokens: number, ms: number): number => Math.round((tokens / ms) * 1000);

/**
 * Training: tokens a second, the first step, and how busy the JavaScript thread is.
 * @param opened milliseconds from the program's start until the adapter was open.
 */
export async function benchSteps(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts, opened: number): Promise<Row> {
  const started = performance.now();
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, new ActivationPool(gpu));
  const [first] = await timeSteps(trainer, batchMaker(sizes), 1);
  const untilFirst = opened + performance.now() - started;
  await timeSteps(trainer, batchMaker(sizes), warmup - 1);
  const [cpu, began] = [mainThreadMilliseconds(), performance.now()];
  const ms = median(await timeSteps(trainer, batchMaker(sizes), steps));
  const busy = cpu === undefined ? undefined : (mainThreadMilliseconds()! - cpu) / (performance.now() - began);
  return {
    train_ms: +ms.toFixed(1),
    train_tokens_per_second: perSecond(sizes.tokens, ms),
    start_to_first_step_ms: +untilFirst.toFixed(1),
    first_step_ms: +first!.toFixed(1),
    ...(busy !== undefined && { javascript_cpu_percent: +(100 * busy).toFixed(1) }),
  };
}

/** Tagging: tokens a second. */
export async function benchInference(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts): Promise<Row> {
  const classifier = await makeClassifier(makeModel(gpu, sizes), sizes.tokens, new ActivationPool(gpu));
  const times = await timeInference(classifier, batchMaker(sizes), warmup + steps);
  const ms = median(times.slice(warmup));
  return { infer_ms: +ms.toFixed(1), infer_tokens_per_second: perSecond(sizes.tokens, ms) };
}

const duration = (spans: readonly Span[]): number => spans.reduce((sum, s) => sum + (s.end - s.begin), 0);

/** A trainer whose every step can be had as its spans; the first steps are behind it. */
async function profiledTrainer(gpu: Gpu, sizes: Sizes, warmup: number) {
  const profiler = new Profiler(gpu);
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, new ActivationPool(gpu), profiler);
  const step = async (batch: () => TrainingSequence[]): Promise<Span[]> => {
    await timeSteps(trainer, batch, 1);
    await profiler.collect();
    return profiler.spans.splice(0);
  };
  for (let i = 0; i < warmup; i++) await step(batchMaker(sizes));
  return step;
}

/** Share of the time from a step's first dispatch to its last in which the adapter had nothing to do, in percent. */
export async function benchIdle(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts): Promise<Row> {
  const step = await profiledTrainer(gpu, sizes, warmup);
  const shares: number[] = [];
  for (let i = 0; i < steps; i++) {
    const spans = await step(batchMaker(sizes));
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
  const trainer = await makeTrainer(model, sizes, pool);
  const announced = gpu.allocatedBytes - before;
  await timeSteps(trainer, batchMaker(sizes), steps);
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
    batch: batchMaker({ ...sizes, length }),
    attention: [] as number[],
    rest: [] as number[],
    arithmetic: 0,
  }));
  const flops = (spans: readonly Span[]) => spans.reduce((sum, s) => sum + s.flops, 0);
  for (let i = 0; i < steps; i++) {
    for (const of of measured) {
      const spans = await step(of.batch);
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
      tokens_per_second: perSecond(sizes.tokens, attention + rest),
      attention_percent: +((100 * attention) / (attention + rest)).toFixed(1),
      attention_arithmetic_percent: +(100 * of.arithmetic).toFixed(1),
      rest_ms_a_step: +rest.toFixed(2),
    };
  });
}
