/** Weights of a model, one tensor at a time, whatever file they lie in. */
import { UserError } from '../errors.ts';
import type { FileSource } from './file_source.ts';
import { DTYPE_BYTES, elementsOf, type TensorInfo, toFloat32 } from './safetensors.ts';

export interface WeightSource {
  /** Such as "safetensors" or "PyTorch (zip)". */
  readonly format: string;
  /** Files that the tensors lie in. */
  readonly files: readonly string[];
  /** Every tensor under its name in PyTorch; weights are [out, in]. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** A tensor's elements, row-major. Nothing is kept: who reads twice, reads the file twice. */
  read(name: string): Promise<Float32Array<ArrayBuffer>>;
  /** Frees what reading took; there is nothing to be read afterwards. */
  close(): void;
}

/** A tensor as a range of a file's bytes. */
export interface StoredTensor extends TensorInfo {
  file: string;
  /** Of the first element, in bytes. */
  offset: number;
  /** Elements from one index to the next, for each dimension; row-major without gaps where there are none. */
  strides?: readonly number[];
}

/** Strides of a row-major tensor without gaps. */
function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d]!;
  }
  return strides;
}

/** Whether a tensor with these strides lies in its file as it is read; a dimension of one element has no stride to speak of. */
function isDense({ shape, strides }: StoredTensor): boolean {
  if (!strides || elementsOf(shape) === 0) return true;
  const dense = denseStrides(shape);
  return shape.every((size, d) => size === 1 || strides[d] === dense[d]);
}

/** Elements from the first to the last one of a tensor, both included. */
export function spanOf({ shape, strides = denseStrides(shape) }: Pick<StoredTensor, 'shape' | 'strides'>): number {
  if (elementsOf(shape) === 0) return 0;
  return 1 + shape.reduce((last, size, d) => last + (size - 1) * strides[d]!, 0);
}

async function readStored(source: FileSource, tensor: StoredTensor): Promise<Float32Array<ArrayBuffer>> {
  const { dtype, shape, file, offset } = tensor;
  const span = spanOf(tensor);
  const bytes = await source.read(file, offset, span * DTYPE_BYTES[dtype]);
  const values = toFloat32({ dtype, shape: [span], bytes });
  return (isDense(tensor) ? values : gather(values, shape, tensor.strides!)) as Float32Array<ArrayBuffer>;
}

/** Row-major elements out of ones that lie otherwise. */
function gather(values: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const out = new Float32Array(elementsOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[from]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      from -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return out;
}

/** Weights whose places in the files are known. */
export function storedWeights(
  source: FileSource,
  format: string,
  files: readonly string[],
  tensors: ReadonlyMap<string, StoredTensor>,
): WeightSource {
  return {
    format,
    files,
    tensors,
    close() {},
    async read(name) {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`no tensor ${name}`);
      try {
        return await readStored(source, tensor);
      } catch (error) {
        throw error instanceof UserError ? new UserError(`${name}: ${error.message}`) : error;
      }
    },
  };
}
