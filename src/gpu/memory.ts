/** GPU memory: tensors that last, and a pool that activations share by lifetime. */
import { UserError } from '../errors.ts';
import type { Gpu } from './device.ts';
import { align, type BufferSlice, Tensor } from './tensor.ts';

const STORAGE = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC, whose globals Node lacks
const UNIFORM = 0x40 | 0x8; // UNIFORM | COPY_DST

function createBuffer(gpu: Gpu, label: string, size: number, usage: number): GPUBuffer {
  const limit = gpu.limits.maxBufferSize;
  if (size > limit) {
    throw new UserError(
      `"${label}" takes ${size} bytes, and ${gpu.adapter.name} gives no buffer larger than ${limit}: a smaller model or a smaller ` +
        'batch is needed, or another --adapter.',
    );
  }
  const bytes = Math.max(align(size), 256);
  gpu.allocatedBytes += bytes;
  return gpu.device.createBuffer({ label, size: bytes, usage });
}

/** A tensor with memory of its own, zero at first. */
export function createTensor(gpu: Gpu, label: string, shape: readonly number[]): Tensor {
  const tensor = new Tensor(label, shape);
  tensor.place = { buffer: createBuffer(gpu, label, tensor.byteLength, STORAGE), offset: 0 };
  return tensor;
}

