/** What an adapter can do at most, measured: arithmetic in registers and copying through a kernel. */
import type { Gpu } from './device.ts';
import { createTensor, placeOf } from './memory.ts';

export interface Peaks {
  /** 10⁹ floating-point operations a second, a multiply-add counted as two. */
  gflops: number;
  /** 10⁹ bytes a second, read and written. */
  gigabytes: number;
}

/** Ten sums an invocation: as many as the registers of every known adapter hold. */
const SUMS = 10;
const FMA = `
struct Rounds { count: u32 }
@group(0) @binding(0) var<storage, read> rounds: Rounds;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = 1.0 - f32(id.x & 7u) * 1e-7;
  let b = f32(id.x) * 1e-9;
${Array.from({ length: SUMS }, (_, i) => `  var s${i} = b + ${i}.0;`).join('\n')}
  for (var i = 0u; i < rounds.count; i++) {
${Array.from({ length: SUMS }, (_, i) => `    s${i} = s${i} * m + b;`).join('\n')}
  }
  out[id.x] = ${Array.from({ length: SUMS }, (_, i) => `s${i}`).join(' + ')};
}`;
const COPY = `
@group(0) @binding(0) var<storage, read> from_: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> to_: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { to_[id.x] = from_[id.x]; }`;

const INVOCATIONS = 1 << 14;
const COPIED_VECTORS = 1 << 20; // 16 MiB: beyond most caches, within every adapter's limits
/** How long each is repeated. */
const MILLISECONDS = 250;

/** Best of some runs: nothing but other work makes a run slower than the adapter can. Takes under a second on slow adapters. */
export async function measurePeaks(gpu: Gpu): Promise<Peaks> {
  const from = createTensor(gpu, 'peak from', [COPIED_VECTORS, 4]);
  const to = createTensor(gpu, 'peak to', [COPIED_VECTORS, 4]);
  const rounds = createTensor(gpu, 'peak rounds', [1]);
  const rate = async (label: string, code: string, source: typeof from, groups: number, work: () => number) => {
    const pipeline = await gpu.pipeline(label, code, 'main', {});
    const entries = [source, to].map((tensor, binding) => ({ binding, resource: { buffer: placeOf(tensor).buffer } }));
    const bindGroup = gpu.device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries });
    const seconds = async (): Promise<number> => {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(groups);
      pass.end();
      const began = performance.now();
      gpu.device.queue.submit([encoder.finish()]);
      await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
      return (performance.now() - began) / 1000;
    };
    await seconds(); // compiles
    let best = 0;
    const began = performance.now();
    do best = Math.max(best, work() / (await seconds()) / 1e9);
    while (performance.now() - began < MILLISECONDS);
    return best;
  };
  const gigabytes = await rate('peak copy', COPY, from, COPIED_VECTORS / 64, () => 2 * 16 * COPIED_VECTORS);
  // As many rounds as take a few hundredths of a second: an estimate with few of them comes first.
  let count = 64;
  const arithmetic = () => {
    gpu.device.queue.writeBuffer(placeOf(rounds).buffer, 0, Uint32Array.of(count));
    return rate('peak arithmetic', FMA, rounds, INVOCATIONS / 64, () => 2 * SUMS * count * INVOCATIONS);
  };
  const estimate = await arithmetic();
  count = Math.min(1 << 20, Math.max(count, Math.round((estimate * 1e9 * 0.03) / (2 * SUMS * INVOCATIONS))));
  const gflops = Math.max(estimate, await arithmetic());
  for (const { place, byteLength } of [from, to, rounds]) {
    place!.buffer.destroy();
    gpu.allocatedBytes -= Math.max(byteLength, 256);
  }
  gpu.check();
  return { gflops, gigabytes };
}
