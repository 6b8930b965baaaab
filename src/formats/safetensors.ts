/**
 * Reading and writing safetensors: 8 bytes of header length (little-endian), a JSON header, then the tensors' bytes end to end.
 * Source: the format's description in huggingface/safetensors.
 */
import { UserError } from '../errors.ts';

/** Bytes of one element of each dtype that this package meets. */
export const DTYPE_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  C64: 8,
} as const;
export type DType = keyof typeof DTYPE_BYTES;

export interface TensorInfo {
  dtype: DType;
  /** Row-major; empty for a scalar. */
  shape: number[];
}

/** A tensor as it lies in a file. */
export interface Tensor extends TensorInfo {
  /** Little-endian elements. */
  bytes: Uint8Array;
}

export interface SafetensorsHeader {
  /** Each tensor with its bytes [begin, end) in the file. */
  tensors: Map<string, TensorInfo & { begin: number; end: number }>;
  metadata: Record<string, string>;
}

const LONGEST_HEADER = 100_000_000; // the reference implementation's bound

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Keys of the outermost object of a JSON text that stand there more than once; JSON.parse takes the last in silence. */
function repeatedKeys(json: string): Set<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, -1)) as string;
      if (seen.has(key)) repeated.add(key);
      seen.add(key);
    }
  }
  return repeated;
}

/** Bytes of the header, its length field included, read from a file's first 8 bytes. */
export function headerBytes(first8: Uint8Array, fileSize: number, where = 'safetensors file'): number {
  const length = first8.length >= 8 ? Number(new DataView(first8.buffer, first8.byteOffset).getBigUint64(0, true)) : -1;
  if (length < 2 || length > LONGEST_HEADER || length + 8 > fileSize) {
    throw new UserError(
      `${where}: not a safetensors file: its ${fileSize} bytes do not begin with the length of a header. ` +
        'A Git LFS pointer or a download that was cut off looks like this: fetch the file again.',
    );
  }
  return length + 8;
}

/**
 * Reads the header out of a file's first bytes (at least `headerBytes` of them).
 * @param fileSize bytes of the whole file. @param where the file's name, for messages.
 * @throws UserError that lists every fault: bad JSON, unknown dtypes, sizes that do not fit, overlaps and holes.
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  fileSize = bytes.length,
  where = 'safetensors file',
): SafetensorsHeader {
  const dataStart = headerBytes(bytes, fileSize, where);
  let header: Record<string, unknown>;
  const faults: string[] = [];
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, dataStart));
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) throw new Error('it is no object');
    header = value;
    for (const name of repeatedKeys(text)) faults.push(`${name} stands twice in the header`);
  } catch (error) {
    throw new UserError(
      `${where}: the header is not JSON (${error instanceof Error ? error.message : error}): fetch the file again.`,
    );
  }
  const tensors: SafetensorsHeader['tensors'] = new Map();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (isObject(value) ? value : {}) as Record<string, unknown>;
    const [begin, end] = (Array.isArray(offsets) && offsets.length === 2 ? offsets : []) as unknown[];
    if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
      faults.push(`${name} has the unknown dtype ${JSON.stringify(dtype)}`);
    } else if (!Array.isArray(shape) || !shape.every(isCount)) faults.push(`${name} has no valid shape`);
    else if (!isCount(begin) || !isCount(end) || end - begin !== elementsOf(shape) * DTYPE_BYTES[dtype as DType]) {
      faults.push(`${name} [${shape}] of ${dtype} does not fit its bytes ${begin} to ${end}`);
    } else tensors.set(name, { dtype: dtype as DType, shape, begin: begin + dataStart, end: end + dataStart });
  }
  const metadata = header.__metadata__ ?? {};
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    faults.push('__metadata__ is not a map from texts to texts');
  }
  let at = dataStart;
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) faults.push(`${name} begins at byte ${begin}, where ${at} was expected`);
    at = end;
  }
  if (faults.length === 0 && at !== fileSize) faults.push(`the tensors end at byte ${at} of ${fileSize}`);
  if (faults.length > 0) throw new UserError(`${where}: not a valid safetensors file: ${faults.join('; ')}.`);
  return { tensors, metadata: metadata as Record<string, string> };
}

/** Reads a whole file; the tensors are views into `bytes`. */
export function readSafetensors(
  bytes: Uint8Array,
  where?: string,
): { tensors: Map<string, Tensor>; metadata: Record<string, string> } {
  const { tensors, metadata } = readSafetensorsHeader(bytes, bytes.length, where);
  const views = [...tensors].map(
    ([name, { dtype, shape, begin, end }]) => [name, { dtype, shape, bytes: bytes.subarray(begin, end) }] as const,
  );
  return { tensors: new Map(views), metadata };
}

