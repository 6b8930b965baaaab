/**
 * A plan: dispatches recorded once and replayed at every step.
 *
 * Recording gives each dispatch its shader, override constants and tensors by name. `build` compiles what is new, all at
 * once, gives activations their memory by lifetime and makes the bind groups; `encode` then only writes commands.
 */
import { UserError } from '../errors.ts';
import { BuiltPlan, type Command, type Operation, type Workgroups } from './built_plan.ts';
import type { AdapterFacts, Gpu } from './device.ts';
import {
  ActivationPool,
  createUniform,
  type Lifetime,
  placeOf,
  TEXEL_FLOATS,
  type TextureKey,
  type TextureSize,
  write,
} from './memory.ts';
import { Tensor } from './tensor.ts';
import type { Choices } from './tuning.ts';
import { bindingsOf, specialize } from './wgsl.ts';

export interface Dispatch {
  /** File name under shaders/, without `.wgsl`. */
  kernel: string;
  entryPoint?: string;
  /** What it is for, such as "layer 3 attention", for the profile. */
  label?: string;
  /** Values of the file's `override`s. */
  constants?: Readonly<Record<string, number>>;
  /** Values of the file's `const` register-tile sizes. */
  sizes?: Readonly<Record<string, number>>;
  /** Tensors by the names of the file's bindings. */
  bindings: Readonly<Record<string, Tensor>>;
  /** Tensors [rows, columns] that the file reads as textures: they are copied into some before the dispatch. See `fitsTexture`. */
  textures?: Readonly<Record<string, TextureOperand>>;
  /** A function where they depend on the batch: it is asked at every replay, and its first answer must be the largest. */
  workgroups: Workgroups | (() => Workgroups);
  /** Arithmetic and memory traffic, for the profile and for splitting work into submits; functions as for workgroups. */
  flops?: Amount;
  bytes?: Amount;
}
export interface TextureOperand {
  tensor: Tensor;
  /** Rows to copy, where that depends on the batch; all by default. */
  rows?: () => number;
  /** Nothing changes the tensor while the plan runs: it gets a texture of its own, and one copy serves the whole plan. */
  lasting?: boolean;
}
export type Amount = number | (() => number);

const resolve = <T>(value: T | (() => T)): T => (typeof value === 'function' ? (value as () => T)() : value);

/** A cache line more than a row takes: rows a power of two apart would share few sets of a processor's cache. */
const SPARE_TEXELS = 4;
/** A row that no copy reaches: it stays zero. */
const SPARE_ROWS = 1;

interface RecordedDispatch extends Dispatch {
  type: 'dispatch';
  /** Where each of `textures` is found. */
  textureKeys: ReadonlyMap<string, TextureKey>;
}
interface RecordedClear {
  type: 'clear';
  tensor: Tensor;
}
/** Copies an operand of the dispatches behind it into a texture. */
interface RecordedTexture extends TextureOperand {
  type: 'texture';
  key: TextureKey;
}
type Recorded = RecordedDispatch | RecordedClear | RecordedTexture;

/** Hears how many of a plan's commands are ready while its kernels compile. Some drivers go on with that in the first replay. */
export type OnCompile = (ready: number, of: number) => void;

export class Plan {
  readonly #gpu: Gpu;
  readonly #pool: ActivationPool;
  readonly #recorded: Recorded[] = [];
  readonly #activations = new Map<Tensor, { first: number; last: number }>();
  readonly #kept = new Set<Tensor>();
  readonly #uniforms = new Map<string, Tensor>();
  /** What each texture holds at this point of the recording. */
  readonly #held = new Map<TextureKey, Tensor>();
  #built = false;
  /** The variant of the linear kernels to use where it fits; undefined for the adapter's best. */
  linearVariant: 'plain' | 'tile' | 'workgroup' | 'subgroup8' | 'subgroup4' | 'texture8' | undefined;
  /** The same for the attention kernels. */
  attentionVariant: 'plain' | 'workgroup' | 'subgroup8' | 'texture8' | undefined;
  /** The same for LayerNorm and the sums over a batch's rows. */
  rowVariant: 'plain' | 'workgroup' | undefined;
  /** Rounds operands of linear layers to half precision where that is faster, for plans without gradients. */
  halfPrecision = false;

  /** @param pool memory for activations; plans that never run at the same time may share one. */
  constructor(gpu: Gpu, pool: ActivationPool = new ActivationPool(gpu)) {
    this.#gpu = gpu;
    this.#pool = pool;
  }

  /** The adapter, for operators that choose a kernel by it. */
  get adapter(): AdapterFacts {
    return this.#gpu.adapter;
  }

