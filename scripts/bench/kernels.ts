/** Every operator of a training step at a model's shapes, its variants side by side, against the adapter's measured peaks. */

import type { BuiltPlan } from '../../src/gpu/built_plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { ActivationPool, createTensor } from '../../src/gpu/memory.ts';
import { measurePeaks } from '../../src/gpu/peaks.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { Profiler, type Span } from '../../src/gpu/profiler.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import {
  type AttentionVariant,
  attentionBackward,
  attentionForward,
  attentionVariants,
} from '../../src/kernels/attention.ts';
import { BatchBuffers, packSequences } from '../../src/kernels/batch.ts';
import { linearForward, linearGradInput, linearGradParameters, linearVariants } from '../../src/kernels/linear.ts';
import type { Row } from './report.ts';
import { batchMaker, configOf, makeModel, makeTrainer, median, type Sizes, timeSteps } from './workload.ts';

/** One operator in one variant, recorded. */
interface Candidate {
  operator: string;
  shape: string;
  variant: string;
  plan: BuiltPlan;
  /** The first commands of the plan that count. */
  commands: number;
}

/** How long a measurement should take, so that a timer's and a queue's latency do not matter. */
const MILLISECONDS = 40;

async function milliseconds(gpu: Gpu, { plan, commands }: Candidate, times: number): Promise<number> {
  const encoder = gpu.device.createCommandEncoder();
  for (let i = 0; i < times; i++) plan.encode(encoder, 0, commands);
  const began = performance.now();
  gpu.device.queue.submit([encoder.finish()]);
  await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
  return (performance.now() - began) / times;
}

/** Medians of `rounds`, in each of which every candidate runs once: other work on the machine falls on all alike. */
async function race(gpu: Gpu, candidates: readonly Candidate[], rounds: number): Promise<number[]> {
  const repeats: number[] = [];
  for (const candidate of candidates) {
    await milliseconds(gpu, candidate, 1); // the driver compiles
    repeats.push(Math.max(1, Math.round(MILLISECONDS / (await milliseconds(gpu, candidate, 1)))));
  }
  const times = candidates.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      times[i]!.push(await milliseconds(gpu, candidate, repeats[i]!));
    }
  }
  return times.map(median);
}

async function linearCandidates(gpu: Gpu, batch: BatchBuffers, T: number, name: string, IN: number, OUT: number) {
  const make = (label: string, ...shape: number[]): Tensor => createTensor(gpu, label, shape);
  const [x, weight, bias, out] = [make('x', T, IN), make('weight', OUT, IN), make('bias', OUT), make('out', T, OUT)];
  const [gradOut, gradX] = [make('grad out', T, OUT), make('grad x', T, IN)];
  const [gradWeight, gradBias] = [make('grad weight', OUT, IN), make('grad bias', OUT)];
  const operators: [string, (plan: Plan) => void][] = [
    ['forward', (plan) => linearForward(plan, batch, { x, weight, bias, out }, name)],
    ['gradient of x', (plan) => linearGradInput(plan, batch, { gradOut, weight, gradX }, name)],
    ['gradient of weight', (plan) => linearGradParameters(plan, batch, { gradOut, x, gradWeight, gradBias }, name)],
  ];
  const groups: Candidate[][] = [];
  for (const [direction, record] of operators) {
    const group: Candidate[] = [];
    for (const variant of linearVariants(new Plan(gpu))) {
      const plan = new Plan(gpu);
      plan.linearVariant = variant;
      record(plan);
      const built = await plan.build();
      const sums = built.operations.filter(({ kernel }) => kernel.startsWith('column_sum')).length;
      const shape = `${T} × ${IN} × ${OUT}`;
      group.push({ operator: `${name} ${direction}`, shape, variant, plan: built, commands: built.length - sums });
    }
    groups.push(group);
  }
  return groups;
}

async function attentionCandidates(gpu: Gpu, batch: BatchBuffers, T: number, hidden: number, heads: number) {
  const make = (label: string, width: number): Tensor => createTensor(gpu, label, [T, width]);
  const t = {
    qkv: make('qkv', 3 * hidden),
    out: make('out', hidden),
    logSum: make('log sum', heads),
    gradOut: make('grad out', hidden),
    gradQkv: make('grad qkv', 3 * hidden),
  };
  const options = { heads, dropout: 0, site: 0 };
  const build = async (direction: string, variant: AttentionVariant, record: typeof attentionForward) => {
    const plan = new Plan(gpu);
    plan.attentionVariant = variant;
    record(plan, batch, t, options, 'attention');
    const built = await plan.build();
    const shape = `${T} × ${heads} heads of ${hidden / heads}`;
    return { operator: `attention ${direction}`, shape, variant, plan: built, commands: built.length };
  };
  const variants = attentionVariants(new Plan(gpu));
  const backward: typeof attentionForward = (plan, batch, tensors, options, label) =>
    attentionBackward(plan, batch, { ...t, ...tensors }, options, label);
  return [
    await Promise.all(variants.map((variant) => build('forward', variant, attentionForward))),
    await Promise.all(variants.map((variant) => build('backward', variant, backward))),
  ];
}

