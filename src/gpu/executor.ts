/** Runs built plans: in submits short enough for every driver's watchdog, timed dispatch by dispatch where a profile is wanted. */

import type { BuiltPlan, Operation } from './built_plan.ts';
import type { Gpu } from './device.ts';
import type { Profiler } from './profiler.ts';

/** Drivers kill a submit of some seconds; this leaves room for an estimate that is off. */
const LONGEST_SUBMIT_MS = 300;
/** Until a rate is measured: what a slow CPU adapter does, in units of work per millisecond. */
const FIRST_RATE = 1e6;

/** One measure for what a dispatch costs: arithmetic, and memory traffic at eight operations a byte. */
const workOf = (operation: Operation): number => operation.flops() + 8 * operation.bytes() + 20_000;

export class Executor {
  readonly #gpu: Gpu;
  readonly #profiler: Profiler | undefined;
  #rate = FIRST_RATE;
  #pending = 0;
  #submitted = 0;

  constructor(gpu: Gpu, profiler?: Profiler) {
    this.#gpu = gpu;
    this.#profiler = profiler;
  }

  /**
   * Submits the commands [from, to) of a plan, in as many submits as the measured speed asks for.
   * @param finish adds commands, such as a readback's copy, to the last submit.
   */
  submit(plan: BuiltPlan, from = 0, to = plan.length, finish?: (encoder: GPUCommandEncoder) => void): void {
    const { device } = this.#gpu;
    const most = this.#rate * LONGEST_SUBMIT_MS;
    if (this.#pending === 0) this.#submitted = performance.now();
    let first = from;
    while (first < to) {
      let next = first;
      let work = 0;
      do work += workOf(plan.operations[next++]!);
      while (next < to && work + workOf(plan.operations[next]!) <= most);
      const encoder = device.createCommandEncoder();
      if (this.#profiler) this.#profiler.encode(encoder, plan, first, next);
      else plan.encode(encoder, first, next);
      if (next === to) finish?.(encoder);
      device.queue.submit([encoder.finish()]);
      this.#pending += work;
      first = next;
    }
  }

  /**
   * Awaits `read`, a readback of what was submitted, and learns from how long it took.
   * @param share how much of the pending work the readback waits for: less than 1 where later work is queued behind it.
   */
  async wait<T>(read: () => Promise<T>, share = 1): Promise<T> {
    const work = this.#pending * share;
    const began = this.#submitted;
    const result = await read();
    const elapsed = performance.now() - began;
    if (work > 0 && elapsed > 1) {
      const rate = work / elapsed;
      this.#rate = this.#rate === FIRST_RATE ? rate : this.#rate * 0.8 + rate * 0.2;
    }
    this.#pending -= work;
    this.#submitted = performance.now();
    this.#gpu.check();
    return result;
  }
}
