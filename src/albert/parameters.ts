/** All parameters of a model in one flat GPU buffer, and their gradients in another. */
import type { AlbertConfig } from '../formats/albert_config.ts';
import { decays, expectedParameters, type ParameterInfo } from '../formats/albert_parameters.ts';
import type { Gpu } from '../gpu/device.ts';
import { createTensor, write } from '../gpu/memory.ts';
import { readTensor } from '../gpu/readback.ts';
import { ALIGNMENT, type BufferSlice, Tensor } from '../gpu/tensor.ts';
import { Random } from '../random.ts';

const UNIT = ALIGNMENT / 4; // elements

/** A parameter's place in the flat buffers. */
export interface Slot extends ParameterInfo {
  /** In elements, from the start of the buffer. */
  offset: number;
}

export interface Layout {
  slots: ReadonlyMap<string, Slot>;
  /** Elements of the buffer. */
  size: number;
  /** Elements of the first part, those that weight decay applies to. */
  decayed: number;
}

/**
 * Where each parameter lies: those that decay first, each at a multiple of 256 bytes; query, key and value follow each other
 * without a gap, so that they are also one weight of three times the rows.
 */
export function layoutOf(config: AlbertConfig): Layout {
  const all = expectedParameters(config);
  const slots = new Map<string, Slot>();
  let at = 0;
  const place = (parameters: ParameterInfo[]) => {
    for (const parameter of parameters) {
      const follows = /attention\.(key|value)\./.test(parameter.name);
      if (!follows) at = Math.ceil(at / UNIT) * UNIT;
      slots.set(parameter.name, { ...parameter, offset: at });
      at += parameter.shape.reduce((product, n) => product * n, 1);
    }
    at = Math.ceil(at / UNIT) * UNIT;
  };
  place(all.filter((p) => decays(p.name)));
  const decayed = at;
  place(all.filter((p) => !decays(p.name)));
  return { slots, size: at, decayed };
}

/** Parameters or gradients as tensors that share one buffer. */
export class ParameterSet {
  readonly layout: Layout;
  /** The whole buffer, [layout.size]. */
  readonly flat: Tensor;
  readonly #gpu: Gpu;
  readonly #tensors = new Map<string, Tensor>();

  constructor(gpu: Gpu, label: string, layout: Layout) {
    this.#gpu = gpu;
    this.layout = layout;
    this.flat = createTensor(gpu, label, [layout.size]);
  }

  #slot(name: string): Slot {
    const slot = this.layout.slots.get(name);
    if (!slot) throw new Error(`no parameter ${name}`);
    return slot;
  }

  #at(offset: number): BufferSlice {
    const { buffer, offset: start } = this.flat.place!;
    return { buffer, offset: start + offset * 4 };
  }

  /** The parameter `name`; the same object at every call. */
  get(name: string): Tensor {
    return this.#tensor(name, () => {
      const { shape, offset } = this.#slot(name);
      return new Tensor(name, shape, this.#at(offset));
    });
  }

  #tensor(key: string, make: () => Tensor): Tensor {
    const tensor = this.#tensors.get(key) ?? make();
    this.#tensors.set(key, tensor);
    return tensor;
  }

  /** Query, key and value of an attention as one: weight [3 · hidden, hidden], bias [3 · hidden]. */
  queryKeyValue(attention: string, kind: 'weight' | 'bias'): Tensor {
    const name = `${attention}.qkv.${kind}`;
    return this.#tensor(name, () => {
      const { shape, offset } = this.#slot(`${attention}.query.${kind}`);
      return new Tensor(name, [shape[0]! * 3, ...shape.slice(1)], this.#at(offset));
    });
  }

  write(name: string, values: Float32Array): void {
    const { shape, offset } = this.#slot(name);
    const size = shape.reduce((product, n) => product * n, 1);
    if (values.length !== size) throw new Error(`${name}: ${values.length} values for shape [${shape.join(', ')}]`);
    write(this.#gpu, this.flat, values as Float32Array<ArrayBuffer>, offset);
  }

  /** Reads one parameter back. */
  read(name: string): Promise<Float32Array<ArrayBuffer>> {
    return readTensor(this.#gpu, this.get(name));
  }
}

/**
 * The values that transformers starts a new model from: weights and embeddings normal(0, initializer_range), the padding
 * token's embedding and all biases 0, LayerNorm's weights 1.
 */
export function initialValues(config: AlbertConfig, { name, shape }: ParameterInfo, random: Random): Float32Array {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  if (name.endsWith('bias')) return values;
  if (!decays(name)) return values.fill(1);
  for (let i = 0; i < values.length; i++) values[i] = random.normal() * config.initializer_range;
  if (name.endsWith('word_embeddings.weight')) {
    const width = shape[1]!;
    values.fill(0, config.pad_token_id * width, (config.pad_token_id + 1) * width);
  }
  return values;
}

/** Fills `parameters` with initial values. Each parameter draws from its own stream, so adding one changes no other. */
export function initialize(
  parameters: ParameterSet,
  config: AlbertConfig,
  seed: number,
  names?: Iterable<string>,
): void {
  const wanted = names && new Set(names);
  for (const slot of parameters.layout.slots.values()) {
    if (wanted && !wanted.has(slot.name)) continue;
    parameters.write(slot.name, initialValues(config, slot, new Random(seed, streamOf(slot.name))));
  }
}

/** A number for a name (FNV-1a). */
function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
