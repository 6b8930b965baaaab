/**
 * Weights out of tf_model.h5, which transformers' TensorFlow models wrote with Keras up to version 4. HDF5 itself is read by
 * h5wasm, which is loaded when it is needed; the file lies in its memory while it is open, the tensors are read one by one.
 * Source of the names: convert_tf_weight_name_to_pt_weight_name in transformers 4's modeling_tf_pytorch_utils.py.
 */
import { UserError } from '../errors.ts';
import type { FileSource } from './file_source.ts';
import type { DType, TensorInfo } from './safetensors.ts';
import type { WeightSource } from './weight_source.ts';

const PIECE = 1 << 24; // bytes copied into h5wasm's memory at a time
const DTYPES: Record<string, DType> = { '<f': 'F32', '<d': 'F64' };

interface Variable extends TensorInfo {
  /** Within the HDF5 file. */
  path: string;
  /** A dense layer's kernel is [in, out] there. */
  transposed: boolean;
}

/**
 * A variable's name in PyTorch. `path` is `layer/model/albert/…/query/kernel:0`: Keras' group of the layer and the model's
 * own name go, lists are written `albert_layers_._0`.
 */
export function pytorchName(path: string): { name: string; transposed: boolean } {
  const parts = path
    .replace(/:0$/, '')
    .replaceAll('_._', '/')
    .split('/')
    .filter((part) => part !== '')
    .slice(2);
  const last = parts.pop() ?? '';
  const renamed: Record<string, string> = { kernel: 'weight', embeddings: 'weight', gamma: 'weight', beta: 'bias' };
  return { name: [...parts, renamed[last] ?? last].join('.'), transposed: last === 'kernel' };
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}

let opened = 0;

/** Opens tf_model.h5. @throws UserError where it is no HDF5 file of a Keras model. */
export async function openTensorflow(source: FileSource, file: string): Promise<WeightSource> {
  const where = `${source.where}/${file}`;
  const { ready, File, Dataset } = await import('h5wasm');
  const module = await ready;
  const { FS } = module;
  module.activate_throwing_error_handler();
  const path = `/weights-${opened++}.h5`;
  const remove = () => FS.unlink(path);
  const stream = FS.open(path, 'w');
  try {
    const size = await source.size(file);
    FS.truncate(path, size);
    for (let at = 0; at < size; at += PIECE) {
      const bytes = await source.read(file, at, Math.min(PIECE, size - at));
      FS.write(stream, bytes, 0, bytes.length, at);
    }
  } catch (error) {
    remove();
    throw error;
  } finally {
    FS.close(stream);
  }

  const variables = new Map<string, Variable>();
  const open = () => {
    try {
      return new File(path, 'r');
    } catch {
      remove();
      throw new UserError(
        `${where}: not an HDF5 file: a Git LFS pointer or a download that was cut off looks like this; fetch it again.`,
      );
    }
  };
  const h5 = open();
  const close = () => {
    h5.close();
    remove();
  };
  for (const name of h5.paths()) {
    const entry = h5.get(name);
    if (!(entry instanceof Dataset)) continue;
    const { shape } = entry;
    const dtype = typeof entry.dtype === 'string' ? DTYPES[entry.dtype] : undefined;
    const { name: parameter, transposed } = pytorchName(name);
    if (!shape || !dtype || parameter === '' || variables.has(parameter)) continue;
    const isKernel = transposed && shape.length === 2;
    const turned = isKernel ? [shape[1]!, shape[0]!] : shape;
    variables.set(parameter, { path: name, dtype, shape: turned, transposed: isKernel });
  }
  if (variables.size === 0) {
    close();
    throw new UserError(`${where} holds no weights of a Keras model: expected a tf_model.h5 that transformers wrote.`);
  }
  return {
    format: 'TensorFlow (HDF5)',
    files: [file],
    tensors: variables,
    close,
    async read(name) {
      const variable = variables.get(name);
      if (!variable) throw new Error(`no tensor ${name}`);
      const entry = h5.get(variable.path);
      const value = entry instanceof Dataset ? entry.value : null;
      if (!(value instanceof Float32Array || value instanceof Float64Array)) {
        throw new UserError(`${where}: ${variable.path} can't be read.`);
      }
      const values = value instanceof Float64Array ? new Float32Array(value) : (value as Float32Array<ArrayBuffer>);
      const [out, input] = variable.shape;
      return variable.transposed ? transpose(values, input!, out!) : values;
    },
  };
}
