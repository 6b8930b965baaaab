/**
 * Weights out of tf_model.h5, which transformers' TensorFlow models wrote with Keras up to version 4. HDF5 itself is read by
 * h5wasm, which is loaded when it is needed; the file lies in its memory while it is open, the tensors are read one by one.
 * Source of the names: convert_tf_weight_name_to_pt_weight_name in transformers 4's modeling_tf_pytorch_utils.py.
 */
import type { Module } from 'h5wasm';
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

/** Copies a file into h5wasm's file system, piece by piece, so that it is there once and nowhere else. */
async function copyIn(FS: (typeof Module)['FS'], path: string, source: FileSource, file: string): Promise<void> {
  const size = await source.size(file);
  const stream = FS.open(path, 'w');
  try {
    FS.truncate(path, size);
    for (let at = 0; at < size; at += PIECE) {
      const bytes = await source.read(file, at, Math.min(PIECE, size - at));
      FS.write(stream, bytes, 0, bytes.length, at);
    }
  } catch (error) {
    FS.unlink(path);
    throw error;
  } finally {
    FS.close(stream);
  }
}

let opened = 0; // for names in that file system

/** Opens tf_model.h5. @throws UserError where it is no HDF5 file of a Keras model. */
export async function openTensorflow(source: FileSource, file: string): Promise<WeightSource> {
  const where = `${source.where}/${file}`;
  const { ready, File, Dataset } = await import('h5wasm');
  const module = await ready;
  const { FS } = module;
  module.activate_throwing_error_handler();
  const path = `/weights-${opened++}.h5`;
  const remove = () => FS.unlink(path);
  await copyIn(FS, path, source, file);

  /** What h5wasm is asked to do; its faults are those of the file. */
  const ask = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const reason = String(error instanceof Error ? error.message : error);
      throw new UserError(
        `${where}: not a whole HDF5 file (${/Not an HDF5 file|truncated file/.exec(reason)?.[0] ?? 'it is damaged'}): a Git LFS pointer or a ` +
          'download that was cut off looks like this; fetch it again.',
      );
    }
  };
  const h5 = (() => {
    try {
      return ask(() => new File(path, 'r'));
    } catch (error) {
      remove();
      throw error;
    }
  })();
  const close = () => {
    try {
      ask(() => h5.close());
    } finally {
      remove();
    }
  };
  const listVariables = (): Map<string, Variable> => {
    const variables = new Map<string, Variable>();
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
    return variables;
  };

  let variables: Map<string, Variable>;
  try {
    variables = ask(listVariables);
    if (variables.size === 0) {
      throw new UserError(
        `${where} holds no weights of a Keras model: expected a tf_model.h5 that transformers wrote.`,
      );
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    format: 'TensorFlow (HDF5)',
    files: [file],
    tensors: variables,
    close,
    async read(name) {
      const variable = variables.get(name);
      if (!variable) throw new Error(`no tensor ${name}`);
      const value = ask(() => {
        const entry = h5.get(variable.path);
        return entry instanceof Dataset ? entry.value : null;
      });
      if (!(value instanceof Float32Array || value instanceof Float64Array)) {
        throw new UserError(`${where}: ${variable.path} can't be read.`);
      }
      const values = value instanceof Float64Array ? new Float32Array(value) : (value as Float32Array<ArrayBuffer>);
      const [out, input] = variable.shape;
      return variable.transposed ? transpose(values, input!, out!) : values;
    },
  };
}
