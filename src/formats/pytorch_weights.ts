/**
 * Weights out of pytorch_model.bin: the zip archive that torch.save writes since PyTorch 1.6, and the stream of pickles from
 * before, which most of the hub's first ALBERT checkpoints are. Only tensors are read and nothing is ever run (see pickle.ts).
 * Source: torch/serialization.py and torch/_utils.py.
 */
import { UserError } from '../errors.ts';
import type { FileSource } from './file_source.ts';
import { PickleCutOff, PickleName, type PickleNames, unpickle } from './pickle.ts';
import { DTYPE_BYTES, type DType } from './safetensors.ts';
import { type StoredTensor, spanOf, storedWeights, type WeightSource } from './weight_source.ts';
import { readZipDirectory } from './zip.ts';

const STORAGE_DTYPES: Record<string, DType> = {
  'torch.DoubleStorage': 'F64',
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

/** Numbers that tensors are views of. */
class Storage {
  readonly key: string;
  readonly dtype: DType;
  /** Elements. */
  readonly size: number;
  /** Where a view begins in the storage that the file has, in elements. */
  readonly start: number;

  constructor(key: string, dtype: DType, size: number, start: number) {
    this.key = key;
    this.dtype = dtype;
    this.size = size;
    this.start = start;
  }
}

class PickledTensor {
  readonly storage: Storage;
  /** Of the first element within the storage, in elements. */
  readonly offset: number;
  readonly shape: number[];
  readonly strides: number[];

  constructor(storage: Storage, offset: number, shape: number[], strides: number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

/** The reader of pickles with the few names that a state_dict needs. */
class TensorPickle {
  readonly where: string;
  readonly #names: PickleNames;
  /** Elements of each storage that the pickle refers to. */
  readonly storages = new Map<string, Storage>();

  constructor(where: string) {
    this.where = where;
    const tensor = (args: readonly unknown[]) => this.#tensor(args);
    const names: [string, ((args: readonly unknown[]) => unknown) | null][] = [
      ['collections.OrderedDict', ([pairs]) => new Map((pairs ?? []) as [unknown, unknown][])],
      ['torch._utils._rebuild_tensor', tensor],
      ['torch._utils._rebuild_tensor_v2', tensor],
      ['torch._utils._rebuild_parameter', ([data]) => data],
      ['torch.Size', ([sizes]) => sizes],
      ...Object.keys(STORAGE_DTYPES).map((name) => [name, null] as [string, null]),
    ];
    this.#names = new Map(names);
  }

  fault(what: string): UserError {
    return new UserError(`${this.where}: not a file of tensors as torch.save writes it: ${what}.`);
  }

  #storage(id: unknown): Storage {
    const [kind, type, key, , size, view] = Array.isArray(id) ? id : [];
    const dtype = type instanceof PickleName ? STORAGE_DTYPES[type.name] : undefined;
    if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(size)) {
      throw this.fault('it refers to something that is no storage of numbers');
    }
    const whole = new Storage(key, dtype, size, 0);
    const known = this.storages.get(key);
    if (!known || known.size * DTYPE_BYTES[known.dtype] < size * DTYPE_BYTES[dtype]) this.storages.set(key, whole);
    if (view === null || view === undefined) return whole;
    const [, start, length] = Array.isArray(view) ? view : [];
    if (!isCount(start) || !isCount(length) || start + length > size) throw this.fault(`storage ${key} has a bad view`);
    return new Storage(key, dtype, length, start);
  }

  #tensor([storage, offset, shape, strides]: readonly unknown[]): PickledTensor {
    if (
      !(storage instanceof Storage) ||
      !isCount(offset) ||
      !isCounts(shape) ||
      !isCounts(strides) ||
      shape.length !== strides.length
    ) {
      throw this.fault('a tensor is not made of a storage, an offset, a shape and strides');
    }
    if (offset + spanOf({ shape, strides }) > storage.size) {
      throw this.fault(`a tensor [${shape}] reaches beyond its storage of ${storage.size} elements`);
    }
    return new PickledTensor(storage, offset, shape, strides);
  }

  read(bytes: Uint8Array, start = 0): { value: unknown; end: number } {
    const options = { names: this.#names, persistent: (id: unknown) => this.#storage(id), where: this.where };
    return unpickle(bytes, options, start);
  }

  /** Tensors of a state_dict, as places in the file; `at` says where a storage's bytes begin. */
  tensors(value: unknown, file: string, at: (storage: Storage) => number): Map<string, StoredTensor> {
    if (!(value instanceof Map)) throw this.fault('it holds no state_dict');
    const found = new Map<string, StoredTensor>();
    for (const [name, tensor] of value as Map<unknown, unknown>) {
      if (typeof name !== 'string' || !(tensor instanceof PickledTensor)) continue;
      const { storage, offset, shape, strides } = tensor;
      const { dtype } = storage;
      const first = at(storage) + (storage.start + offset) * DTYPE_BYTES[dtype];
      found.set(name, { dtype, shape, strides, file, offset: first });
    }
    if (found.size === 0) {
      const keys = [...value.keys()].slice(0, 5).map((key) => JSON.stringify(key));
      throw this.fault(
        `it holds no tensor, but ${keys.length > 0 ? keys.join(', ') : 'nothing'}. Expected a state_dict, as save_pretrained writes it`,
      );
    }
    return found;
  }
}

/** Opens pytorch_model.bin or a shard of it. @throws UserError where it is no file of tensors, or wants anything run. */
export async function openPytorch(source: FileSource, file: string): Promise<WeightSource> {
  const where = `${source.where}/${file}`;
  const size = await source.size(file);
  const [a, b] = await source.read(file, 0, Math.min(2, size));
  if (a === 0x50 && b === 0x4b) return openZip(source, file, new TensorPickle(where));
  if (a === 0x80) return openStream(source, file, new TensorPickle(where), size);
  throw new UserError(
    `${where}: not a PyTorch file: it begins neither as a zip archive nor as a pickle. A Git LFS pointer, a download that was cut ` +
      'off or a tar file of PyTorch before 0.1.10 looks like this: fetch it again, or load it in PyTorch and save it again.',
  );
}

async function openZip(source: FileSource, file: string, pickle: TensorPickle): Promise<WeightSource> {
  const entries = await readZipDirectory(source, file);
  const main = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (main === undefined) throw pickle.fault('its archive has no data.pkl');
  const root = main.slice(0, -'data.pkl'.length);
  const read = async (name: string) => {
    const { offset, size } = entries.get(name)!;
    return source.read(file, offset, size);
  };
  if (entries.has(`${root}byteorder`) && new TextDecoder().decode(await read(`${root}byteorder`)) !== 'little') {
    throw pickle.fault('its numbers are big-endian; load it in PyTorch and save it as safetensors');
  }
  const { value } = pickle.read(await read(main));
  for (const { key, dtype, size } of pickle.storages.values()) {
    const entry = entries.get(`${root}data/${key}`);
    if (!entry || entry.size < size * DTYPE_BYTES[dtype]) throw pickle.fault(`storage ${key} is missing or too short`);
  }
  const tensors = pickle.tensors(value, file, ({ key }) => entries.get(`${root}data/${key}`)!.offset);
  return storedWeights(source, 'PyTorch (zip)', [file], tensors);
}

const MAGIC = 0x1950a86a20f9469cfc6cn;
const FIRST_PIECE = 1 << 20;

/** The format before PyTorch 1.6: magic number, protocol, system, state_dict, keys of the storages; then each storage. */
async function openStream(source: FileSource, file: string, pickle: TensorPickle, size: number): Promise<WeightSource> {
  const { value, keys, end } = await readHead(source, file, pickle, size);
  const places = new Map<string, number>();
  let at = end;
  for (const key of keys) {
    const storage = pickle.storages.get(key);
    if (!storage) throw pickle.fault(`its storage ${key} belongs to no tensor`);
    const bytes = storage.size * DTYPE_BYTES[storage.dtype];
    const count = await source.read(file, at, 8); // ends too soon where the file was cut off
    const stored = Number(new DataView(count.buffer, count.byteOffset).getBigUint64(0, true));
    if (stored !== storage.size) throw pickle.fault(`storage ${key} has ${stored} elements, expected ${storage.size}`);
    places.set(key, at + 8);
    at += 8 + bytes;
  }
  if (at > size)
    throw pickle.fault(`it ends after ${size} bytes where ${at} were expected: it was cut off; fetch it again`);
  const tensors = pickle.tensors(value, file, ({ key }) => {
    const place = places.get(key);
    if (place === undefined) throw pickle.fault(`storage ${key} is missing`);
    return place;
  });
  return storedWeights(source, 'PyTorch (stream of pickles)', [file], tensors);
}

/** The pickles before the storages. How long they are nobody says, so more is read until they are whole. */
async function readHead(
  source: FileSource,
  file: string,
  pickle: TensorPickle,
  size: number,
): Promise<{ value: unknown; keys: string[]; end: number }> {
  for (let length = Math.min(FIRST_PIECE, size); ; length = Math.min(2 * length, size)) {
    const bytes = await source.read(file, 0, length);
    try {
      const magic = pickle.read(bytes);
      if (magic.value !== MAGIC) throw pickle.fault('it is a pickle, but not of PyTorch');
      const protocol = pickle.read(bytes, magic.end);
      const system = pickle.read(bytes, protocol.end);
      if (protocol.value !== 1001) throw pickle.fault(`protocol ${protocol.value}, expected 1001`);
      if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) {
        throw pickle.fault('its numbers are big-endian; load it in PyTorch and save it as safetensors');
      }
      const { value, end } = pickle.read(bytes, system.end);
      const keys = pickle.read(bytes, end);
      if (!Array.isArray(keys.value) || !keys.value.every((key) => typeof key === 'string')) {
        throw pickle.fault('it has no list of storages');
      }
      return { value, keys: keys.value as string[], end: keys.end };
    } catch (error) {
      if (!(error instanceof PickleCutOff) || length === size) throw error;
    }
  }
}
