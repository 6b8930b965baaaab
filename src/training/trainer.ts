/** The training loop: batches in, losses out, the same bits for the same seed whether or not the run was interrupted. */
import type { AlbertModel } from '../albert/model.ts';
import { ParameterSet } from '../albert/parameters.ts';
import { recordBackward, recordForward } from '../albert/token_classifier.ts';
import { tuneModel } from '../albert/tuning.ts';
import type { BuiltPlan } from '../gpu/built_plan.ts';
import { Executor } from '../gpu/executor.ts';
import { type ActivationPool, createTensor } from '../gpu/memory.ts';
import { type OnCompile, Plan } from '../gpu/plan.ts';
import type { Profiler } from '../gpu/profiler.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import { align, type Tensor } from '../gpu/tensor.ts';
import { type AdamWOptions, adamW, addLoss, gradientNorm, StepUniform } from '../kernels/adamw.ts';
import { RowOptimizer } from '../kernels/adamw_rows.ts';
import { BatchBuffers, countLabels, type PackedBatch, packSequences } from '../kernels/batch.ts';
import { learningRateAt, type Schedule } from './schedule.ts';

/** A window of sub-tokens with their labels (-100: none), as the model is given it. */
export interface TrainingSequence {
  ids: Int32Array;
  labels: Int32Array;
}

export interface TrainerOptions extends AdamWOptions {
  weightDecay: number;
  schedule: Schedule;
  seed: number;
  /** Most tokens that a batch may hold. */
  capacity: number;
  profiler?: Profiler;
  /** Run each layer again in the backward pass, to keep less: true, false, or where activations would take more than these bytes. */
  recompute?: boolean | { above: number };
  /**
   * Move the word embeddings that a batch does not hold when one next does, by all steps they missed: the same bits but for the
   * gradient's norm, which is summed in another order. Without a word, where a batch holds few of them.
   */
  lazyRows?: boolean;
  onCompile?: OnCompile;
}

const WORDS = 'albert.embeddings.word_embeddings.weight';
/** Rows of the table for each token of a batch from which on moving few of them pays. */
const LAZY_FROM = 4;

/** One optimizer step's batches; more than one where gradients are accumulated. */
export type StepBatches = readonly (readonly TrainingSequence[])[];

export interface StepResult {
  /** Counted from 0. */
  step: number;
  /** Mean over the labels of the step's batches. */
  loss: number;
  /** Global norm before clipping. */
  gradientNorm: number;
  learningRate: number;
  /** Sub-tokens in the step's batches. */
  tokens: number;
  /** Whether loss and norm are finite. Where not, the step changed nothing. */
  finite: boolean;
}

/** Parameters, both moments and how many steps they have seen: what a resumed run needs beside its data and settings. */
export interface OptimizerState {
  first: ParameterSet;
  second: ParameterSet;
  step: number;
}

export class Trainer {
  readonly model: AlbertModel;
  readonly state: OptimizerState;
  /** Whether layers are run again in the backward pass. */
  readonly recomputes: boolean;
  readonly #options: TrainerOptions;
  readonly #batch: BatchBuffers;
  readonly #step: StepUniform;
  readonly #plan: BuiltPlan;
  /** Commands of the plan: [0, forward) clears and catches up, [forward, update) runs a batch, [update, end) moves the parameters. */
  readonly #forward: number;
  readonly #update: number;
  readonly #result: Tensor;
  /** The word embeddings', where rows are moved as batches want them, and the plan that moves all of them. */
  readonly #rows: { optimizer: RowOptimizer; settle: BuiltPlan } | undefined;
  readonly #readback: ReadbackRing;
  readonly #executor: Executor;

  private constructor(parts: {
    model: AlbertModel;
    state: OptimizerState;
    options: TrainerOptions;
    batch: BatchBuffers;
    step: StepUniform;
    plan: BuiltPlan;
    forward: number;
    update: number;
    result: Tensor;
    rows: { optimizer: RowOptimizer; settle: BuiltPlan } | undefined;
    recomputes: boolean;
  }) {
    this.recomputes = parts.recomputes;
    this.model = parts.model;
    this.state = parts.state;
    this.#options = parts.options;
    this.#batch = parts.batch;
    this.#step = parts.step;
    this.#plan = parts.plan;
    this.#forward = parts.forward;
    this.#update = parts.update;
    this.#result = parts.result;
    this.#rows = parts.rows;
    this.#readback = new ReadbackRing(parts.model.gpu, 16, 3);
    this.#executor = new Executor(parts.model.gpu, parts.options.profiler);
  }

