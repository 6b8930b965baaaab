/** A named, shaped piece of GPU memory. */

export const ALIGNMENT = 256;

/** `bytes` rounded up to the alignment that every adapter takes for a binding's offset. */
export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export interface BufferSlice {
  buffer: GPUBuffer;
  /** In bytes, a multiple of 256 where it is bound. */
  offset: number;
}

/** Elements take 4 bytes: f32, i32 or u32. Row-major. */
export class Tensor {
  readonly label: string;
  readonly shape: readonly number[];
  /** Where it lies; undefined for an activation whose plan is not built yet. */
  place: BufferSlice | undefined;

  constructor(label: string, shape: readonly number[], place?: BufferSlice) {
    this.label = label;
    this.shape = shape;
    this.place = place;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1);
  }

  get byteLength(): number {
    return this.size * 4;
  }

  /** The rows [from, from + count) of a tensor, sharing its memory. The offset must be a multiple of 256 bytes to be bound. */
  rows(from: number, count: number): Tensor {
    if (!this.place) throw new Error(`${this.label} has no memory yet: only a placed tensor can be sliced`);
    const width = this.size / this.shape[0]!;
    const offset = this.place.offset + from * width * 4;
    return new Tensor(`${this.label}[${from}:${from + count}]`, [count, ...this.shape.slice(1)], {
      buffer: this.place.buffer,
      offset,
    });
  }
}
