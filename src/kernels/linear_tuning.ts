/** Times the variants of the linear kernels on the adapter at hand, by product and shape. */

import type { BuiltPlan } from '../gpu/built_plan.ts';
import type { Gpu } from '../gpu/device.ts';
import { createTensor } from '../gpu/memory.ts';
import { Plan } from '../gpu/plan.ts';
import { Tensor } from '../gpu/tensor.ts';
import { storeChoices, storedChoices } from '../gpu/tuning.ts';
import { BatchBuffers, packSequences } from './batch.ts';
import {
  type LinearProduct,
  type LinearVariant,
  linearForward,
  linearGradInput,
  linearGradParameters,
  linearKey,
  linearVariants,
} from './linear.ts';

const BUDGET_MS = 4000;
/** A variant that takes this many times as long as the best at its first run is not timed further. */
const HOPELESS = 2;
/** Tokens that a CPU adapter is timed with: its cores are busy with few, and it is slow. */
const CPU_TOKENS = 128;

/** A linear layer's width in and out. */
export type LinearShape = readonly [IN: number, OUT: number];

interface Job {
  key: string;
  product: LinearProduct;
  shape: LinearShape;
}

/**
 * Sets `gpu.tuned` for layers of these shapes in batches of up to `tokens`: from `gpu.tuning.store`, or by timing where it is not
 * known and the fastest variant isn't known beforehand, as it is on CPU adapters. Without `gpu.tuning` nothing changes.
 * @param training times the gradients' products too.
 */
export async function tuneLinear(
  gpu: Gpu,
  shapes: readonly LinearShape[],
  tokens: number,
  training: boolean,
): Promise<void> {
  const { tuning } = gpu;
  if (!tuning) return;
  const products: LinearProduct[] = training
    ? ['linear_forward', 'linear_grad_input', 'linear_grad_weight']
    : ['linear_forward'];
  const jobs = new Map<string, Job>();
  for (const shape of shapes) {
    for (const product of products) {
      const key = linearKey(product, ...shape, tokens);
      if (!gpu.tuned.has(key)) jobs.set(key, { key, product, shape });
    }
  }
  const known = tuning.store && !tuning.retune ? await storedChoices(tuning.store, gpu.adapter) : new Map();
  const found = new Map([...known].filter(([key]) => jobs.has(key)));
  const missing = [...jobs.values()].filter(({ key }) => !found.has(key));
  const candidates = candidatesOn(gpu);
  if (missing.length > 0 && candidates.length > 1) {
    const timed = await timeAll(gpu, missing, candidates, tokens);
    for (const [key, variant] of timed) found.set(key, variant);
    if (tuning.store && timed.size > 0) await storeChoices(tuning.store, gpu.adapter, timed);
  }
  gpu.tuned = new Map([...gpu.tuned, ...found]);
}

/** The variants worth timing. A subgroup kernel is no match for a GPU, and nothing else for it on a CPU. */
function candidatesOn(gpu: Gpu): LinearVariant[] {
  if (gpu.adapter.kind === 'gpu') return ['workgroup', 'tile'];
  const has = (feature: GPUFeatureName) => gpu.has(feature);
  return gpu.tuning?.retune ? linearVariants({ adapter: gpu.adapter, has }).filter((v) => v !== 'plain') : [];
}

async function timeAll(
  gpu: Gpu,
  jobs: readonly Job[],
  candidates: readonly LinearVariant[],
  capacity: number,
): Promise<Map<string, string>> {
  const began = performance.now();
  const deadline = began + (gpu.tuning?.budget ?? BUDGET_MS);
  const bytes = gpu.allocatedBytes;
  const tokens = gpu.adapter.kind === 'gpu' ? capacity : Math.min(capacity, CPU_TOKENS);
  const widest = Math.max(...jobs.flatMap(({ shape }) => shape));
  const largest = Math.max(...jobs.map(({ shape: [IN, OUT] }) => IN * OUT));
  const [rows, results, weight, bias] = [tokens * widest, tokens * widest, largest, widest].map((size, i) =>
    createTensor(gpu, `tuning ${i}`, [size]),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const batch = new BatchBuffers(gpu, tokens);
  batch.write(packSequences([{ ids: new Uint32Array(tokens) }]));
  const chosen = new Map<string, string>();
  let told = false;
  // What costs most comes first, in case that time runs out.
  for (const { key, product, shape } of [...jobs].sort((a, b) => b.shape[0] * b.shape[1] - a.shape[0] * a.shape[1])) {
    let best = { variant: '', ms: Infinity };
    for (const variant of candidates) {
      if (performance.now() > deadline) break;
      const plan = new Plan(gpu);
      plan.linearVariant = variant;
      record(plan, batch, product, shape, { rows, results, weight, bias });
      const built = await plan.build();
      // Another one stands in for a variant that does not fit the shape.
      if (!built.operations.some(({ kernel }) => kernel === `${product}_${variant}`)) continue;
      const ms = await timeOf(gpu, built, best.ms, deadline);
      if (ms < best.ms) best = { variant, ms };
      if (!told && performance.now() - began > 1000) {
        gpu.tuning?.print?.(
          `timing kernels for batches of up to ${capacity} tokens on ${gpu.adapter.name}: some seconds, once for an adapter`,
        );
        told = true;
      }
    }
    if (performance.now() > deadline) break; // not every variant had its turn
    if (best.variant !== '') chosen.set(key, best.variant);
  }
  for (const tensor of [rows, results, weight, bias]) tensor.place!.buffer.destroy();
  gpu.allocatedBytes = bytes;
  gpu.check();
  return chosen;
}

/** Records one product over memory that all of them share; nobody reads what comes out. */
function record(
  plan: Plan,
  batch: BatchBuffers,
  product: LinearProduct,
  [IN, OUT]: LinearShape,
  memory: { rows: Tensor; results: Tensor; weight: Tensor; bias: Tensor },
): void {
  const as = (name: keyof typeof memory, ...shape: number[]) => new Tensor(name, shape, memory[name].place);
  const T = batch.capacity;
  const weight = as('weight', OUT, IN);
  const bias = as('bias', OUT);
  if (product === 'linear_forward')
    linearForward(plan, batch, { x: as('rows', T, IN), weight, bias, out: as('results', T, OUT) }, product);
  else if (product === 'linear_grad_input')
    linearGradInput(plan, batch, { gradOut: as('rows', T, OUT), weight, gradX: as('results', T, IN) }, product);
  else {
    const gradOut = as('rows', T, OUT);
    const x = as('results', T, IN);
    linearGradParameters(plan, batch, { gradOut, x, gradWeight: weight, gradBias: bias }, product);
  }
}

/** Milliseconds that one run takes: the least of several, or the first where it is hopeless. */
async function timeOf(gpu: Gpu, built: BuiltPlan, best: number, deadline: number): Promise<number> {
  const run = async (times: number): Promise<number> => {
    const encoder = gpu.device.createCommandEncoder();
    for (let i = 0; i < times; i++) built.encode(encoder);
    const began = performance.now();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
    return (performance.now() - began) / times;
  };
  await run(1); // drivers compile at the first run
  let least = await run(1);
  if (least > HOPELESS * best) return least;
  const times = Math.max(1, Math.min(50, Math.ceil(5 / least)));
  for (let i = 0; i < 3 && performance.now() < deadline; i++) least = Math.min(least, await run(times));
  return least;
}
