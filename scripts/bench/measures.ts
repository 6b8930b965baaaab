/** The benchmarks of whole steps: speed, memory, idle time, growth with the length of sequences. */
import type { Gpu } from '../../src/gpu/device.ts';
import { ActivationPool } from '../../src/gpu/memory.ts';
import { Profiler, type Span } from '../../src/gpu/profiler.ts';
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

/** The spans of steps after the first ones. */
async function profiledSteps(gpu: Gpu, sizes: Sizes, { warmup, steps }: Counts): Promise<Span[]> {
  const profiler = new Profiler(gpu);
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, new ActivationPool(gpu), profiler);
  await timeSteps(trainer, batchMaker(sizes), warmup);
  await profiler.collect();
  profiler.spans.length = 0;
  await timeSteps(trainer, batchMaker(sizes), steps);
  await profiler.collect();
  return profiler.spans;
}

/** Share of the time between a step's first and last dispatch in which the adapter had nothing to do, in percent. */
export async function benchIdle(gpu: Gpu, sizes: Sizes, counts: Counts): Promise<Row> {
  const spans = await profiledSteps(gpu, sizes, counts);
  // A gap of a tenth of a second lies between steps, where a profile is fetched, and not within one.
  let idle = 0;
  for (const [i, span] of spans.entries()) {
    const gap = i === 0 ? 0 : span.begin - spans[i - 1]!.end;
    if (gap > 0 && gap < 1e8) idle += gap;
  }
  return { idle_percent: +((100 * idle) / (idle + duration(spans))).toFixed(2) };
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

/** The same number of tokens a step in sequences of ever more: attention grows with the length, nothing else should. */
export async function benchLengths(gpu: Gpu, sizes: Sizes, counts: Counts): Promise<Row[]> {
  const rows: Row[] = [];
  for (const length of [8, 16, 32, 64, 128, 256, 512].filter((n) => sizes.tokens % n === 0)) {
    const spans = await profiledSteps(gpu, { ...sizes, length }, counts);
    const attention = spans.filter((s) => s.kernel.startsWith('attention'));
    const ns = { all: duration(spans), attention: duration(attention) };
    const flops = (of: readonly Span[]) => of.reduce((sum, s) => sum + s.flops, 0);
    rows.push({
      length,
      tokens_per_second: perSecond(sizes.tokens * counts.steps, ns.all / 1e6),
      attention_percent: +((100 * ns.attention) / ns.all).toFixed(1),
      attention_arithmetic_percent: +((100 * flops(attention)) / flops(spans)).toFixed(1),
      rest_ms_a_step: +((ns.all - ns.attention) / 1e6 / counts.steps).toFixed(2),
    });
  }
  return rows;
}
