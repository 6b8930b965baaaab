/** What changes from step to step and kernels read: one small uniform a purpose, and a batch's index lists. */
import type { Gpu } from '../gpu/device.ts';
import { createTensor, createUniform, write } from '../gpu/memory.ts';
import type { Tensor } from '../gpu/tensor.ts';

/** Sequences of sub-token ids that lie end to end in a batch. */
export interface PackedBatch {
  /** Word, position and token-type id of each token, [tokens, 3]. */
  ids: Uint32Array<ArrayBuffer>;
  /** Where each sequence starts, and where the last ends: [sequences + 1]. */
  sequenceStarts: Uint32Array<ArrayBuffer>;
  /** Label id of each token, -100 where it has none: [tokens]. */
  labels: Int32Array<ArrayBuffer>;
}

/** Packs sequences end to end; positions count from 0 in each. Token types are 0 unless given. */
export function packSequences(
  sequences: readonly { ids: ArrayLike<number>; typeIds?: ArrayLike<number>; labels?: ArrayLike<number> }[],
): PackedBatch {
  const tokens = sequences.reduce((sum, s) => sum + s.ids.length, 0);
  const ids = new Uint32Array(tokens * 3);
  const labels = new Int32Array(tokens).fill(-100);
  const sequenceStarts = new Uint32Array(sequences.length + 1);
  let t = 0;
  sequences.forEach((sequence, s) => {
    for (let p = 0; p < sequence.ids.length; p++, t++) {
      ids[t * 3] = sequence.ids[p]!;
      ids[t * 3 + 1] = p;
      ids[t * 3 + 2] = sequence.typeIds?.[p] ?? 0;
      labels[t] = sequence.labels?.[p] ?? -100;
    }
    sequenceStarts[s + 1] = t;
  });
  return { ids, sequenceStarts, labels };
}

/** Tokens of one attention tile: up to this many queries (or keys) of one sequence share a workgroup, in most kernels. */
export const TILE = 8;

/** The attention kernels' tiles, [tiles, 3]: first token, sequence's first token, sequence's end. */
export function attentionTiles(sequenceStarts: Uint32Array, size: number = TILE): Uint32Array<ArrayBuffer> {
  const tiles: number[] = [];
  for (let s = 0; s + 1 < sequenceStarts.length; s++) {
    const [start, end] = [sequenceStarts[s]!, sequenceStarts[s + 1]!];
    for (let first = start; first < end; first += size) tiles.push(first, start, end);
  }
  return Uint32Array.from(tiles);
}

/** Tokens by the row of an embedding table that they use, as embedding_gradient.wgsl wants them. */
export interface Occurrences {
  rows: Uint32Array<ArrayBuffer>;
  starts: Uint32Array<ArrayBuffer>;
  tokens: Uint32Array<ArrayBuffer>;
}

/** @param column 0: word ids, 1: position ids, 2: token-type ids. */
export function occurrencesOf(ids: Uint32Array, column: 0 | 1 | 2): Occurrences {
  const tokens = Uint32Array.from({ length: ids.length / 3 }, (_, t) => t);
  tokens.sort((a, b) => ids[a * 3 + column]! - ids[b * 3 + column]! || a - b);
  const rows: number[] = [];
  const starts: number[] = [];
  tokens.forEach((t, i) => {
    const id = ids[t * 3 + column]!;
    if (id !== rows.at(-1)) {
      rows.push(id);
      starts.push(i);
    }
  });
  return { rows: Uint32Array.from(rows), starts: Uint32Array.from([...starts, tokens.length]), tokens };
}

/** GPU side of one embedding table's occurrences. */
export class OccurrenceBuffers {
  readonly count: Tensor;
  readonly rows: Tensor;
  readonly starts: Tensor;
  readonly tokens: Tensor;
  readonly #gpu: Gpu;
  #current: number;

  /** @param capacity most tokens in a batch. @param tableRows rows of the table. */
  constructor(gpu: Gpu, label: string, capacity: number, tableRows: number) {
    const most = Math.min(capacity, tableRows);
    this.#gpu = gpu;
    this.#current = most;
    this.count = createUniform(gpu, `${label} rows`, 1);
    this.rows = createTensor(gpu, `${label} row ids`, [most]);
    this.starts = createTensor(gpu, `${label} row starts`, [most + 1]);
    this.tokens = createTensor(gpu, `${label} occurrences`, [capacity]);
  }

  /** Rows that the batch last written touches; before the first, the most there can be. */
  get current(): number {
    return this.#current;
  }

