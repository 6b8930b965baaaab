/** Runs a token classifier over sequences of ids, packed into batches; used for evaluation and for tagging alike. */
import type { AlbertModel } from '../albert/model.ts';
import { recordForward } from '../albert/token_classifier.ts';
import { tuneModel } from '../albert/tuning.ts';
import type { BuiltPlan } from '../gpu/built_plan.ts';
import { Executor } from '../gpu/executor.ts';
import { ActivationPool } from '../gpu/memory.ts';
import { Plan } from '../gpu/plan.ts';
import type { Profiler } from '../gpu/profiler.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { BatchBuffers, packSequences } from '../kernels/batch.ts';
import { softmax } from '../kernels/cross_entropy.ts';

/** Probabilities of one sequence's tokens. */
export interface ClassifiedSequence {
  tokens: number;
  /** Row-major [tokens, labels]; every row adds up to 1. */
  probabilities: Float32Array;
}

export class SequenceClassifier {
  readonly model: AlbertModel;
  /** Most tokens in a batch, hence in a sequence. */
  readonly capacity: number;
  readonly #batch: BatchBuffers;
  readonly #plan: BuiltPlan;
  readonly #probabilities: Tensor;
  readonly #readback: ReadbackRing;
  readonly #executor: Executor;

  private constructor(
    model: AlbertModel,
    batch: BatchBuffers,
    plan: BuiltPlan,
    probabilities: Tensor,
    profiler?: Profiler,
  ) {
    this.model = model;
    this.capacity = batch.capacity;
    this.#batch = batch;
    this.#plan = plan;
    this.#probabilities = probabilities;
    this.#readback = new ReadbackRing(model.gpu, probabilities.byteLength, 3);
    this.#executor = new Executor(model.gpu, profiler);
  }

  /**
   * @param capacity tokens of a batch; a longer sequence than that can't be classified.
   * @param pool where activations lie; may be shared with a trainer's plan.
   */
  static async create(
    model: AlbertModel,
    capacity: number,
    pool: ActivationPool = new ActivationPool(model.gpu),
    profiler?: Profiler,
  ): Promise<SequenceClassifier> {
    const { gpu, config, parameters } = model;
    await tuneModel(gpu, config, capacity, false);
    const batch = new BatchBuffers(gpu, capacity);
    const plan = new Plan(gpu, pool);
    plan.halfPrecision = gpu.halfPrecision;
    const { logits } = recordForward({ plan, batch, config, parameters, gradients: undefined });
    const probabilities = plan.keep(plan.tensor('probabilities', logits.shape));
    softmax(plan, batch, { logits, out: probabilities }, 'softmax');
    return new SequenceClassifier(model, batch, await plan.build(), probabilities, profiler);
  }

  /** Classifies sequences in their order, as many in a batch as fit. */
  async *classify(sequences: Iterable<{ ids: ArrayLike<number> }>): AsyncGenerator<ClassifiedSequence> {
    let waiting: { lengths: number[]; read: () => Promise<Float32Array> } | undefined;
    for (const batch of this.#batches(sequences)) {
      const previous = waiting;
      waiting = this.#submit(batch);
      if (previous) yield* this.#results(previous, 0.5);
    }
    if (waiting) yield* this.#results(waiting, 1);
  }

  *#batches(sequences: Iterable<{ ids: ArrayLike<number> }>): Generator<{ ids: ArrayLike<number> }[]> {
    let batch: { ids: ArrayLike<number> }[] = [];
    let tokens = 0;
    for (const sequence of sequences) {
      const { length } = sequence.ids;
      if (length === 0 || length > this.capacity) {
        throw new Error(`a sequence of ${length} tokens: 1 to ${this.capacity} can be classified`);
      }
      if (tokens + length > this.capacity) {
        yield batch;
        batch = [];
        tokens = 0;
      }
      batch.push(sequence);
      tokens += length;
    }
    if (batch.length > 0) yield batch;
  }

  #submit(batch: { ids: ArrayLike<number> }[]): { lengths: number[]; read: () => Promise<Float32Array> } {
    let read: (() => Promise<Float32Array>) | undefined;
    this.#batch.write(packSequences(batch));
    this.#executor.submit(this.#plan, 0, this.#plan.length, (encoder) => {
      read = this.#readback.copy(encoder, this.#probabilities);
    });
    return { lengths: batch.map((s) => s.ids.length), read: read! };
  }

  async *#results(
    { lengths, read }: { lengths: number[]; read: () => Promise<Float32Array> },
    share: number,
  ): AsyncGenerator<ClassifiedSequence> {
    const values = await this.#executor.wait(read, share);
    const labels = this.model.config.labels.length;
    let at = 0;
    for (const tokens of lengths) {
      yield { tokens, probabilities: values.slice(at * labels, (at + tokens) * labels) };
      at += tokens;
    }
  }
}
