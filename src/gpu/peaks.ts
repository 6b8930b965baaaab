/** What an adapter can do at most, measured: arithmetic in registers and copying through a kernel. */
import type { Gpu } from './device.ts';
import { createTensor, placeOf, write } from './memory.ts';

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
/** How long one kernel's sample takes, so that a queue's latency does not matter. */
const SAMPLE_SECONDS = 0.02;
/** More than the fastest adapter needs: no estimate, however far off, makes a submit that a driver kills. */
const MOST_TIMES = 1 << 20;
/** How long each is repeated. */
const MILLISECONDS = 200;

/** The kernels of both peaks, compiled: what an adapter can do right now, as often as asked. */
export interface PreparedPeaks {
  /** Arithmetic: the better of two kernels, a few hundredths of a second in all. */
  gflops(): Promise<number>;
  /** Copying, for as long as one of them. */
  gigabytes(): Promise<number>;
  /** Gives the memory back. */
  release(): void;
}

/** Seconds that a kernel takes for `times` as much work as it does at least. */
type Timed = (times: number) => Promise<number>;

/** Compiles the kernels and finds how much work a sample takes. */
export async function preparePeaks(gpu: Gpu): Promise<PreparedPeaks> {
  const from = createTensor(gpu, 'peak from', [COPIED_VECTORS, 4]);
  const to = createTensor(gpu, 'peak to', [COPIED_VECTORS, 4]);
  const rounds = createTensor(gpu, 'peak rounds', [1]);
  const kernel = async (label: string, code: string, source: typeof from, groups: number) => {
    const pipeline = await gpu.pipeline(label, code, 'main', {});
    const entries = [source, to].map((tensor, binding) => ({ binding, resource: { buffer: placeOf(tensor).buffer } }));
    const bindGroup = gpu.device.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries });
    return async (dispatches: number): Promise<number> => {
      const encoder = gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(groups);
      pass.end();
      const began = performance.now();
      gpu.device.queue.submit([encoder.finish()]);
      await gpu.settled(gpu.device.queue.onSubmittedWorkDone());
      return (performance.now() - began) / 1000;
    };
  };
  /** 10⁹ units of work a second in one sample. */
  const sampler = async (seconds: Timed, work: number): Promise<() => Promise<number>> => {
    const times = await timesOfSample(seconds);
    return async () => (work * times) / (await seconds(times)) / 1e9;
  };
  const copy = await kernel('peak copy', COPY, from, COPIED_VECTORS / 64 / COPIES);
  const gigabytes = await sampler(copy, 2 * 16 * COPIED_VECTORS);
  const arithmetic: (() => Promise<number>)[] = [];
  for (const sums of SUMS) {
    const run = await kernel('peak arithmetic', multiplyAdds(sums), rounds, INVOCATIONS / 64);
    const looped: Timed = (times) => {
      write(gpu, rounds, Uint32Array.of(times));
      return run(1);
    };
    arithmetic.push(await sampler(looped, 2 * sums * UNROLLED * INVOCATIONS));
  }
  return {
    gflops: async () => {
      let best = 0;
      for (const sample of arithmetic) best = Math.max(best, await sample());
      return best;
    },
    gigabytes,
    release: () => {
      for (const { place, byteLength } of [from, to, rounds]) {
        place!.buffer.destroy();
        gpu.allocatedBytes -= Math.max(byteLength, 256);
      }
      gpu.check();
    },
  };
}

/** How many times a kernel does its least work in SAMPLE_SECONDS. Short runs, whose time is latency, only lead to longer ones. */
async function timesOfSample(seconds: Timed): Promise<number> {
  await seconds(1); // compiles
  for (let times = 1; ; ) {
    const wanted = (times * SAMPLE_SECONDS) / (await seconds(times));
    const next = Math.max(1, Math.min(MOST_TIMES, Math.round(wanted)));
    if (next <= 2 * times) return next;
    times = next;
  }
}

/** Best of some runs: nothing but other work makes a run slower than the adapter can. Takes about a second on slow adapters. */
export async function measurePeaks(gpu: Gpu): Promise<Peaks> {
  const peaks = await preparePeaks(gpu);
  const best = async (sample: () => Promise<number>, duration: number): Promise<number> => {
    let most = 0;
    const began = performance.now();
    do most = Math.max(most, await sample());
    while (performance.now() - began < duration);
    return most;
  };
  try {
    const gigabytes = await best(peaks.gigabytes, MILLISECONDS);
    return { gflops: await best(peaks.gflops, SUMS.length * MILLISECONDS), gigabytes };
  } finally {
    peaks.release();
  }
}