  write(occurrences: Occurrences): void {
    this.#current = occurrences.rows.length;
    write(this.#gpu, this.count, Uint32Array.of(occurrences.rows.length));
    write(this.#gpu, this.rows, occurrences.rows);
    write(this.#gpu, this.starts, occurrences.starts);
    write(this.#gpu, this.tokens, occurrences.tokens);
  }
}

/** GPU side of a batch: what every kernel of a plan reads. */
export class BatchBuffers {
  /** tokens; then, beside them, what the kernels call tiles or scale. */
  readonly tokens: Tensor;
  readonly attention: Tensor;
  readonly loss: Tensor;
  readonly random: Tensor;
  readonly ids: Tensor;
  readonly labels: Tensor;
  readonly words: OccurrenceBuffers | undefined;
  readonly positions: OccurrenceBuffers | undefined;
  readonly types: OccurrenceBuffers | undefined;
  /** Most tokens a batch may hold. */
  readonly capacity: number;
  readonly #gpu: Gpu;
  readonly #tiles = new Map<number, { list: Tensor; count: number }>();
  #sequenceStarts: Uint32Array = new Uint32Array();
  #current: { tokens: number; pairs: number };

  /**
   * @param tables rows of the word, position and token-type embeddings, where gradients are wanted.
   */
  constructor(gpu: Gpu, capacity: number, tables?: { words: number; positions: number; types: number }) {
    this.#gpu = gpu;
    this.capacity = capacity;
    this.#current = { tokens: capacity, pairs: capacity * capacity };
    this.tokens = createUniform(gpu, 'batch', 1);
    this.attention = createUniform(gpu, 'batch attention', 2);
    this.loss = createUniform(gpu, 'batch loss', 2);
    this.random = createUniform(gpu, 'random', 2);
    this.ids = createTensor(gpu, 'ids', [capacity, 3]);
    this.labels = createTensor(gpu, 'labels', [capacity]);
    this.words = tables && new OccurrenceBuffers(gpu, 'word', capacity, tables.words);
    this.positions = tables && new OccurrenceBuffers(gpu, 'position', capacity, tables.positions);
    this.types = tables && new OccurrenceBuffers(gpu, 'token type', capacity, tables.types);
  }

  /**
   * Tokens and (query, key) pairs of the batch last written: what dispatches are sized by. Before the first batch, the most there
   * can be.
   */
  get current(): { tokens: number; pairs: number } {
    return this.#current;
  }

  /** The attention tiles of up to `size` tokens, [capacity, 3], and how many the batch last written has of them. */
  tiles(size: number): { list: Tensor; count: number } {
    let tiles = this.#tiles.get(size);
    if (!tiles) {
      // Every sequence's last tile may be partly filled, so there can be as many tiles as tokens.
      tiles = { list: createTensor(this.#gpu, `tiles of ${size}`, [this.capacity, 3]), count: this.capacity };
      this.#tiles.set(size, tiles);
      if (this.#sequenceStarts.length > 0) this.#writeTiles(size);
    }
    return tiles;
  }

  #writeTiles(size: number): void {
    const tiles = this.#tiles.get(size)!;
    const values = attentionTiles(this.#sequenceStarts, size);
    tiles.count = values.length / 3;
    write(this.#gpu, tiles.list, values);
    if (size === TILE) write(this.#gpu, this.attention, Uint32Array.of(this.#current.tokens, tiles.count));
  }

  /**
   * Sends a batch to the GPU.
   * @param lossScale 1 / number of labels that count; computed from the batch where it is not given.
   */
  write(batch: PackedBatch, random: { seed: number; step: number } = { seed: 0, step: 0 }, lossScale?: number): void {
    const tokens = batch.ids.length / 3;
    if (tokens === 0 || tokens > this.capacity) {
      throw new Error(`a batch of ${tokens} tokens does not fit: 1 to ${this.capacity} were planned for`);
    }
    const gpu = this.#gpu;
    let pairs = 0;
    batch.sequenceStarts.forEach((start, s) => {
      if (s > 0) pairs += (start - batch.sequenceStarts[s - 1]!) ** 2;
    });
    this.#current = { tokens, pairs };
    this.#sequenceStarts = batch.sequenceStarts;
    for (const size of this.#tiles.keys()) this.#writeTiles(size);
    write(gpu, this.tokens, Uint32Array.of(tokens));
    write(gpu, this.random, Uint32Array.of(random.seed, random.step));
    write(gpu, this.ids, batch.ids);
    const scale = lossScale ?? 1 / Math.max(1, countLabels(batch.labels));
    const words = new Uint32Array([tokens, 0]);
    new Float32Array(words.buffer)[1] = scale;
    write(gpu, this.loss, words);
    write(gpu, this.labels, batch.labels);
    this.words?.write(occurrencesOf(batch.ids, 0));
    this.positions?.write(occurrencesOf(batch.ids, 1));
    this.types?.write(occurrencesOf(batch.ids, 2));
  }
}

/** How many labels are not -100. */
export const countLabels = (labels: Int32Array): number => labels.reduce((n, label) => n + (label === -100 ? 0 : 1), 0);
