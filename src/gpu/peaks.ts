/** What an adapter can do at most, measured: arithmetic in registers and copying through a kernel. */
import type { Gpu } from './device.ts';
import { createTensor, placeOf } from './memory.ts';

export interface Peaks {
  /** 10⁹ floating-point operations a second, a multiply-add counted as two. */
  gflops: number;
  /** 10⁹ bytes a second, read and written. */
  gigabytes: number;
}

/**
 * Independent sums an invocation: enough to hide an addition's latency, few enough for registers. Which number is best
 * differs (ten on llvmpipe, sixteen on SwiftShader), so each is tried.
 */
const SUMS = [10, 16] as const;
/** Additions to each sum in one round of the loop: with only one, a CPU adapter spends more time on the loop than on them. */
const UNROLLED = 16;
const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');
const multiplyAdds = (sums: number): string => `
struct Rounds { count: u32 }
@group(0) @binding(0) var<storage, read> rounds: Rounds;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = 1.0 - f32(id.x & 7u) * 1e-7;
  let b = f32(id.x) * 1e-9;
  ${lines(sums, (i) => `var s${i} = b + ${i}.0; `)}
  for (var i = 0u; i < rounds.count; i++) {${lines(UNROLLED, () => `\n    ${lines(sums, (i) => `s${i} = s${i} * m + b; `)}`)}
  }
  out[id.x] = ${lines(sums, (i) => `${i === 0 ? '' : ' + '}s${i}`)};
}`;
/** Vectors that an invocation copies, each beside its neighbours'. */
const COPIES = 4;
const COPY = `
@group(0) @binding(0) var<storage, read> from_: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> to_: array<vec4f>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = 0u; i < ${COPIES}u; i++) {
    let at = id.x + i * groups.x * 64u;
    to_[at] = from_[at];
  }
}`;

/** Enough to fill a large GPU. */
const INVOCATIONS = 1 << 16;
const COPIED_VECTORS = 1 << 22; // 64 MiB there and as many here: beyond a large GPU's cache, within every adapter's limits
/** How long each is repeated. */
const MILLISECONDS = 200;

/** Best of some runs: nothing but other work makes a run slower than the adapter can. Takes under a second on slow adapters. */
export async function measurePeaks(gpu: Gpu): Promise<Peaks> {
  const from = createTensor(gpu, 'peak from', [COPIED_VECTORS, 4]);
  const to = createTensor(gpu, 'peak to', [COPIED_VECTORS, 4]);
  const rounds = createTensor(gpu, 'peak rounds', [1]);
  const rate = async (
    label: string,
    code: string,
    source: typeof from,
    groups: number,
    work: number,
    duration: number,
  ) => {
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
    do best = Math.max(best, work / (await seconds()) / 1e9);
    while (performance.now() - began < duration);
    return best;
  };
  const gigabytes = await rate(
    'peak copy',
    COPY,
    from,
    COPIED_VECTORS / 64 / COPIES,
    2 * 16 * COPIED_VECTORS,
    MILLISECONDS,
  );
  let gflops = 0;
  for (const sums of SUMS) {
    const perRound = 2 * sums * UNROLLED * INVOCATIONS;
    const arithmetic = (count: number, duration: number): Promise<number> => {
      gpu.device.queue.writeBuffer(placeOf(rounds).buffer, 0, Uint32Array.of(count));
      return rate('peak arithmetic', multiplyAdds(sums), rounds, INVOCATIONS / 64, perRound * count, duration);
    };
    // As many rounds as take a few hundredths of a second: an estimate with few of them comes first.
    const estimate = await arithmetic(2, 0);
    const count = Math.max(2, Math.min(1 << 20, Math.round((estimate * 1e9 * 0.02) / perRound)));
    gflops = Math.max(gflops, estimate, await arithmetic(count, MILLISECONDS));
  }
  for (const { place, byteLength } of [from, to, rounds]) {
    place!.buffer.destroy();
    gpu.allocatedBytes -= Math.max(byteLength, 256);
  }
  gpu.check();
  return { gflops, gigabytes };
}