/** A tensor with `values` in it. */
export function uploadTensor(
  gpu: Gpu,
  label: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Tensor {
  const tensor = createTensor(gpu, label, shape);
  if (values.length !== tensor.size)
    throw new Error(`${label}: ${values.length} values for shape [${shape.join(', ')}]`);
  gpu.device.queue.writeBuffer(tensor.place!.buffer, 0, values);
  return tensor;
}

/** A small uniform of `words` 4-byte values. */
export function createUniform(gpu: Gpu, label: string, words: number): Tensor {
  const size = Math.max(16, words * 4);
  return new Tensor(label, [words], { buffer: createBuffer(gpu, label, size, UNIFORM), offset: 0 });
}

/** One activation and the steps of its plan that use it, first and last inclusive. */
export interface Lifetime {
  tensor: Tensor;
  first: number;
  last: number;
}

/**
 * Buffers that activations of one or more plans share. A buffer holds one tensor at a time: WebGPU forbids one dispatch to
 * read one part of a buffer and write another, so tensors that meet in a dispatch never share one.
 *
 * Plans that share a pool must not run at the same time.
 */
export class ActivationPool {
  readonly #gpu: Gpu;
  readonly #buffers: { buffer: GPUBuffer; size: number }[] = [];
  readonly #textures = new Map<TextureKey, GPUTexture>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Bytes of all buffers and textures. */
  get bytes(): number {
    const textures = [...this.#textures.values()];
    return this.#buffers.reduce((sum, b) => sum + b.size, 0) + textures.reduce((sum, t) => sum + textureBytes(t), 0);
  }

  /** What `bytes` would be after `place`, and `texture` for each of `textures`. */
  bytesWith(lifetimes: readonly Lifetime[], textures: ReadonlyMap<TextureKey, TextureSize>): number {
    const buffers = this.#assign(lifetimes).sizes.slice(this.#buffers.length);
    const grown = [...textures].map(([key, size]) => {
      const there = this.#textures.get(key);
      return textureBytes(largerOf(size, there)) - (there ? textureBytes(there) : 0);
    });
    return this.bytes + [...buffers, ...grown].reduce((sum, bytes) => sum + bytes, 0);
  }

  #assign(lifetimes: readonly Lifetime[]): { buffer: number[]; sizes: number[] } {
    return assignBuffers(
      lifetimes.map((l) => ({ bytes: align(l.tensor.byteLength), first: l.first, last: l.last })),
      this.#buffers.map((b) => b.size),
    );
  }

  /** A texture of at least that size, that operands are copied into. */
  texture(key: TextureKey, wanted: TextureSize): GPUTexture {
    const there = this.#textures.get(key);
    const { width, height } = largerOf(wanted, there);
    if (there && there.width === width && there.height === height) return there;
    const label = typeof key === 'number' ? `operand ${key}` : `${key.label} as a texture`;
    const size = [width, height];
    const texture = this.#gpu.device.createTexture({ label, size, format: TEXTURE_FORMAT, usage: TEXTURE_USAGE });
    this.#gpu.allocatedBytes += textureBytes(texture);
    this.#textures.set(key, texture);
    return texture;
  }

  /** Gives every tensor of one plan its place. Largest first, each in the smallest buffer that is free for its lifetime. */
  place(lifetimes: readonly Lifetime[]): void {
    const assignment = this.#assign(lifetimes);
    for (const size of assignment.sizes.slice(this.#buffers.length)) {
      const label = `activations ${this.#buffers.length}`;
      this.#buffers.push({ buffer: createBuffer(this.#gpu, label, size, STORAGE), size });
    }
    lifetimes.forEach(({ tensor }, i) => {
      tensor.place = { buffer: this.#buffers[assignment.buffer[i]!]!.buffer, offset: 0 };
    });
  }
}

/** Tensors as textures, for kernels that read them as such. */
export const TEXTURE_FORMAT = 'rgba32float';
const TEXTURE_USAGE = 0x8 | 0x2; // GPUTextureUsage.STORAGE_BINDING | COPY_DST
export const TEXEL_FLOATS = 4;
/** A texture of a pool's: one that any operand passes through, by its number, or the one that a tensor keeps. */
export type TextureKey = number | Tensor;
/** In texels. */
export interface TextureSize {
  readonly width: number;
  readonly height: number;
}
const textureBytes = ({ width, height }: TextureSize): number => width * height * 4 * TEXEL_FLOATS;
const largerOf = (a: TextureSize, b: TextureSize = a): TextureSize => ({
  width: Math.max(a.width, b.width),
  height: Math.max(a.height, b.height),
});

export interface Interval {
  bytes: number;
  first: number;
  last: number;
}

/**
 * Buffers for intervals so that none overlaps another in the same buffer: first fit by decreasing size, best buffer first.
 * @param existing sizes of buffers that are there already.
 * @returns each interval's buffer, and all buffers' sizes (`existing` first).
 */
export function assignBuffers(
  intervals: readonly Interval[],
  existing: readonly number[] = [],
): { buffer: number[]; sizes: number[] } {
  const sizes = [...existing];
  const tenants: Interval[][] = sizes.map(() => []);
  const buffer = new Array<number>(intervals.length);
  const order = intervals.map((_, i) => i).sort((a, b) => intervals[b]!.bytes - intervals[a]!.bytes || a - b);
  for (const i of order) {
    const wanted = intervals[i]!;
    let best = -1;
    for (let b = 0; b < sizes.length; b++) {
      const free = tenants[b]!.every((t) => t.last < wanted.first || t.first > wanted.last);
      if (free && sizes[b]! >= wanted.bytes && (best < 0 || sizes[b]! < sizes[best]!)) best = b;
    }
    if (best < 0) {
      best = sizes.push(wanted.bytes) - 1;
      tenants.push([]);
    }
    tenants[best]!.push(wanted);
    buffer[i] = best;
  }
  return { buffer, sizes };
}

/** Writes values into a placed tensor, from its start or from element `at`. */
export function write(
  gpu: Gpu,
  tensor: Tensor,
  values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  at = 0,
): void {
  const { buffer, offset } = placeOf(tensor);
  gpu.device.queue.writeBuffer(buffer, offset + at * 4, values);
}

/** Where a tensor lies. */
export function placeOf(tensor: Tensor): BufferSlice {
  if (!tensor.place) throw new Error(`${tensor.label} has no memory: its plan is not built`);
  return tensor.place;
}
