/** A device opened for compute, with what the rest needs to know of its adapter. */
import { UserError } from '../errors.ts';
import type { Choices, TuningOptions } from './tuning.ts';

/** `gpu`: hardware. `cpu`: a software driver installed on the system. `bundled`: the software driver that npm installs. */
export type AdapterKind = 'gpu' | 'cpu' | 'bundled';

export interface AdapterFacts {
  kind: AdapterKind;
  /** Name for people, such as "llvmpipe (Mesa 25.0.7)". */
  name: string;
  vendor: string;
  architecture: string;
  driver: string;
  /** Invocations in a subgroup; 0 where the adapter does not say. */
  subgroupSize: number;
  /** Whether shaders may read storage textures of four 32-bit floats. */
  readsTextures: boolean;
}

export interface GpuOptions {
  /** Set false to leave out optional features (subgroups, f16, timestamps), as the tests of plain kernels do. */
  features?: boolean;
  /** Largest storage binding in bytes; smaller than the adapter's for tests. */
  maxBindingSize?: number;
  /**
   * Tags with operands of linear layers rounded to half precision (11 bits) on GPUs that have `shader-f16`; sums stay in single
   * precision. Training is not changed by it.
   */
  halfPrecision?: boolean;
  /** Times kernels that come in variants, where their fastest isn't known beforehand; without it, the usual ones are taken. */
  tuning?: TuningOptions | undefined;
}