/** Kernels that have no variants, out of the profile of whole steps. */
async function otherKernels(gpu: Gpu, sizes: Sizes, steps: number): Promise<Map<string, Span[]>> {
  const found = new Map<string, Span[]>();
  if (!gpu.has('timestamp-query')) return found;
  const profiler = new Profiler(gpu);
  const trainer = await makeTrainer(makeModel(gpu, sizes), sizes, new ActivationPool(gpu), profiler);
  await timeSteps(trainer, batchMaker(sizes), 1); // the driver compiles
  await profiler.collect();
  profiler.spans.length = 0;
  await timeSteps(trainer, batchMaker(sizes), steps);
  await profiler.collect();
  for (const span of profiler.spans) {
    if (/^(linear|attention|clear|copy)/.test(span.kernel)) continue;
    found.set(span.kernel, [...(found.get(span.kernel) ?? []), span]);
  }
  return found;
}

/** @returns a row for each operator and variant; '%' columns are parts of the peaks, which stand in the first rows. */
export async function benchKernels(gpu: Gpu, sizes: Sizes, rounds: number): Promise<Row[]> {
  const peaks = await measurePeaks(gpu);
  const rows: Row[] = [];
  const add = (operator: string, variant: string, shape: string, ms: number, flops: number, bytes: number) => {
    const [gflops, gigabytes] = [flops / ms / 1e6, bytes / ms / 1e6];
    rows.push({
      operator,
      variant,
      shape,
      ms,
      'GFLOP/s': gflops,
      '% of peak': (100 * gflops) / peaks.gflops,
      'GB/s': gigabytes,
      '% of copy': (100 * gigabytes) / peaks.gigabytes,
    });
  };
  const { hidden_size: H, embedding_size: E, intermediate_size: I, num_attention_heads: heads } = configOf(sizes);
  const batch = new BatchBuffers(gpu, sizes.tokens);
  batch.write(packSequences(batchMaker(sizes)()));
  const products: [string, number, number][] = [
    ['E -> H', E, H],
    ['query, key, value', H, 3 * H],
    ['dense', H, H],
    ['ffn', H, I],
    ['ffn output', I, H],
  ];
  const groups: Candidate[][] = [];
  for (const [name, IN, OUT] of products) {
    groups.push(...(await linearCandidates(gpu, batch, sizes.tokens, name, IN, OUT)));
  }
  groups.push(...(await attentionCandidates(gpu, batch, sizes.tokens, H, heads)));
  for (const group of groups) {
    const times = await race(gpu, group, rounds);
    for (const [i, { operator, variant, shape, plan, commands }] of group.entries()) {
      const operations = plan.operations.slice(0, commands).filter(({ kernel }) => kernel !== 'copy');
      const sum = (key: 'flops' | 'bytes') => operations.reduce((total, o) => total + o[key](), 0);
      add(operator, variant, shape, times[i]!, sum('flops'), sum('bytes'));
    }
  }
  for (const [kernel, spans] of await otherKernels(gpu, sizes, rounds)) {
    const total = (of: (span: Span) => number) => spans.reduce((sum, span) => sum + of(span), 0) / spans.length;
    const ms = total((s) => s.end - s.begin) / 1e6;
    add(
      kernel,
      'plain',
      `mean of ${spans.length / rounds} a step`,
      ms,
      total((s) => s.flops),
      total((s) => s.bytes),
    );
  }
  const peak = (operator: string, gflops: number, gigabytes: number): Row => ({
    operator,
    variant: '',
    shape: '',
    ms: 0,
    'GFLOP/s': gflops,
    '% of peak': gflops > 0 ? 100 : 0,
    'GB/s': gigabytes,
    '% of copy': gigabytes > 0 ? 100 : 0,
  });
  rows.unshift(
    peak('peak: multiply-adds in registers', peaks.gflops, 0),
    peak('peak: a copying kernel', 0, peaks.gigabytes),
  );
  return rows;
}
