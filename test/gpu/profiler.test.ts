import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTensor } from '../../src/gpu/memory.ts';
import { measurePeaks } from '../../src/gpu/peaks.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { Profiler, profileTable } from '../../src/gpu/profiler.ts';
import { activationForward } from '../../src/kernels/activation.ts';
import { softmax } from '../../src/kernels/cross_entropy.ts';
import { batchOf, testGpu } from '../gpu_support.ts';

const test = suite('profiler');
const gpu = await testGpu();

async function profiled(): Promise<Profiler> {
  const batch = batchOf(gpu, [64]);
  const plan = new Plan(gpu);
  const x = createTensor(gpu, 'x', [64, 32]);
  const out = createTensor(gpu, 'out', [64, 32]);
  plan.clear(out);
  activationForward(plan, batch, { x, out }, 'gelu_new', 'first');
  softmax(plan, batch, { logits: out, out: x }, 'second');
  const built = await plan.build();
  const profiler = new Profiler(gpu);
  const encoder = gpu.device.createCommandEncoder();
  profiler.encode(encoder, built, 0, built.length);
  gpu.device.queue.submit([encoder.finish()]);
  await profiler.collect();
  return profiler;
}

const run = gpu.has('timestamp-query') ? test : test.skip;

run('a trace in the Chrome trace event format: complete events in order, in microseconds', async () => {
  const trace = JSON.parse(JSON.stringify((await profiled()).trace())) as {
    traceEvents: { name: string; cat: string; ph: string; pid: number; tid: number; ts: number; dur: number }[];
  };
  assert.equal(
    trace.traceEvents.map((e) => [e.name, e.cat, e.ph]),
    [
      ['out', 'clear', 'X'],
      ['first', 'activation_forward', 'X'],
      ['second', 'softmax', 'X'],
    ],
  );
  for (const [i, e] of trace.traceEvents.entries()) {
    assert.ok(Number.isFinite(e.ts) && e.dur >= 0 && e.pid > 0 && e.tid > 0);
    const before = trace.traceEvents[i - 1];
    if (before) assert.ok(e.ts + 0.001 >= before.ts + before.dur, `${e.name} begins before ${before.name} ends`);
  }
  assert.is(trace.traceEvents[0]!.ts, 0);
});

run('a table by kernel whose shares add up, beside the peaks', async () => {
  const profiler = await profiled();
  const before = gpu.allocatedBytes;
  const peaks = await measurePeaks(gpu);
  assert.is(gpu.allocatedBytes, before, 'what measuring took is given back');
  assert.ok(peaks.gflops > 0.01 && peaks.gigabytes > 0.01, JSON.stringify(peaks));
  const summary = profiler.summary();
  assert.ok(Math.abs(summary.reduce((sum, k) => sum + k.share, 0) - 1) < 1e-9);
  const table = profileTable(summary, peaks);
  assert.match(table, /kernel +calls +ms +share +GFLOP\/s +GB\/s +of peak\n/);
  assert.match(table, /activation_forward +1 .*%\n/);
});
test.run();