  /**
   * Records and builds a training step; all memory is allocated here.
   * @param pool where activations lie; share it with plans that run between steps.
   */
  static async create(model: AlbertModel, options: TrainerOptions, pool: ActivationPool): Promise<Trainer> {
    const { gpu, config, parameters } = model;
    const { layout } = parameters;
    await tuneModel(gpu, config, options.capacity, true);
    const gradients = new ParameterSet(gpu, 'gradients', layout);
    const state = {
      first: new ParameterSet(gpu, 'first moments', layout),
      second: new ParameterSet(gpu, 'second moments', layout),
      step: 0,
    };
    const batch = new BatchBuffers(gpu, options.capacity, model.tables);
    const step = new StepUniform(gpu);
    const result = createTensor(gpu, 'step result', [4]);
    const each = (of: (set: ParameterSet) => Tensor) => ({
      parameter: of(parameters),
      gradient: of(gradients),
      first: of(state.first),
      second: of(state.second),
    });
    const words = each((set) => set.get(WORDS));
    const fits = words.parameter.byteLength <= gpu.maxBindingSize;
    const lazy = fits && (options.lazyRows ?? model.tables.words > LAZY_FROM * options.capacity);
    const rows = lazy ? new RowOptimizer(gpu, words, options) : undefined;
    // The word embeddings are the first of the parameters: where they go their own way, the rest is what lies behind them.
    const skipped = lazy ? align(words.parameter.byteLength) / 4 : 0;
    const rest = each(({ flat }) => flat.rows(skipped, layout.size - skipped));
    const record = (recompute: boolean) => {
      const plan = new Plan(gpu, pool);
      plan.clear(rest.gradient);
      plan.clear(result);
      rows?.catchUp(plan);
      const forward = plan.length;
      const recording = { plan, batch, config, parameters, gradients, recompute };
      const tokenLoss = recordBackward(recording, recordForward(recording));
      addLoss(plan, batch, { tokenLoss, result });
      return { plan, forward, update: plan.length };
    };
    const { recompute = false } = options;
    let recomputes = recompute === true;
    let { plan, forward, update } = record(recomputes);
    if (typeof recompute === 'object' && plan.plannedBytes > recompute.above) {
      recomputes = true;
      ({ plan, forward, update } = record(recomputes));
    }
    gradientNorm(plan, { gradient: rest.gradient, rows: rows?.touched, result }, options.maxNorm);
    adamW(plan, step, { ...rest, clip: result }, layout.decayed - skipped, options);
    rows?.update(plan, result);
    const built = await plan.build(options.onCompile);
    return new Trainer({
      model,
      state,
      options,
      batch,
      step,
      plan: built,
      forward,
      update,
      result,
      rows: rows && { optimizer: rows, settle: await rows.settling() },
      recomputes,
    });
  }

  /**
   * Runs steps until `batchesOf` gives none. Results come one step late, so that the GPU never waits for JavaScript; every
   * submitted step's result is given before this returns.
   * @param batchesOf batches of step `step`, counted from 0 over the whole run, or undefined to stop.
   */
  async *steps(batchesOf: (step: number) => StepBatches | undefined): AsyncGenerator<StepResult> {
    const rows = this.#rows?.optimizer;
    // All of them are up to date here, also where a checkpoint was read since.
    if (rows && !rows.isSettled(this.state.step)) rows.reset(this.state.step);
    try {
      let waiting: (() => Promise<StepResult>) | undefined;
      for (;;) {
        const batches = batchesOf(this.state.step);
        const previous = waiting;
        waiting = batches && this.#submit(batches);
        if (previous) {
          const result = await this.#executor.wait(previous, waiting ? 0.5 : 1);
          yield result;
        }
        if (!waiting) return;
      }
    } finally {
      this.#settle();
    }
  }

  /** Submits the making up to date of all rows: whoever reads the parameters afterwards reads them so. */
  #settle(): void {
    if (!this.#rows || this.#rows.optimizer.isSettled(this.state.step)) return;
    this.#rows.optimizer.settle(this.state.step);
    this.#executor.submit(this.#rows.settle);
  }

  #submit(batches: StepBatches): () => Promise<StepResult> {
    if (this.#rows?.optimizer.isFull(this.state.step)) this.#settle();
    const step = this.state.step++;
    const { schedule, weightDecay, seed } = this.#options;
    const learningRate = learningRateAt(schedule, step);
    this.#step.write(learningRate, weightDecay, step + 1, this.#options);
    const packed = batches.map(packSequences);
    this.#rows?.optimizer.write(step + 1, learningRate, weightDecay, packed.flatMap(wordsOf));
    const labelled = packed.reduce((sum, b) => sum + countLabels(b.labels), 0);
    let read: (() => Promise<Float32Array>) | undefined;
    packed.forEach((batch, i) => {
      // Batches of one step differ in their dropout.
      this.#batch.write(batch, { seed, step: step * packed.length + i }, 1 / Math.max(1, labelled));
      const last = i === packed.length - 1;
      this.#executor.submit(
        this.#plan,
        i === 0 ? 0 : this.#forward,
        last ? this.#plan.length : this.#update,
        (encoder) => {
          if (last) read = this.#readback.copy(encoder, this.#result);
        },
      );
    });
    const tokens = packed.reduce((sum, b) => sum + b.ids.length / 3, 0);
    return async () => {
      const [gradientNorm, , loss, finite] = await read!();
      return { step, loss: loss!, gradientNorm: gradientNorm!, learningRate, tokens, finite: finite === 1 };
    };
  }
}

/** Word ids of a batch's tokens. */
const wordsOf = ({ ids }: PackedBatch): number[] => Array.from({ length: ids.length / 3 }, (_, t) => ids[3 * t]!);