/** Whether an adapter is a program for the processor, whatever the runtime says of it. */
export const isSoftware = (adapter: GPUAdapter): boolean =>
  adapter.info.isFallbackAdapter ||
  /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${adapter.info.architecture} ${adapter.info.description}`);

const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'subgroups', 'shader-f16'];

const COMPUTE_STAGE = 0x4; // GPUShaderStage.COMPUTE, whose global Node lacks

/** Newer than the first WebGPU, and no feature of the adapter: tried out. */
async function readsTextures(device: GPUDevice): Promise<boolean> {
  const storageTexture = { access: 'read-only', format: 'rgba32float' } as const;
  let thrown: unknown;
  device.pushErrorScope('validation');
  try {
    device.createBindGroupLayout({ entries: [{ binding: 0, visibility: COMPUTE_STAGE, storageTexture }] });
  } catch (error) {
    thrown = error; // an implementation that does not know the word throws
  }
  const refused = await device.popErrorScope();
  return !thrown && !refused;
}

export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterFacts;
  /** Reads the text of `shaders/<name>.wgsl`. */
  readonly loadShader: (name: string) => Promise<string>;
  /** Largest piece of a buffer that a dispatch can bind, in bytes. */
  readonly maxBindingSize: number;
  /** Variants of kernels that timing found fastest here, by operator and shape; others take the adapter's usual one. */
  tuned: Choices = new Map();
  /** Whether plans without gradients may round operands to half precision. */
  halfPrecision = false;
  /** How plans that are recorded from now on are tuned; undefined for not at all. */
  tuning: TuningOptions | undefined;
  /** Bytes of all tensors and activations made so far. */
  allocatedBytes = 0;
  /** Gives the processor away for so long; set where the bindings keep a core busy as long as a promise of theirs is pending. */
  rest: ((milliseconds: number) => Promise<void>) | undefined;
  #failure: UserError | undefined;
  #closed = false;
  #release: () => void;
  readonly #modules = new Map<string, Promise<GPUShaderModule>>();
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();

  private constructor(
    device: GPUDevice,
    adapter: AdapterFacts,
    loadShader: (name: string) => Promise<string>,
    maxBindingSize: number,
    release: () => void,
  ) {
    this.device = device;
    this.maxBindingSize = Math.min(maxBindingSize, device.limits.maxStorageBufferBindingSize);
    this.adapter = adapter;
    this.loadShader = loadShader;
    this.#release = release;
    device.addEventListener('uncapturederror', (event) => {
      const what =
        event.error.constructor.name === 'GPUOutOfMemoryError' ? 'has not the memory for it' : 'refused a command';
      const mend = what.startsWith('has') ? ' A smaller batch takes less; in training, so does --recompute on.' : '';
      this.#failure ??= new UserError(`the adapter ${adapter.name} ${what}: ${event.error.message}${mend}`);
    });
    void device.lost.then((info) => {
      if (this.#closed) return;
      this.#failure ??= new UserError(
        `the adapter ${adapter.name} was lost (${info.message || info.reason}). A driver's watchdog, a sleeping machine or ` +
          `too little memory does this; resume the run with --resume, with a smaller batch or on another --adapter.`,
      );
    });
  }

  /**
   * Opens a device on `adapter` with its largest storage limits.
   * @param release is called after the device is destroyed, to drop what keeps the adapter's instance alive.
   * @throws UserError where the adapter gives no device.
   */
  static async open(
    adapter: GPUAdapter,
    kind: AdapterKind,
    loadShader: (name: string) => Promise<string>,
    options: GpuOptions = {},
    release: () => void = () => {},
  ): Promise<Gpu> {
    const info = adapter.info;
    // Browsers tell pages no more than vendor and architecture, such as "nvidia ampere".
    const name = info.description || info.device || `${info.vendor} ${info.architecture}`.trim() || 'unnamed adapter';
    if (options.halfPrecision && !adapter.features.has('shader-f16')) {
      throw new UserError(`the adapter ${name} has no half precision (shader-f16): leave out --half-precision.`);
    }
    const features = options.features === false ? [] : OPTIONAL_FEATURES.filter((f) => adapter.features.has(f));
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({
        requiredFeatures: features,
        requiredLimits:
          options.features === false
            ? {}
            : {
                maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize,
                maxBufferSize: adapter.limits.maxBufferSize,
                maxComputeWorkgroupStorageSize: adapter.limits.maxComputeWorkgroupStorageSize,
                maxComputeInvocationsPerWorkgroup: adapter.limits.maxComputeInvocationsPerWorkgroup,
              },
      });
    } catch (error) {
      throw new UserError(`the adapter ${name} gives no device: ${error instanceof Error ? error.message : error}.`);
    }
    const facts: AdapterFacts = {
      kind,
      name,
      vendor: info.vendor,
      architecture: info.architecture,
      driver: info.description,
      subgroupSize: info.subgroupMinSize ?? 0,
      readsTextures: options.features !== false && (await readsTextures(device)),
    };
    const gpu = new Gpu(device, facts, loadShader, options.maxBindingSize ?? Infinity, release);
    gpu.tuning = options.tuning;
    gpu.halfPrecision = options.halfPrecision ?? false;
    return gpu;
  }

  get limits(): GPUSupportedLimits {
    return this.device.limits;
  }

  has(feature: GPUFeatureName): boolean {
    return this.device.features.has(feature);
  }

  /** Throws what went wrong on the device since it was opened, if anything did. Call it after each wait. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Awaits a promise of the device's, resting meanwhile. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let pending = this.rest !== undefined;
    const settle = () => {
      pending = false;
    };
    promise.then(settle, settle);
    // A turn takes the thread a tenth of a millisecond. The longer the wait, the fewer; none is late by more than a sixteenth of it.
    const began = performance.now();
    while (pending) await this.rest!(Math.min(8, Math.max(1, (performance.now() - began) / 16)));
    return promise;
  }

  /** The compiled module of a shader's source; each source is compiled once. */
  module(label: string, code: string): Promise<GPUShaderModule> {
    let module = this.#modules.get(code);
    if (!module) {
      module = this.#compile(label, code);
      this.#modules.set(code, module);
    }
    return module;
  }

  async #compile(label: string, code: string): Promise<GPUShaderModule> {
    const module = this.device.createShaderModule({ label, code });
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter((m) => m.type === 'error');
    if (errors.length > 0) {
      const lines = errors.map((m) => `${label}.wgsl:${m.lineNum}:${m.linePos}: ${m.message}`);
      throw new Error(`shader does not compile on ${this.adapter.name}:\n${lines.join('\n')}`);
    }
    return module;
  }

  /** The pipeline of an entry point with its override constants; each is made once. */
  pipeline(
    label: string,
    code: string,
    entryPoint: string,
    constants: Readonly<Record<string, number>>,
  ): Promise<GPUComputePipeline> {
    const key = JSON.stringify([code, entryPoint, constants]);
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = this.module(label, code).then((module) =>
        this.device.createComputePipelineAsync({
          label,
          layout: 'auto',
          compute: { module, entryPoint, constants: { ...constants } },
        }),
      );
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Destroys the device and lets go of the adapter. The program can then end by itself. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#modules.clear();
    this.#pipelines.clear();
    this.device.destroy();
    this.#release();
    this.#release = () => {};
  }
}
