/** Every operator of a training step at a model's shapes, its variants side by side, against the adapter's measured peaks. */

import type { BuiltPlan } from '../../src/gpu/built_plan.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { createTensor } from '../../src/gpu/memory.ts';
import { type Peaks, type PreparedPeaks, preparePeaks } from '../../src/gpu/peaks.ts';
import { Plan } from '../../src/gpu/plan.ts';
import type { Span } from '../../src/gpu/profiler.ts';
import type { Tensor } from '../../src/gpu/tensor.ts';
import {
  type AttentionVariant,
  attentionBackward,
  attentionForward,
  attentionVariants,
} from '../../src/kernels/attention.ts';
import { BatchBuffers, packSequences } from '../../src/kernels/batch.ts';
import { linearForward, linearGradInput, linearGradParameters, linearVariants } from '../../src/kernels/linear.ts';
import { profiledTrainer } from './measures.ts';
import type { Row } from './report.ts';
import { batchesOf, configOf, median, randomBatches, type Sizes } from './workload.ts';

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

/** What a kernel did in one round, and what the adapter could do in that round. */
interface Measured {
  ms: number;
  flops: number;
  bytes: number;
  peaks: Peaks;
}

/** Samples of both peaks, one a round: the speed of a machine that has other work changes between rounds, and with it the peaks. */
class PeakRounds {
  readonly all: Peaks[] = [];
  readonly #prepared: PreparedPeaks;

  constructor(prepared: PreparedPeaks) {
    this.#prepared = prepared;
  }

  async next(): Promise<Peaks> {
    const peaks = { gflops: await this.#prepared.gflops(), gigabytes: await this.#prepared.gigabytes() };
    this.all.push(peaks);
    return peaks;
  }
}

/** Arithmetic and memory traffic of one run; what is copied into textures counts in its time alone. */
function workOf({ plan, commands }: Candidate): { flops: number; bytes: number } {
  const operations = plan.operations.slice(0, commands).filter(({ kernel }) => kernel !== 'copy');
  const sum = (key: 'flops' | 'bytes') => operations.reduce((total, o) => total + o[key](), 0);
  return { flops: sum('flops'), bytes: sum('bytes') };
}

/** Every candidate's `rounds`, in each of which all run once, the peaks first: other work on the machine falls on all alike. */
async function race(
  gpu: Gpu,
  candidates: readonly Candidate[],
  rounds: number,
  peaks: PeakRounds,
): Promise<Measured[][]> {
  const repeats: number[] = [];
  for (const candidate of candidates) {
    await milliseconds(gpu, candidate, 1); // the driver compiles
    repeats.push(Math.max(1, Math.round(MILLISECONDS / (await milliseconds(gpu, candidate, 1)))));
  }
  const measured = candidates.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    const now = await peaks.next();
    for (const [i, candidate] of candidates.entries()) {
      measured[i]!.push({ ms: await milliseconds(gpu, candidate, repeats[i]!), ...workOf(candidate), peaks: now });
    }
  }
  return measured;
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

/** Kernels that have no variants, out of the profile of whole steps, one a round: their mean run in each. */
async function otherKernels(
  gpu: Gpu,
  sizes: Sizes,
  rounds: number,
  peaks: PeakRounds,
): Promise<Map<string, { calls: number; measured: Measured[] }>> {
  const found = new Map<string, { calls: number; measured: Measured[] }>();
  if (!gpu.has('timestamp-query')) return found;
  const step = await profiledTrainer(gpu, sizes, 1);
  for (const batch of batchesOf(randomBatches(sizes), 1, rounds)) {
    const now = await peaks.next();
    const byKernel = new Map<string, Span[]>();
    for (const span of await step(batch)) {
      if (/^(linear|attention|clear|copy)/.test(span.kernel)) continue;
      byKernel.set(span.kernel, [...(byKernel.get(span.kernel) ?? []), span]);
    }
    for (const [kernel, spans] of byKernel) {
      const mean = (of: (span: Span) => number) => spans.reduce((sum, span) => sum + of(span), 0) / spans.length;
      const of = found.get(kernel) ?? { calls: spans.length, measured: [] };
      found.set(kernel, of);
      of.measured.push({
        ms: mean((s) => s.end - s.begin) / 1e6,
        flops: mean((s) => s.flops),
        bytes: mean((s) => s.bytes),
        peaks: now,
      });
    }
  }
  return found;
}

/**
 * @returns a row for each operator and variant, medians of `rounds`; '%' columns are parts of the peaks of the same round, whose
 * medians stand in the first rows.
 */
export async function benchKernels(gpu: Gpu, sizes: Sizes, rounds: number): Promise<Row[]> {
  const prepared = await preparePeaks(gpu);
  try {
    return await kernelRows(gpu, sizes, rounds, new PeakRounds(prepared));
  } finally {
    prepared.release();
  }
}

async function kernelRows(gpu: Gpu, sizes: Sizes, rounds: number, peaks: PeakRounds): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (operator: string, variant: string, shape: string, measured: readonly Measured[]) => {
    const medianOf = (of: (m: Measured) => number) => median(measured.map(of));
    rows.push({
      operator,
      variant,
      shape,
      ms: medianOf(({ ms }) => ms),
      'GFLOP/s': medianOf(({ ms, flops }) => flops / ms / 1e6),
      '% of peak': medianOf(({ ms, flops, peaks }) => (100 * flops) / ms / 1e6 / peaks.gflops),
      'GB/s': medianOf(({ ms, bytes }) => bytes / ms / 1e6),
      '% of copy': medianOf(({ ms, bytes, peaks }) => (100 * bytes) / ms / 1e6 / peaks.gigabytes),
    });
  };
  const { hidden_size: H, embedding_size: E, intermediate_size: I, num_attention_heads: heads } = configOf(sizes);
  const batch = new BatchBuffers(gpu, sizes.tokens);
  batch.write(packSequences(randomBatches(sizes).at(0)));
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
    const measured = await race(gpu, group, rounds, peaks);
    for (const [i, { operator, variant, shape }] of group.entries()) add(operator, variant, shape, measured[i]!);
  }
  for (const [kernel, { calls, measured }] of await otherKernels(gpu, sizes, rounds, peaks)) {
    add(kernel, 'plain', `mean of ${calls} a step`, measured);
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
    peak('peak: multiply-adds in registers', median(peaks.all.map(({ gflops }) => gflops)), 0),
    peak('peak: a copying kernel', 0, median(peaks.all.map(({ gigabytes }) => gigabytes))),
  );
  return rows;
}
