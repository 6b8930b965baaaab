/** Time of every dispatch, from the adapter's timestamp queries. */
import { UserError } from '../errors.ts';
import type { BuiltPlan } from './built_plan.ts';
import type { Gpu } from './device.ts';
import type { Peaks } from './peaks.ts';

const MOST_QUERIES = 4096; // a query set's largest size in WebGPU
const QUERY_RESOLVE = 0x200 | 0x4; // GPUBufferUsage.QUERY_RESOLVE | COPY_SRC
const MAP_READ = 0x1 | 0x8;

/** One command that ran. Times are nanoseconds on the adapter's clock. */
export interface Span {
  kernel: string;
  label: string;
  begin: number;
  end: number;
  flops: number;
  bytes: number;
}

/** What one kernel took in all. */
export interface KernelProfile {
  kernel: string;
  calls: number;
  milliseconds: number;
  /** Part of the time in all kernels. */
  share: number;
  /** 10⁹ a second; 0 where a kernel counts none. */
  gflops: number;
  gigabytes: number;
}

export class Profiler {
  readonly spans: Span[] = [];
  readonly gpu: Gpu;
  #reads: Promise<void>[] = [];

  /** @throws UserError where the adapter has no timestamp queries. */
  constructor(gpu: Gpu) {
    if (!gpu.has('timestamp-query')) {
      throw new UserError(`--profile needs timestamp queries, which ${gpu.adapter.name} does not have.`);
    }
    this.gpu = gpu;
  }

  /** Writes the commands [from, to) of a plan with their times; the times come in with `collect`. */
  encode(encoder: GPUCommandEncoder, plan: BuiltPlan, from: number, to: number): void {
    for (let first = from; first < to; first += MOST_QUERIES / 2)
      this.#encodePart(encoder, plan, first, Math.min(to, first + MOST_QUERIES / 2));
  }

  #encodePart(encoder: GPUCommandEncoder, plan: BuiltPlan, from: number, to: number): void {
    const { device } = this.gpu;
    const count = 2 * (to - from);
    const querySet = device.createQuerySet({ type: 'timestamp', count });
    const resolved = device.createBuffer({ label: 'timestamps', size: count * 8, usage: QUERY_RESOLVE });
    const staging = device.createBuffer({ label: 'timestamps read', size: count * 8, usage: MAP_READ });
    plan.encodeTimed(encoder, querySet, from, to);
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
    const operations = plan.operations
      .slice(from, to)
      .map(({ kernel, label, flops, bytes }) => ({ kernel, label, flops: flops(), bytes: bytes() }));
    this.#reads.push(
      // Mapped only once the submit that this encoder belongs to is under way.
      Promise.resolve().then(async () => {
        await this.gpu.settled(staging.mapAsync(1));
        const times = new BigUint64Array(staging.getMappedRange());
        operations.forEach((operation, i) => {
          this.spans.push({ ...operation, begin: Number(times[2 * i]!), end: Number(times[2 * i + 1]!) });
        });
        staging.unmap();
        for (const resource of [staging, resolved, querySet]) resource.destroy();
      }),
    );
  }

  /** Waits for all times of what was submitted. */
  async collect(): Promise<void> {
    const reads = this.#reads;
    this.#reads = [];
    await Promise.all(reads);
    this.spans.sort((a, b) => a.begin - b.begin);
  }

  /** Time by kernel, the longest first. Call `collect` before. */
  summary(): KernelProfile[] {
    const byKernel = new Map<string, Span[]>();
    for (const span of this.spans) byKernel.set(span.kernel, [...(byKernel.get(span.kernel) ?? []), span]);
    const nanoseconds = (spans: Span[]) => spans.reduce((sum, s) => sum + (s.end - s.begin), 0);
    const all = nanoseconds(this.spans);
    return [...byKernel]
      .map(([kernel, spans]) => {
        const ns = nanoseconds(spans);
        const rate = (key: 'flops' | 'bytes') => (ns === 0 ? 0 : spans.reduce((sum, s) => sum + s[key], 0) / ns);
        return {
          kernel,
          calls: spans.length,
          milliseconds: ns / 1e6,
          share: all === 0 ? 0 : ns / all,
          gflops: rate('flops'),
          gigabytes: rate('bytes'),
        };
      })
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  /** A trace in the JSON form that Perfetto and chrome://tracing open; times in microseconds from the first command. */
  trace(): { traceEvents: object[]; displayTimeUnit: 'ms' } {
    const start = this.spans[0]?.begin ?? 0;
    const traceEvents = this.spans.map((s) => ({
      name: s.label,
      cat: s.kernel,
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: (s.begin - start) / 1e3,
      dur: (s.end - s.begin) / 1e3,
      args: { kernel: s.kernel, flops: s.flops, bytes: s.bytes },
    }));
    return { traceEvents, displayTimeUnit: 'ms' };
  }
}

/**
 * The summary as a table, a line a kernel. "of peak": how near the kernel came to the nearer of the adapter's two peaks,
 * arithmetic and memory traffic.
 */
export function profileTable(summary: readonly KernelProfile[], peaks: Peaks): string {
  const rows = summary.map((k) => {
    const cells = [
      k.milliseconds.toFixed(1).padStart(10),
      `${(100 * k.share).toFixed(1)}%`.padStart(8),
      k.gflops.toFixed(1).padStart(9),
      k.gigabytes.toFixed(1).padStart(8),
      `${Math.round(100 * Math.max(k.gflops / peaks.gflops, k.gigabytes / peaks.gigabytes))}%`.padStart(9),
    ];
    return `${k.kernel.padEnd(42)}${String(k.calls).padStart(7)}${cells.join('')}\n`;
  });
  const head = `${'kernel'.padEnd(42)}${'calls'.padStart(7)}        ms   share  GFLOP/s    GB/s  of peak\n`;
  const measured = `peaks, measured just now: ${peaks.gflops.toFixed(1)} GFLOP/s in registers, ${peaks.gigabytes.toFixed(1)} GB/s through a copying kernel\n`;
  return `${head}${rows.join('')}${measured}`;
}