/** The bytes at an address that is a multiple of `unit`, copied only where they must be. */
function aligned(bytes: Uint8Array, unit: number): Uint8Array {
  return bytes.byteOffset % unit === 0 ? bytes : bytes.slice();
}

/** IEEE 754 half precision to single: 5 bits of exponent become 8, 10 of fraction 23. */
function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const exponent = half & 0x7c00;
    if (exponent === 0) floats[i] = (half & 0x8000 ? -1 : 1) * (half & 0x3ff) * 2 ** -24;
    else
      bits[i] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + (exponent === 0x7c00 ? 0x70000000 : 0x38000000));
  }
  return floats;
}

/** Elements as float32, from F64, F32, F16 or BF16. F32 is a view where the bytes are aligned. */
export function toFloat32({ dtype, bytes }: Tensor): Float32Array {
  const count = bytes.length / DTYPE_BYTES[dtype];
  switch (dtype) {
    case 'F32': {
      const b = aligned(bytes, 4);
      return new Float32Array(b.buffer, b.byteOffset, count);
    }
    case 'F64': {
      const b = aligned(bytes, 8);
      return new Float32Array(new Float64Array(b.buffer, b.byteOffset, count));
    }
    case 'F16': {
      const b = aligned(bytes, 2);
      return halvesToFloats(new Uint16Array(b.buffer, b.byteOffset, count));
    }
    case 'BF16': {
      const b = aligned(bytes, 2);
      const upper = new Uint16Array(b.buffer, b.byteOffset, count); // bfloat16 is the upper half of float32
      const bits = new Uint32Array(count);
      for (let i = 0; i < count; i++) bits[i] = upper[i]! << 16;
      return new Float32Array(bits.buffer);
    }
    default:
      throw new UserError(`a tensor of ${dtype} where F32, F16, BF16 or F64 is expected.`);
  }
}

/** Elements as int32, from I32, I64 (where they fit), U8 or BOOL. */
export function toInt32({ dtype, bytes }: Tensor): Int32Array {
  const count = bytes.length / DTYPE_BYTES[dtype];
  switch (dtype) {
    case 'I32': {
      const b = aligned(bytes, 4);
      return new Int32Array(b.buffer, b.byteOffset, count);
    }
    case 'I64': {
      const b = aligned(bytes, 8);
      return Int32Array.from(new BigInt64Array(b.buffer, b.byteOffset, count), Number);
    }
    case 'U8':
    case 'BOOL':
      return Int32Array.from(bytes);
    default:
      throw new UserError(`a tensor of ${dtype} where I32 or I64 is expected.`);
  }
}

/** The header of a file with these tensors, padded with spaces to a multiple of 8 bytes, its length field first. */
export function safetensorsHeader(
  tensors: Iterable<readonly [string, TensorInfo]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let at = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const end = at + elementsOf(shape) * DTYPE_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/** A file's bytes piece by piece, tensor by tensor, so that a large model is never held twice. */
export async function* safetensorsChunks(
  tensors: readonly (readonly [string, TensorInfo])[],
  read: (name: string) => Promise<ArrayBufferView> | ArrayBufferView,
  metadata?: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  yield safetensorsHeader(tensors, metadata);
  for (const [name, info] of tensors) {
    const view = await read(name);
    const expected = elementsOf(info.shape) * DTYPE_BYTES[info.dtype];
    if (view.byteLength !== expected) throw new Error(`${name}: ${view.byteLength} bytes, expected ${expected}`);
    yield new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
}

/** A whole file of float32 tensors. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, { shape: number[]; values: Float32Array }>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header = safetensorsHeader(
    [...tensors].map(([name, { shape }]) => [name, { dtype: 'F32', shape }] as const),
    metadata,
  );
  const parts = [
    header,
    ...[...tensors.values()].map(({ values: v }) => new Uint8Array(v.buffer, v.byteOffset, v.byteLength)),
  ];
  const file = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
