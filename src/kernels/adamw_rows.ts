/** AdamW over the rows of a large table, each made up to date when a batch wants it: same numbers, without reading all at every step. */
import type { BuiltPlan } from '../gpu/built_plan.ts';
import type { Gpu } from '../gpu/device.ts';
import { createTensor, createUniform, write } from '../gpu/memory.ts';
import { Plan } from '../gpu/plan.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { type AdamWOptions, adamWConstants, type GradientRows, type OptimizerBuffers, stepValues } from './adamw.ts';

/** Steps that a row may miss: as many as adamw_rows.wgsl remembers. */
const HISTORY = 32;
/** Rows of a workgroup. */
const GROUP = 8;
/** Dispatches in which all rows are made up to date, so that a slow adapter can have them in several submits. */
const PARTS = 4;

/** Label of the dispatch that ends a step. */
export const UPDATE_OF_ROWS = 'AdamW of rows';

export class RowOptimizer {
  /** Rows that the step's batches touch, each once, with their gradients. */
  readonly touched: GradientRows;
  readonly #gpu: Gpu;
  readonly #table: OptimizerBuffers;
  readonly #options: AdamWOptions;
  /** What `now` is in the kernels: before a batch, at the update, and where all rows are made up to date, in parts. */
  readonly #before: Tensor;
  readonly #update: Tensor;
  readonly #all: readonly { now: Tensor; first: number; count: number }[];
  readonly #history: Tensor;
  readonly #lived: Tensor;
  readonly #rowStep: Tensor;
  #listed: number;
  /** Step up to which every row is known to be up to date. */
  #settled = 0;

  /** @param table parameters, gradients and moments, [rows, width] each; width a multiple of 4. */
  constructor(gpu: Gpu, table: OptimizerBuffers, options: AdamWOptions) {
    const rows = table.parameter.shape[0]!;
    this.#gpu = gpu;
    this.#table = table;
    this.#options = options;
    this.#before = createUniform(gpu, 'rows before', 4);
    this.#update = createUniform(gpu, 'rows at update', 4);
    const part = Math.ceil(rows / PARTS);
    this.#all = Array.from({ length: Math.ceil(rows / part) }, (_, i) => ({
      now: createUniform(gpu, `all rows, part ${i}`, 4),
      first: i * part,
      count: Math.min(part, rows - i * part),
    }));
    this.#history = createUniform(gpu, 'steps', 4 * HISTORY);
    this.#lived = createTensor(gpu, 'steps that lived', [HISTORY]);
    this.#rowStep = createTensor(gpu, 'steps of rows', [rows]);
    this.touched = {
      gradient: table.gradient,
      list: createTensor(gpu, 'touched row ids', [rows]),
      count: createUniform(gpu, 'touched rows', 1),
    };
    this.#listed = rows;
  }

  /** Whether all rows must be made up to date before another step, since no row may miss more than are remembered. */
  isFull(step: number): boolean {
    return step - this.#settled >= HISTORY;
  }

  /** Whether all rows have seen as many steps. */
  isSettled(step: number): boolean {
    return step === this.#settled;
  }

  /** Takes all rows for up to date at `step`: after a checkpoint was read. */
  reset(step: number): void {
    write(this.#gpu, this.#rowStep, new Uint32Array(this.#rowStep.size).fill(step));
    this.#settled = step;
  }

  /**
   * Sends what a step needs before its plan is submitted.
   * @param step counted from 1. @param rows row ids that its batches touch, in any order and number.
   */
  write(step: number, learningRate: number, weightDecay: number, rows: Iterable<number>): void {
    const list = Uint32Array.from(new Set(rows)).sort();
    const gpu = this.#gpu;
    this.#listed = list.length;
    write(gpu, this.touched.list, list);
    write(gpu, this.touched.count, Uint32Array.of(list.length));
    write(gpu, this.#before, Uint32Array.of(step - 1, list.length, 0, 0));
    write(gpu, this.#update, Uint32Array.of(step, list.length, 0, 0));
    write(gpu, this.#history, stepValues(learningRate, weightDecay, step, this.#options), 4 * (step % HISTORY));
  }

  /** Records the making up to date of the step's rows; before its first batch. */
  catchUp(plan: Plan): void {
    this.#dispatchCatchUp(plan, this.#before, () => this.#listed);
  }

  /** Records the step of its rows, and sets their gradients to zero; after gradientNorm, whose result `clip` is. */
  update(plan: Plan, clip: Tensor): void {
    const { gradient, ...rest } = this.#moving();
    plan.dispatch({
      kernel: 'adamw_rows',
      entryPoint: 'update',
      label: UPDATE_OF_ROWS,
      constants: { WIDTH: this.#width, ...adamWConstants(this.#options) },
      bindings: { now: this.#update, clip, gradient, ...rest, rows: this.touched.list },
      workgroups: () => [Math.ceil(this.#listed / GROUP)],
      flops: () => 14 * this.#listed * this.#width,
      bytes: () => 32 * this.#listed * this.#width,
    });
  }

  /** A plan that makes every row up to date; call `settle` before it is submitted. */
  settling(): Promise<BuiltPlan> {
    const plan = new Plan(this.#gpu);
    for (const { now, count } of this.#all) this.#dispatchCatchUp(plan, now, () => count);
    return plan.build();
  }

  /** Sends what the plan of `settling` needs. @param step updates that all rows are to have seen. */
  settle(step: number): void {
    for (const { now, first, count } of this.#all) write(this.#gpu, now, Uint32Array.of(step, count, 1, first));
    this.#settled = step;
  }

  #dispatchCatchUp(plan: Plan, now: Tensor, rows: () => number): void {
    const { gradient: _, ...rest } = this.#moving();
    const { BETA1, BETA2, EPSILON } = adamWConstants(this.#options);
    plan.dispatch({
      kernel: 'adamw_rows',
      entryPoint: 'catch_up',
      label: 'rows up to date',
      constants: { WIDTH: this.#width, BETA1, BETA2, EPSILON },
      bindings: { now, ...rest, rows: this.touched.list },
      workgroups: () => [Math.ceil(rows() / GROUP)],
      flops: () => 12 * rows() * this.#width,
      bytes: () => 24 * rows() * this.#width,
    });
  }

  get #width(): number {
    return this.#table.parameter.shape[1]!;
  }

  #moving() {
    return { history: this.#history, lived: this.#lived, row_step: this.#rowStep, ...this.#table };
  }
}