  /** Variants of kernels by operator and shape, where the adapter was tuned. */
  get tuned(): Choices {
    return this.#gpu.tuned;
  }

  readonly has = (feature: GPUFeatureName): boolean => this.#gpu.has(feature);

  /** Commands recorded so far. */
  get length(): number {
    return this.#recorded.length;
  }

  /** Largest piece of a buffer that a dispatch can bind, in bytes. */
  get maxBindingSize(): number {
    return this.#gpu.maxBindingSize;
  }

  /** Whether `tensor` [rows, columns] can be read as a texture: its rows of whole 256 bytes, neither side too long. */
  fitsTexture({ shape: [rows, columns] }: Tensor): boolean {
    const most = this.#gpu.limits.maxTextureDimension2D;
    return (
      this.adapter.readsTextures &&
      columns! % 64 === 0 &&
      columns! / TEXEL_FLOATS + SPARE_TEXELS <= most &&
      rows! + SPARE_ROWS <= most
    );
  }

  /** An activation: memory only from the first to the last dispatch that uses it. */
  tensor(label: string, shape: readonly number[]): Tensor {
    const tensor = new Tensor(label, shape);
    this.#activations.set(tensor, { first: Infinity, last: -1 });
    return tensor;
  }

  /** A uniform of whole numbers that never change; equal ones are one. */
  uniform(values: readonly number[]): Tensor {
    const key = values.join();
    let tensor = this.#uniforms.get(key);
    if (!tensor) {
      tensor = createUniform(this.#gpu, `sizes ${key}`, values.length);
      write(this.#gpu, tensor, Uint32Array.from(values));
      this.#uniforms.set(key, tensor);
    }
    return tensor;
  }

  /** Keeps an activation readable after the plan has run. */
  keep(tensor: Tensor): Tensor {
    this.#kept.add(tensor);
    return tensor;
  }

  dispatch(dispatch: Dispatch): void {
    const limit = this.#gpu.limits.maxComputeWorkgroupsPerDimension;
    const workgroups = resolve(dispatch.workgroups);
    if (workgroups.some((n) => n !== undefined && (n < 1 || n > limit || !Number.isInteger(n)))) {
      throw new Error(`${dispatch.kernel}: ${workgroups.join(' × ')} workgroups; each must be 1 to ${limit}`);
    }
    const textureKeys = new Map<string, TextureKey>();
    let slots = 0;
    for (const [name, operand] of Object.entries(dispatch.textures ?? {})) {
      const key = operand.lasting ? operand.tensor : slots++;
      textureKeys.set(name, key);
      this.#copy(key, operand);
    }
    for (const tensor of Object.values(dispatch.bindings)) {
      this.#fits(tensor);
      this.#use(tensor);
      this.#forget(tensor);
    }
    this.#recorded.push({ type: 'dispatch', ...dispatch, textureKeys });
  }

  /** Copies an operand into a texture, unless it lies there already. */
  #copy(key: TextureKey, operand: TextureOperand): void {
    if (this.#held.get(key) === operand.tensor) return;
    this.#use(operand.tensor);
    this.#recorded.push({ type: 'texture', key, ...operand });
    this.#held.set(key, operand.tensor);
  }

  /** A command may have written to the tensor: what a texture holds of it counts no longer. */
  #forget(tensor: Tensor): void {
    for (const [key, held] of this.#held) if (held === tensor && key !== tensor) this.#held.delete(key);
  }

  #fits(tensor: Tensor): void {
    if (tensor.byteLength <= this.maxBindingSize) return;
    const mend = this.#activations.has(tensor)
      ? 'A smaller batch makes it smaller: lower --per-device-train-batch-size or --max-seq-length, or --batch in predict.'
      : 'The model is too large for this adapter; another --adapter may take it.';
    throw new UserError(
      `"${tensor.label}" [${tensor.shape.join(', ')}] takes ${tensor.byteLength} bytes, and a kernel on ${this.adapter.name} ` +
        `can bind ${this.maxBindingSize} at once. ${mend}`,
    );
  }

  /** Fills a tensor with zeros. */
  clear(tensor: Tensor): void {
    this.#use(tensor);
    this.#forget(tensor);
    this.#recorded.push({ type: 'clear', tensor });
  }

  #use(tensor: Tensor): void {
    if (this.#built) throw new Error('a built plan takes no more dispatches');
    const lifetime = this.#activations.get(tensor);
    if (!lifetime) {
      if (!tensor.place) throw new Error(`${tensor.label} belongs to another plan`);
      return;
    }
    lifetime.first = Math.min(lifetime.first, this.#recorded.length);
    lifetime.last = Math.max(lifetime.last, this.#recorded.length);
  }

  /** Bytes that the pool will hold once this plan's activations have their place in it. */
  get plannedBytes(): number {
    return this.#pool.bytesWith(this.#lifetimes(), this.#textureSizes());
  }

  #lifetimes(): Lifetime[] {
    return [...this.#activations]
      .filter(([, { last }]) => last >= 0)
      .map(([tensor, { first, last }]) => ({ tensor, first, last: this.#kept.has(tensor) ? Infinity : last }));
  }

  /** Compiles pipelines (in parallel, each once), places activations and makes bind groups. */
  async build(onCompile?: OnCompile): Promise<BuiltPlan> {
    this.#built = true;
    const gpu = this.#gpu;
    this.#pool.place(this.#lifetimes());
    const textures = new Map([...this.#textureSizes()].map(([key, size]) => [key, this.#pool.texture(key, size)]));
    let ready = 0;
    const told = async (command: Promise<Command>) => {
      const built = await command;
      onCompile?.(++ready, this.length);
      return built;
    };
    onCompile?.(ready, this.length);
    const commands = this.#recorded.map(async (r) => {
      if (r.type === 'clear') return clearCommand(r);
      return r.type === 'texture' ? textureCommand(r, textures.get(r.key)!) : build(gpu, r, textures);
    });
    const built = await gpu.settled(Promise.all(commands.map(told)));
    gpu.check();
    const operations = this.#recorded.map((r): Operation => {
      if (r.type === 'clear') {
        return { kernel: 'clear', label: r.tensor.label, flops: () => 0, bytes: () => r.tensor.byteLength };
      }
      if (r.type === 'texture') {
        const { tensor, rows = () => tensor.shape[0]! } = r;
        return { kernel: 'copy', label: tensor.label, flops: () => 0, bytes: () => 8 * rows() * tensor.shape[1]! };
      }
      const { kernel, label = kernel, flops = 0, bytes = 0 } = r;
      return { kernel, label, flops: () => resolve(flops), bytes: () => resolve(bytes) };
    });
    return new BuiltPlan(built, operations);
  }

  /** Of each texture that operands are copied into: texels enough for the largest of them. */
  #textureSizes(): ReadonlyMap<TextureKey, TextureSize> {
    const sizes = new Map<TextureKey, TextureSize>();
    for (const r of this.#recorded) {
      if (r.type !== 'texture') continue;
      const [rows, columns] = r.tensor.shape as [number, number];
      const { width, height } = sizes.get(r.key) ?? { width: 0, height: 0 };
      sizes.set(r.key, {
        width: Math.max(width, columns / TEXEL_FLOATS + SPARE_TEXELS),
        height: Math.max(height, rows + SPARE_ROWS),
      });
    }
    return sizes;
  }
}

function clearCommand({ tensor }: RecordedClear): Command {
  const { buffer, offset } = placeOf(tensor);
  return { type: 'clear', buffer, offset, size: tensor.byteLength };
}

function textureCommand({ tensor, rows = () => tensor.shape[0]! }: RecordedTexture, texture: GPUTexture): Command {
  const columns = tensor.shape[1]!;
  const source = { ...placeOf(tensor), bytesPerRow: 4 * columns };
  return { type: 'texture', source, texture, width: columns / TEXEL_FLOATS, rows };
}

async function build(gpu: Gpu, d: RecordedDispatch, textures: ReadonlyMap<TextureKey, GPUTexture>): Promise<Command> {
  const source = await gpu.loadShader(d.kernel);
  const code = d.sizes ? specialize(source, d.sizes) : source;
  const declared = bindingsOf(code);
  const pipeline = await gpu.pipeline(d.kernel, code, d.entryPoint ?? 'main', d.constants ?? {});
  const find = (name: string) => {
    const binding = declared.get(name);
    if (!binding)
      throw new Error(`${d.kernel}.wgsl has no binding "${name}"; it has ${[...declared.keys()].join(', ')}`);
    return binding;
  };
  const entries = Object.entries(d.bindings).map(([name, tensor]): GPUBindGroupEntry => {
    const binding = find(name);
    const { buffer, offset } = placeOf(tensor);
    const size = binding.access === 'uniform' ? Math.max(16, tensor.byteLength) : tensor.byteLength;
    return { binding: binding.binding, resource: { buffer, offset, size } };
  });
  for (const [name, key] of d.textureKeys) {
    entries.push({ binding: find(name).binding, resource: textures.get(key)!.createView() });
  }
  const bindGroup = gpu.device.createBindGroup({
    label: d.label ?? d.kernel,
    layout: pipeline.getBindGroupLayout(0),
    entries,
  });
  return { type: 'dispatch', pipeline, bindGroup, workgroups: () => resolve(d.workgroups) };
}
